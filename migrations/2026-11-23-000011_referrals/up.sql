-- Why: an order that the rules refer is decided by somebody with authority. What was released lets one
-- reservation through, once, for some days; which one it was has to be on record.

CREATE TABLE referrals (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    org_path text NOT NULL,
    product text NOT NULL REFERENCES products (code),
    reference text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    deposit_minor bigint NOT NULL,
    documents jsonb NOT NULL,
    reason text NOT NULL,
    rule_set_version integer NOT NULL,
    reasons jsonb NOT NULL,
    amount_max_minor bigint NOT NULL,
    valid_days integer NOT NULL,
    status text NOT NULL,
    requested_by text NOT NULL,
    case_id uuid NOT NULL,
    released_on date,
    valid_until date,
    reservation_id uuid,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    FOREIGN KEY (bucket, case_id) REFERENCES approval_cases (bucket, id),
    FOREIGN KEY (bucket, reservation_id) REFERENCES reservations (bucket, id),
    CONSTRAINT referrals_amount_range CHECK (amount_minor BETWEEN 1 AND 1000000000000000),
    CONSTRAINT referrals_deposit_range CHECK (deposit_minor BETWEEN 0 AND amount_minor),
    CONSTRAINT referrals_amount_max_range CHECK (amount_max_minor >= amount_minor),
    CONSTRAINT referrals_valid_days_range CHECK (valid_days BETWEEN 0 AND 366),
    CONSTRAINT referrals_status_known CHECK (status IN ('requested', 'released', 'rejected', 'withdrawn', 'used')),
    CONSTRAINT referrals_released_whole CHECK ((status IN ('released', 'used')) = (released_on IS NOT NULL) AND (released_on IS NULL) = (valid_until IS NULL)),
    CONSTRAINT referrals_used_once CHECK ((status = 'used') = (reservation_id IS NOT NULL))
);
COMMENT ON TABLE referrals IS 'Orders that the rules referred to somebody with authority, and what came of them.';
COMMENT ON COLUMN referrals.bucket IS 'Home of the customer.';
COMMENT ON COLUMN referrals.id IS 'Identifier.';
COMMENT ON COLUMN referrals.customer_id IS 'Customer.';
COMMENT ON COLUMN referrals.org_path IS 'Organisation of the customer.';
COMMENT ON COLUMN referrals.product IS 'Product.';
COMMENT ON COLUMN referrals.reference IS 'The caller''s own reference of the order.';
COMMENT ON COLUMN referrals.amount_minor IS 'Amount that was asked for, minor units.';
COMMENT ON COLUMN referrals.currency IS 'ISO 4217 currency.';
COMMENT ON COLUMN referrals.deposit_minor IS 'Cash deposit for it, minor units.';
COMMENT ON COLUMN referrals.documents IS 'Types of documents the order carries.';
COMMENT ON COLUMN referrals.reason IS 'Why it should be let through.';
COMMENT ON COLUMN referrals.rule_set_version IS 'Version of the rules that referred it.';
COMMENT ON COLUMN referrals.reasons IS 'What was referred, with its numbers.';
COMMENT ON COLUMN referrals.amount_max_minor IS 'Largest amount a release lets through, minor units.';
COMMENT ON COLUMN referrals.valid_days IS 'Days after its release on which it may be used.';
COMMENT ON COLUMN referrals.status IS 'requested, then released, rejected or withdrawn; used once a reservation has passed by it.';
COMMENT ON COLUMN referrals.requested_by IS 'Principal who asked.';
COMMENT ON COLUMN referrals.case_id IS 'Its approval case.';
COMMENT ON COLUMN referrals.released_on IS 'Day of the release.';
COMMENT ON COLUMN referrals.valid_until IS 'Last day on which the release may be used.';
COMMENT ON COLUMN referrals.reservation_id IS 'The reservation that used the release up.';
COMMENT ON COLUMN referrals.version IS 'Counts changes.';
COMMENT ON COLUMN referrals.created_at IS 'Instant of the request.';
COMMENT ON COLUMN referrals.updated_at IS 'Instant of the latest change.';

CREATE INDEX referrals_customer ON referrals (bucket, customer_id, id);
CREATE INDEX referrals_org ON referrals (org_path text_pattern_ops, id);
CREATE INDEX referrals_released ON referrals (bucket, customer_id, reference) WHERE status = 'released';

GRANT SELECT, INSERT, UPDATE ON referrals TO shouxin_service;
