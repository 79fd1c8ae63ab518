-- Why: what loosens is decided by somebody else than who asks for it. A change of a fact, of a setting
-- or of a document waits as a row of its own until its approval case is decided; what came of it keeps
-- who stood behind it besides who made it. Rates that are on file already count as stood behind.

CREATE TABLE pending_changes (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    customer_id uuid,
    org_path text NOT NULL,
    payload jsonb NOT NULL,
    seen jsonb NOT NULL,
    evidence text,
    status text NOT NULL,
    proposed_by text NOT NULL,
    case_id uuid NOT NULL,
    result text,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    FOREIGN KEY (bucket, case_id) REFERENCES approval_cases (bucket, id),
    CONSTRAINT pending_changes_kind_known CHECK (kind IN ('authority_rules', 'credit_policy', 'check_rule_set', 'product', 'company_figure', 'exchange_rates', 'customer_score', 'expected_sales', 'customer', 'dunning_level', 'restriction_end')),
    CONSTRAINT pending_changes_status_known CHECK (status IN ('waiting', 'carried_out', 'rejected', 'withdrawn')),
    CONSTRAINT pending_changes_result_when_carried_out CHECK ((status = 'carried_out') = (result IS NOT NULL))
);
COMMENT ON TABLE pending_changes IS 'Changes that loosen and wait for a second person: what was asked for, in view of what, and what came of it.';
COMMENT ON COLUMN pending_changes.bucket IS 'Home of the customer, or a home of its own.';
COMMENT ON COLUMN pending_changes.id IS 'Identifier.';
COMMENT ON COLUMN pending_changes.kind IS 'What is changed, such as credit_policy or customer_score.';
COMMENT ON COLUMN pending_changes.subject IS 'The thing that is changed, as noun/id.';
COMMENT ON COLUMN pending_changes.customer_id IS 'Customer it is about, where it is about one.';
COMMENT ON COLUMN pending_changes.org_path IS 'Organisation that may read it.';
COMMENT ON COLUMN pending_changes.payload IS 'What was asked for, as the use case takes it; never classified values.';
COMMENT ON COLUMN pending_changes.seen IS 'What it was asked in view of; it is carried out only while that is so.';
COMMENT ON COLUMN pending_changes.evidence IS 'What shows it.';
COMMENT ON COLUMN pending_changes.status IS 'waiting, then carried_out, rejected or withdrawn.';
COMMENT ON COLUMN pending_changes.proposed_by IS 'Principal who asked.';
COMMENT ON COLUMN pending_changes.case_id IS 'Its approval case.';
COMMENT ON COLUMN pending_changes.result IS 'What came of it, as noun/id.';
COMMENT ON COLUMN pending_changes.version IS 'Counts changes.';
COMMENT ON COLUMN pending_changes.created_at IS 'Instant of the proposal.';
COMMENT ON COLUMN pending_changes.updated_at IS 'Instant of the latest change.';

CREATE INDEX pending_changes_org ON pending_changes (org_path text_pattern_ops, id);
CREATE INDEX pending_changes_customer ON pending_changes (bucket, customer_id, kind, id) WHERE customer_id IS NOT NULL;
CREATE UNIQUE INDEX pending_changes_one_waiting ON pending_changes (bucket, kind, subject) WHERE status = 'waiting' AND customer_id IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON pending_changes TO shouxin_service;

ALTER TABLE authority_rule_sets ADD COLUMN confirmed_by text;
ALTER TABLE check_rule_sets ADD COLUMN confirmed_by text;
ALTER TABLE company_figures ADD COLUMN confirmed_by text;
ALTER TABLE credit_policies ADD COLUMN confirmed_by text;
ALTER TABLE customer_dunning_levels ADD COLUMN confirmed_by text;
ALTER TABLE customer_restriction_ends ADD COLUMN confirmed_by text;
ALTER TABLE customer_scores ADD COLUMN confirmed_by text;
ALTER TABLE exchange_rates
    ADD COLUMN confirmed_by text DEFAULT 'migration',
    ADD COLUMN corrects bigint;
ALTER TABLE exchange_rates ALTER COLUMN confirmed_by DROP DEFAULT;
COMMENT ON COLUMN authority_rule_sets.confirmed_by IS 'Principal who confirmed it; empty where it was published before anybody had to.';
COMMENT ON COLUMN check_rule_sets.confirmed_by IS 'Principal who confirmed it; empty where it was published before anybody had to.';
COMMENT ON COLUMN company_figures.confirmed_by IS 'Principal who confirmed it; empty where it was recorded before anybody had to.';
COMMENT ON COLUMN credit_policies.confirmed_by IS 'Principal who confirmed it; empty where it was published before anybody had to.';
COMMENT ON COLUMN customer_dunning_levels.confirmed_by IS 'Principal who confirmed it; empty where nobody had to.';
COMMENT ON COLUMN customer_restriction_ends.confirmed_by IS 'Principal who confirmed it; empty where it was ended before anybody had to.';
COMMENT ON COLUMN customer_scores.confirmed_by IS 'Principal who confirmed it; empty where nobody had to.';
COMMENT ON COLUMN exchange_rates.confirmed_by IS 'Principal who confirmed it; empty where nobody had to.';
COMMENT ON COLUMN exchange_rates.corrects IS 'Number of the rate of the same pair and day that it takes the place of.';
