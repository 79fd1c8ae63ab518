-- Why: exposure is written down twice, once as the state of a reservation, receivable or payment
-- and once as immutable movements on every line it touches, so that each can prove the other.

CREATE TABLE reservations (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    org_path text NOT NULL,
    product text NOT NULL REFERENCES products (code),
    reference text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    captured_minor bigint NOT NULL,
    released_minor bigint NOT NULL,
    expired_minor bigint NOT NULL,
    status text NOT NULL,
    expires_at timestamptz NOT NULL,
    product_line_id uuid NOT NULL,
    customer_line_id uuid,
    group_line_id uuid,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    FOREIGN KEY (bucket, product_line_id) REFERENCES credit_lines (bucket, id),
    FOREIGN KEY (bucket, customer_line_id) REFERENCES credit_lines (bucket, id),
    CONSTRAINT reservations_amount_range CHECK (amount_minor BETWEEN 1 AND 1000000000000000),
    CONSTRAINT reservations_parts_not_negative CHECK (captured_minor >= 0 AND released_minor >= 0 AND expired_minor >= 0),
    CONSTRAINT reservations_parts_within_amount CHECK (captured_minor + released_minor + expired_minor <= amount_minor),
    CONSTRAINT reservations_status_known CHECK (status IN ('held', 'captured', 'released', 'expired')),
    CONSTRAINT reservations_held_while_rest CHECK ((status = 'held') = (captured_minor + released_minor + expired_minor < amount_minor))
);
COMMENT ON TABLE reservations IS 'Limit set aside for an order until it is captured, released or expires.';
COMMENT ON COLUMN reservations.bucket IS 'Home of the customer.';
COMMENT ON COLUMN reservations.id IS 'Identifier.';
COMMENT ON COLUMN reservations.customer_id IS 'Customer.';
COMMENT ON COLUMN reservations.org_path IS 'Organisation of the customer.';
COMMENT ON COLUMN reservations.product IS 'Product drawn on.';
COMMENT ON COLUMN reservations.reference IS 'The caller''s own reference.';
COMMENT ON COLUMN reservations.amount_minor IS 'Amount set aside, minor units.';
COMMENT ON COLUMN reservations.currency IS 'ISO 4217 currency.';
COMMENT ON COLUMN reservations.captured_minor IS 'Turned into receivables so far.';
COMMENT ON COLUMN reservations.released_minor IS 'Given back so far.';
COMMENT ON COLUMN reservations.expired_minor IS 'Given back by expiry.';
COMMENT ON COLUMN reservations.status IS 'held while anything is left, then how the rest was resolved.';
COMMENT ON COLUMN reservations.expires_at IS 'Instant from which the rest counts as given back.';
COMMENT ON COLUMN reservations.product_line_id IS 'Line at product level.';
COMMENT ON COLUMN reservations.customer_line_id IS 'Unified line of the customer, if one existed.';
COMMENT ON COLUMN reservations.group_line_id IS 'Line of the group, if one existed.';
COMMENT ON COLUMN reservations.version IS 'Counts changes.';
COMMENT ON COLUMN reservations.created_at IS 'Instant of creation.';
COMMENT ON COLUMN reservations.updated_at IS 'Instant of the latest change.';

CREATE INDEX reservations_customer ON reservations (bucket, customer_id, id);
CREATE INDEX reservations_org ON reservations (org_path text_pattern_ops, id);
CREATE INDEX reservations_due ON reservations (expires_at) WHERE status = 'held';
CREATE INDEX reservations_open_product_line ON reservations (product_line_id, expires_at) WHERE status = 'held';
CREATE INDEX reservations_open_customer_line ON reservations (customer_line_id, expires_at) WHERE status = 'held' AND customer_line_id IS NOT NULL;
CREATE INDEX reservations_open_group_line ON reservations (group_line_id, expires_at) WHERE status = 'held' AND group_line_id IS NOT NULL;

CREATE TABLE receivables (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    org_path text NOT NULL,
    number text NOT NULL,
    product text NOT NULL REFERENCES products (code),
    amount_minor bigint NOT NULL,
    outstanding_minor bigint NOT NULL,
    currency text NOT NULL,
    issued_on date NOT NULL,
    payment_term_days integer NOT NULL,
    due_on date NOT NULL,
    disputed_on date,
    dispute_reason text,
    over_limit boolean NOT NULL,
    reservation_id uuid,
    product_line_id uuid,
    customer_line_id uuid,
    group_line_id uuid,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    FOREIGN KEY (bucket, reservation_id) REFERENCES reservations (bucket, id),
    FOREIGN KEY (bucket, product_line_id) REFERENCES credit_lines (bucket, id),
    FOREIGN KEY (bucket, customer_line_id) REFERENCES credit_lines (bucket, id),
    CONSTRAINT receivables_number_unique UNIQUE (bucket, customer_id, number),
    CONSTRAINT receivables_amount_range CHECK (amount_minor BETWEEN 1 AND 1000000000000000),
    CONSTRAINT receivables_outstanding_range CHECK (outstanding_minor BETWEEN 0 AND amount_minor),
    CONSTRAINT receivables_term_range CHECK (payment_term_days BETWEEN 0 AND 3650),
    CONSTRAINT receivables_due_follows_term CHECK (due_on = issued_on + payment_term_days)
);
COMMENT ON TABLE receivables IS 'Goods handed over before full payment; counted until paid in full.';
COMMENT ON COLUMN receivables.bucket IS 'Home of the customer.';
COMMENT ON COLUMN receivables.id IS 'Identifier.';
COMMENT ON COLUMN receivables.customer_id IS 'Customer.';
COMMENT ON COLUMN receivables.org_path IS 'Organisation of the customer.';
COMMENT ON COLUMN receivables.number IS 'Number by which the company knows it, unique per customer.';
COMMENT ON COLUMN receivables.product IS 'Product drawn on.';
COMMENT ON COLUMN receivables.amount_minor IS 'Amount, minor units.';
COMMENT ON COLUMN receivables.outstanding_minor IS 'What is still owed: the amount less all allocations.';
COMMENT ON COLUMN receivables.currency IS 'ISO 4217 currency.';
COMMENT ON COLUMN receivables.issued_on IS 'Day the term starts.';
COMMENT ON COLUMN receivables.payment_term_days IS 'Term in calendar days.';
COMMENT ON COLUMN receivables.due_on IS 'issued_on plus the term; holidays never excuse lateness (P02).';
COMMENT ON COLUMN receivables.disputed_on IS 'Day from which the customer disputes it.';
COMMENT ON COLUMN receivables.dispute_reason IS 'Why.';
COMMENT ON COLUMN receivables.over_limit IS 'Posted as a fact although it was over the limit or had no usable line.';
COMMENT ON COLUMN receivables.reservation_id IS 'Reservation it was captured from.';
COMMENT ON COLUMN receivables.product_line_id IS 'Line at product level, if one existed.';
COMMENT ON COLUMN receivables.customer_line_id IS 'Unified line of the customer, if one existed.';
COMMENT ON COLUMN receivables.group_line_id IS 'Line of the group, if one existed.';
COMMENT ON COLUMN receivables.version IS 'Counts changes.';
COMMENT ON COLUMN receivables.created_at IS 'Instant of recording.';
COMMENT ON COLUMN receivables.updated_at IS 'Instant of the latest change.';

CREATE INDEX receivables_open ON receivables (bucket, customer_id, due_on, id) WHERE outstanding_minor > 0;
CREATE INDEX receivables_org ON receivables (org_path text_pattern_ops, id);
CREATE INDEX receivables_number ON receivables (number);
CREATE INDEX receivables_reservation ON receivables (bucket, reservation_id) WHERE reservation_id IS NOT NULL;

CREATE TABLE payments (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    org_path text NOT NULL,
    amount_minor bigint NOT NULL,
    unapplied_minor bigint NOT NULL,
    currency text NOT NULL,
    received_on date NOT NULL,
    reference text NOT NULL,
    status text NOT NULL,
    reversed_on date,
    reversal_reason text,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    CONSTRAINT payments_amount_range CHECK (amount_minor BETWEEN 1 AND 1000000000000000),
    CONSTRAINT payments_unapplied_range CHECK (unapplied_minor BETWEEN 0 AND amount_minor),
    CONSTRAINT payments_status_known CHECK (status IN ('posted', 'reversed')),
    CONSTRAINT payments_reversed_whole CHECK ((status = 'reversed') = (reversed_on IS NOT NULL) AND (status = 'posted' OR unapplied_minor = 0))
);
COMMENT ON TABLE payments IS 'Money received from a customer.';
COMMENT ON COLUMN payments.bucket IS 'Home of the customer.';
COMMENT ON COLUMN payments.id IS 'Identifier.';
COMMENT ON COLUMN payments.customer_id IS 'Customer.';
COMMENT ON COLUMN payments.org_path IS 'Organisation of the customer.';
COMMENT ON COLUMN payments.amount_minor IS 'Amount, minor units.';
COMMENT ON COLUMN payments.unapplied_minor IS 'Part not allocated to any receivable; 0 once reversed.';
COMMENT ON COLUMN payments.currency IS 'ISO 4217 currency.';
COMMENT ON COLUMN payments.received_on IS 'Day the money arrived.';
COMMENT ON COLUMN payments.reference IS 'Bank reference or the caller''s own.';
COMMENT ON COLUMN payments.status IS 'posted, or reversed when it bounced.';
COMMENT ON COLUMN payments.reversed_on IS 'Day of the reversal.';
COMMENT ON COLUMN payments.reversal_reason IS 'Why it was reversed.';
COMMENT ON COLUMN payments.version IS 'Counts changes.';
COMMENT ON COLUMN payments.created_at IS 'Instant of recording.';
COMMENT ON COLUMN payments.updated_at IS 'Instant of the latest change.';

CREATE INDEX payments_customer ON payments (bucket, customer_id, id);
CREATE INDEX payments_org ON payments (org_path text_pattern_ops, id);

CREATE TABLE payment_allocations (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    payment_id uuid NOT NULL,
    receivable_id uuid NOT NULL,
    amount_minor bigint NOT NULL,
    business_date date NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, payment_id) REFERENCES payments (bucket, id),
    FOREIGN KEY (bucket, receivable_id) REFERENCES receivables (bucket, id),
    CONSTRAINT payment_allocations_not_zero CHECK (amount_minor <> 0)
);
COMMENT ON TABLE payment_allocations IS 'Parts of payments set against receivables; a reversal is a new row with the opposite sign. Append-only.';
COMMENT ON COLUMN payment_allocations.bucket IS 'Home of the customer.';
COMMENT ON COLUMN payment_allocations.id IS 'Identifier.';
COMMENT ON COLUMN payment_allocations.payment_id IS 'The payment.';
COMMENT ON COLUMN payment_allocations.receivable_id IS 'The receivable.';
COMMENT ON COLUMN payment_allocations.amount_minor IS 'Minor units; negative takes an allocation back.';
COMMENT ON COLUMN payment_allocations.business_date IS 'Day from which it counts.';
COMMENT ON COLUMN payment_allocations.recorded_at IS 'Instant of recording.';

CREATE INDEX payment_allocations_payment ON payment_allocations (bucket, payment_id);
CREATE INDEX payment_allocations_receivable ON payment_allocations (bucket, receivable_id);

CREATE TABLE credit_movements (
    bucket smallint NOT NULL,
    line_id uuid NOT NULL,
    movement_number bigint NOT NULL,
    kind text NOT NULL,
    held_delta_minor bigint NOT NULL,
    drawn_delta_minor bigint NOT NULL,
    consumed_delta_minor bigint NOT NULL,
    held_after_minor bigint NOT NULL,
    drawn_after_minor bigint NOT NULL,
    consumed_after_minor bigint NOT NULL,
    limit_minor bigint,
    within_limit boolean NOT NULL,
    customer_id uuid NOT NULL,
    reservation_id uuid,
    receivable_id uuid,
    payment_id uuid,
    business_date date NOT NULL,
    recorded_at timestamptz NOT NULL,
    principal text NOT NULL,
    PRIMARY KEY (bucket, line_id, movement_number),
    FOREIGN KEY (bucket, line_id) REFERENCES credit_lines (bucket, id),
    CONSTRAINT credit_movements_kind_known CHECK (kind IN ('reserve', 'capture', 'release', 'expire', 'draw', 'repay', 'reverse_repayment', 'join_group', 'leave_group', 'adopt')),
    CONSTRAINT credit_movements_number_positive CHECK (movement_number >= 1),
    CONSTRAINT credit_movements_not_negative CHECK (held_after_minor >= 0 AND drawn_after_minor >= 0 AND consumed_after_minor >= 0),
    CONSTRAINT credit_movements_within_limit CHECK (NOT within_limit OR limit_minor IS NULL OR held_after_minor + drawn_after_minor + consumed_after_minor <= limit_minor)
);
COMMENT ON TABLE credit_movements IS 'The ledger: every change of every balance of every line. Append-only.';
COMMENT ON COLUMN credit_movements.bucket IS 'Home of the line.';
COMMENT ON COLUMN credit_movements.line_id IS 'The line.';
COMMENT ON COLUMN credit_movements.movement_number IS '1, 2, 3 … per line without gaps, so that a missing row shows.';
COMMENT ON COLUMN credit_movements.kind IS 'What happened.';
COMMENT ON COLUMN credit_movements.held_delta_minor IS 'Change of held.';
COMMENT ON COLUMN credit_movements.drawn_delta_minor IS 'Change of drawn.';
COMMENT ON COLUMN credit_movements.consumed_delta_minor IS 'Change of consumed.';
COMMENT ON COLUMN credit_movements.held_after_minor IS 'Held after the movement.';
COMMENT ON COLUMN credit_movements.drawn_after_minor IS 'Drawn after the movement.';
COMMENT ON COLUMN credit_movements.consumed_after_minor IS 'Consumed after the movement.';
COMMENT ON COLUMN credit_movements.limit_minor IS 'Limit at that moment; empty where it was not an amount.';
COMMENT ON COLUMN credit_movements.within_limit IS 'Whether the limit had to hold: true for decisions, false for facts.';
COMMENT ON COLUMN credit_movements.customer_id IS 'Customer whose business moved it.';
COMMENT ON COLUMN credit_movements.reservation_id IS 'Reservation behind it.';
COMMENT ON COLUMN credit_movements.receivable_id IS 'Receivable behind it.';
COMMENT ON COLUMN credit_movements.payment_id IS 'Payment behind it.';
COMMENT ON COLUMN credit_movements.business_date IS 'Business date of the movement.';
COMMENT ON COLUMN credit_movements.recorded_at IS 'Instant of recording.';
COMMENT ON COLUMN credit_movements.principal IS 'Who caused it.';

CREATE INDEX credit_movements_as_of ON credit_movements (bucket, line_id, recorded_at);

CREATE TRIGGER credit_movements_append_only BEFORE UPDATE OR DELETE ON credit_movements
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER credit_movements_no_truncate BEFORE TRUNCATE ON credit_movements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payment_allocations_append_only BEFORE UPDATE OR DELETE ON payment_allocations
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payment_allocations_no_truncate BEFORE TRUNCATE ON payment_allocations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT, UPDATE ON reservations, receivables, payments TO shouxin_service;
GRANT SELECT, INSERT ON payment_allocations, credit_movements TO shouxin_service;
