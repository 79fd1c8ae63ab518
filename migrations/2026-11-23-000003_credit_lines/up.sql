-- Why: the product catalogue, the one approvals mechanism, credit applications decided by it,
-- and the lines they open. Balances on a line are maintained in the transaction of the movement
-- and repeated by CHECK constraints on both the line and the movement.

CREATE TABLE products (
    code text PRIMARY KEY,
    name_en text NOT NULL,
    name_zh text NOT NULL,
    kind text NOT NULL,
    exposure_treatment text NOT NULL,
    default_payment_term_days integer NOT NULL,
    active boolean NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT products_code_shape CHECK (code ~ '^[a-z][a-z0-9_]{0,39}$'),
    CONSTRAINT products_kind_known CHECK (kind IN ('receivable', 'prepayment', 'tax_advance', 'loan', 'trade_finance', 'bill_acceptance', 'guarantee', 'letter_of_credit')),
    CONSTRAINT products_treatment_known CHECK (exposure_treatment IN ('gross', 'net_of_deposit')),
    CONSTRAINT products_term_range CHECK (default_payment_term_days BETWEEN 0 AND 3650)
);
COMMENT ON TABLE products IS 'Catalogue of credit products (policies P02, P12). Reference data.';
COMMENT ON COLUMN products.code IS 'Code used in requests.';
COMMENT ON COLUMN products.name_en IS 'Name in English.';
COMMENT ON COLUMN products.name_zh IS 'Name in Chinese.';
COMMENT ON COLUMN products.kind IS 'What kind of business draws on it.';
COMMENT ON COLUMN products.exposure_treatment IS 'gross: deposits never reduce exposure; net_of_deposit: cash deposits do.';
COMMENT ON COLUMN products.default_payment_term_days IS 'Payment term where nothing else is agreed, calendar days.';
COMMENT ON COLUMN products.active IS 'Whether new applications may name it.';
COMMENT ON COLUMN products.version IS 'Counts changes.';
COMMENT ON COLUMN products.created_at IS 'Instant of creation.';
COMMENT ON COLUMN products.updated_at IS 'Instant of the latest change.';

CREATE TABLE approval_cases (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    org_path text NOT NULL,
    requested_by text NOT NULL,
    status text NOT NULL,
    version bigint NOT NULL,
    requested_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (bucket, id),
    CONSTRAINT approval_cases_status_known CHECK (status IN ('pending', 'approved', 'rejected', 'withdrawn')),
    CONSTRAINT approval_cases_closed_when_done CHECK ((status = 'pending') = (closed_at IS NULL))
);
COMMENT ON TABLE approval_cases IS 'One request for approval of some kind about some subject; knows nothing about what is approved.';
COMMENT ON COLUMN approval_cases.bucket IS 'Home of the subject.';
COMMENT ON COLUMN approval_cases.id IS 'Identifier.';
COMMENT ON COLUMN approval_cases.kind IS 'Kind of request, such as credit_application.';
COMMENT ON COLUMN approval_cases.subject IS 'What is to be approved, as kind/id.';
COMMENT ON COLUMN approval_cases.org_path IS 'Organisation the case belongs to.';
COMMENT ON COLUMN approval_cases.requested_by IS 'Principal who asked; never decides.';
COMMENT ON COLUMN approval_cases.status IS 'pending, approved, rejected or withdrawn.';
COMMENT ON COLUMN approval_cases.version IS 'Counts changes.';
COMMENT ON COLUMN approval_cases.requested_at IS 'Instant of submission.';
COMMENT ON COLUMN approval_cases.closed_at IS 'Instant of the last decision or the withdrawal.';

CREATE INDEX approval_cases_waiting ON approval_cases (org_path text_pattern_ops, id) WHERE status = 'pending';

CREATE TABLE approval_steps (
    bucket smallint NOT NULL,
    case_id uuid NOT NULL,
    step_number smallint NOT NULL,
    required_scope text NOT NULL,
    org_path text NOT NULL,
    status text NOT NULL,
    PRIMARY KEY (bucket, case_id, step_number),
    FOREIGN KEY (bucket, case_id) REFERENCES approval_cases (bucket, id),
    CONSTRAINT approval_steps_status_known CHECK (status IN ('pending', 'approved', 'rejected'))
);
COMMENT ON TABLE approval_steps IS 'The steps of a case, fixed when it was submitted.';
COMMENT ON COLUMN approval_steps.bucket IS 'Home of the case.';
COMMENT ON COLUMN approval_steps.case_id IS 'The case.';
COMMENT ON COLUMN approval_steps.step_number IS 'Order, from 1.';
COMMENT ON COLUMN approval_steps.required_scope IS 'Scope that may decide the step.';
COMMENT ON COLUMN approval_steps.org_path IS 'Organisation the decider must stand at or above.';
COMMENT ON COLUMN approval_steps.status IS 'pending, approved or rejected.';

CREATE TABLE approval_decisions (
    bucket smallint NOT NULL,
    case_id uuid NOT NULL,
    step_number smallint NOT NULL,
    decision text NOT NULL,
    decided_by text NOT NULL,
    comment text NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, case_id, step_number),
    FOREIGN KEY (bucket, case_id, step_number) REFERENCES approval_steps (bucket, case_id, step_number),
    CONSTRAINT approval_decisions_one_each UNIQUE (bucket, case_id, decided_by),
    CONSTRAINT approval_decisions_known CHECK (decision IN ('approved', 'rejected'))
);
COMMENT ON TABLE approval_decisions IS 'Every decision on every step, with who, when and why. Append-only.';
COMMENT ON COLUMN approval_decisions.bucket IS 'Home of the case.';
COMMENT ON COLUMN approval_decisions.case_id IS 'The case.';
COMMENT ON COLUMN approval_decisions.step_number IS 'The step.';
COMMENT ON COLUMN approval_decisions.decision IS 'approved or rejected.';
COMMENT ON COLUMN approval_decisions.decided_by IS 'Principal who decided.';
COMMENT ON COLUMN approval_decisions.comment IS 'Comment or reason.';
COMMENT ON COLUMN approval_decisions.decided_at IS 'Instant of the decision.';

CREATE TABLE credit_applications (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    customer_id uuid,
    group_id uuid,
    org_path text NOT NULL,
    action text NOT NULL,
    product text REFERENCES products (code),
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    valid_from date NOT NULL,
    valid_until date NOT NULL,
    payment_term_days integer,
    revolving boolean NOT NULL,
    purpose text,
    status text NOT NULL,
    requested_by text NOT NULL,
    case_id uuid,
    credit_line_id uuid,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    FOREIGN KEY (bucket, group_id) REFERENCES credit_groups (bucket, id),
    FOREIGN KEY (bucket, case_id) REFERENCES approval_cases (bucket, id),
    CONSTRAINT credit_applications_one_owner CHECK ((customer_id IS NULL) <> (group_id IS NULL)),
    CONSTRAINT credit_applications_group_unified CHECK (group_id IS NULL OR product IS NULL),
    CONSTRAINT credit_applications_action_known CHECK (action IN ('open')),
    CONSTRAINT credit_applications_amount_range CHECK (amount_minor BETWEEN 0 AND 1000000000000000),
    CONSTRAINT credit_applications_window CHECK (valid_until >= valid_from),
    CONSTRAINT credit_applications_term_range CHECK (payment_term_days BETWEEN 0 AND 3650),
    CONSTRAINT credit_applications_status_known CHECK (status IN ('draft', 'submitted', 'approved', 'rejected', 'withdrawn')),
    CONSTRAINT credit_applications_case_from_submission CHECK ((status = 'draft') = (case_id IS NULL) OR status = 'withdrawn'),
    CONSTRAINT credit_applications_line_when_approved CHECK ((status = 'approved') = (credit_line_id IS NOT NULL))
);
COMMENT ON TABLE credit_applications IS 'Requests to open a credit line for a customer or a group.';
COMMENT ON COLUMN credit_applications.bucket IS 'Home of the customer or group.';
COMMENT ON COLUMN credit_applications.id IS 'Identifier.';
COMMENT ON COLUMN credit_applications.customer_id IS 'Customer, or empty for a group.';
COMMENT ON COLUMN credit_applications.group_id IS 'Group, or empty for a customer.';
COMMENT ON COLUMN credit_applications.org_path IS 'Organisation of the customer or group.';
COMMENT ON COLUMN credit_applications.action IS 'What is asked for.';
COMMENT ON COLUMN credit_applications.product IS 'Product; empty for the unified limit.';
COMMENT ON COLUMN credit_applications.amount_minor IS 'Requested limit in minor units.';
COMMENT ON COLUMN credit_applications.currency IS 'ISO 4217 currency of the limit.';
COMMENT ON COLUMN credit_applications.valid_from IS 'First day the line may be used.';
COMMENT ON COLUMN credit_applications.valid_until IS 'Last day the line may be used.';
COMMENT ON COLUMN credit_applications.payment_term_days IS 'Payment term in calendar days.';
COMMENT ON COLUMN credit_applications.revolving IS 'Whether released limit can be used again.';
COMMENT ON COLUMN credit_applications.purpose IS 'What the credit is for.';
COMMENT ON COLUMN credit_applications.status IS 'draft, submitted, approved, rejected or withdrawn.';
COMMENT ON COLUMN credit_applications.requested_by IS 'Principal who drew it up.';
COMMENT ON COLUMN credit_applications.case_id IS 'Approval case, from submission on.';
COMMENT ON COLUMN credit_applications.credit_line_id IS 'The line it opened.';
COMMENT ON COLUMN credit_applications.version IS 'Counts changes.';
COMMENT ON COLUMN credit_applications.created_at IS 'Instant of creation.';
COMMENT ON COLUMN credit_applications.updated_at IS 'Instant of the latest change.';

CREATE INDEX credit_applications_org ON credit_applications (org_path text_pattern_ops, id);

CREATE TABLE credit_lines (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    customer_id uuid,
    group_id uuid,
    org_path text NOT NULL,
    product text REFERENCES products (code),
    limit_kind text NOT NULL,
    limit_minor bigint,
    currency text NOT NULL,
    status text NOT NULL,
    valid_from date NOT NULL,
    valid_until date NOT NULL,
    payment_term_days integer,
    revolving boolean NOT NULL,
    held_minor bigint NOT NULL,
    drawn_minor bigint NOT NULL,
    consumed_minor bigint NOT NULL,
    moved_at timestamptz NOT NULL,
    movement_count bigint NOT NULL,
    application_id uuid NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    FOREIGN KEY (bucket, group_id) REFERENCES credit_groups (bucket, id),
    FOREIGN KEY (bucket, application_id) REFERENCES credit_applications (bucket, id),
    CONSTRAINT credit_lines_one_owner CHECK ((customer_id IS NULL) <> (group_id IS NULL)),
    CONSTRAINT credit_lines_group_unified CHECK (group_id IS NULL OR product IS NULL),
    CONSTRAINT credit_lines_limit_kind_known CHECK (limit_kind IN ('amount', 'unlimited', 'inherit')),
    CONSTRAINT credit_lines_limit_with_kind CHECK ((limit_kind = 'amount') = (limit_minor IS NOT NULL)),
    CONSTRAINT credit_lines_limit_range CHECK (limit_minor BETWEEN 0 AND 1000000000000000),
    CONSTRAINT credit_lines_status_known CHECK (status IN ('active', 'suspended', 'closed')),
    CONSTRAINT credit_lines_window CHECK (valid_until >= valid_from),
    CONSTRAINT credit_lines_balances_not_negative CHECK (held_minor >= 0 AND drawn_minor >= 0 AND consumed_minor >= 0)
);
COMMENT ON TABLE credit_lines IS 'Approved, dated limits of a customer or group, with the balances every movement maintains.';
COMMENT ON COLUMN credit_lines.bucket IS 'Home of the customer or group.';
COMMENT ON COLUMN credit_lines.id IS 'Identifier.';
COMMENT ON COLUMN credit_lines.customer_id IS 'Customer, or empty for a group line.';
COMMENT ON COLUMN credit_lines.group_id IS 'Group, or empty for a customer line.';
COMMENT ON COLUMN credit_lines.org_path IS 'Organisation of the customer or group.';
COMMENT ON COLUMN credit_lines.product IS 'Product; empty for the unified limit.';
COMMENT ON COLUMN credit_lines.limit_kind IS 'amount, unlimited, or inherit from the level above.';
COMMENT ON COLUMN credit_lines.limit_minor IS 'Limit in minor units where the kind is amount; 0 blocks.';
COMMENT ON COLUMN credit_lines.currency IS 'ISO 4217 currency.';
COMMENT ON COLUMN credit_lines.status IS 'active, suspended or closed; expiry is derived from the dates.';
COMMENT ON COLUMN credit_lines.valid_from IS 'First day of use.';
COMMENT ON COLUMN credit_lines.valid_until IS 'Last day of use.';
COMMENT ON COLUMN credit_lines.payment_term_days IS 'Payment term in calendar days.';
COMMENT ON COLUMN credit_lines.revolving IS 'Whether repaid limit can be used again.';
COMMENT ON COLUMN credit_lines.held_minor IS 'Set aside by open reservations.';
COMMENT ON COLUMN credit_lines.drawn_minor IS 'Used by open receivables.';
COMMENT ON COLUMN credit_lines.consumed_minor IS 'Repaid on a line that does not revolve: gone for good.';
COMMENT ON COLUMN credit_lines.moved_at IS 'Instant of the latest movement, never going back.';
COMMENT ON COLUMN credit_lines.movement_count IS 'Number of the latest movement of the line.';
COMMENT ON COLUMN credit_lines.application_id IS 'Application that opened the line.';
COMMENT ON COLUMN credit_lines.version IS 'Counts changes of terms and status, not movements.';
COMMENT ON COLUMN credit_lines.created_at IS 'Instant of opening.';
COMMENT ON COLUMN credit_lines.updated_at IS 'Instant of the latest change of terms or status.';

CREATE INDEX credit_lines_customer ON credit_lines (bucket, customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX credit_lines_group ON credit_lines (bucket, group_id) WHERE group_id IS NOT NULL;
CREATE INDEX credit_lines_org ON credit_lines (org_path text_pattern_ops, id);

CREATE TRIGGER approval_decisions_append_only BEFORE UPDATE OR DELETE ON approval_decisions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approval_decisions_no_truncate BEFORE TRUNCATE ON approval_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT, UPDATE ON products, approval_cases, approval_steps, credit_applications, credit_lines TO shouxin_service;
GRANT SELECT, INSERT ON approval_decisions TO shouxin_service;
