-- Why: who may decide what is a table of rules that changes over time, and every decision has to be
-- explained by the rules, checks and terms of its day. Rules, policies, checks and terms are
-- therefore versioned and never rewritten.

ALTER TABLE customers
    ADD COLUMN related_party boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN customers.related_party IS 'Whether the customer is related to the company (policy P12): decided by a chain of its own.';

ALTER TABLE products
    ADD COLUMN deposit_share_bp integer NOT NULL DEFAULT 0,
    ADD COLUMN released_by text NOT NULL DEFAULT 'payment',
    ADD COLUMN changed_by text NOT NULL DEFAULT 'migration',
    ADD CONSTRAINT products_deposit_share_range CHECK (deposit_share_bp BETWEEN 0 AND 10000),
    ADD CONSTRAINT products_released_by_known CHECK (released_by IN ('payment', 'title_and_control', 'payment_or_rebate', 'end_of_obligation'));
COMMENT ON COLUMN products.deposit_share_bp IS 'Share of the amount that is asked for as a deposit, in basis points.';
COMMENT ON COLUMN products.released_by IS 'What gives limit back.';
COMMENT ON COLUMN products.changed_by IS 'Principal behind the latest change.';

CREATE TABLE product_versions (
    code text NOT NULL REFERENCES products (code),
    version bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    snapshot jsonb NOT NULL,
    PRIMARY KEY (code, version)
);
COMMENT ON TABLE product_versions IS 'Every version of every product, so that past terms can be read. Append-only.';
COMMENT ON COLUMN product_versions.code IS 'Product.';
COMMENT ON COLUMN product_versions.version IS 'Version, from 1.';
COMMENT ON COLUMN product_versions.recorded_at IS 'Instant from which it was so.';
COMMENT ON COLUMN product_versions.changed_by IS 'Principal who changed it.';
COMMENT ON COLUMN product_versions.snapshot IS 'The product as it was then.';
CREATE TRIGGER product_versions_append_only BEFORE UPDATE OR DELETE ON product_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER product_versions_no_truncate BEFORE TRUNCATE ON product_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON product_versions TO shouxin_service;

INSERT INTO product_versions (code, version, recorded_at, changed_by, snapshot)
    SELECT code, version, updated_at, changed_by, to_jsonb(products) FROM products;

ALTER TABLE credit_groups
    ADD COLUMN limit_mode text NOT NULL DEFAULT 'pooled',
    ADD CONSTRAINT credit_groups_limit_mode_known CHECK (limit_mode IN ('pooled', 'per_member_minimum', 'fallback'));
COMMENT ON COLUMN credit_groups.limit_mode IS 'pooled: the members share the ceiling; per_member_minimum: it bounds each member by itself; fallback: it bounds members without a unified limit of their own.';

CREATE TABLE authority_rule_sets (
    version integer PRIMARY KEY,
    effective_from date NOT NULL,
    rules jsonb NOT NULL,
    note text,
    published_by text NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT authority_rule_sets_version_positive CHECK (version >= 1)
);
COMMENT ON TABLE authority_rule_sets IS 'Versions of the authority matrix: which steps decide a case (policy P12). Append-only reference data.';
COMMENT ON COLUMN authority_rule_sets.version IS 'Version, from 1.';
COMMENT ON COLUMN authority_rule_sets.effective_from IS 'First day on which cases are opened by it.';
COMMENT ON COLUMN authority_rule_sets.rules IS 'The rules in order; the first that matches decides.';
COMMENT ON COLUMN authority_rule_sets.note IS 'Why it was published.';
COMMENT ON COLUMN authority_rule_sets.published_by IS 'Principal who published it.';
COMMENT ON COLUMN authority_rule_sets.published_at IS 'Instant of publication.';
CREATE TRIGGER authority_rule_sets_append_only BEFORE UPDATE OR DELETE ON authority_rule_sets
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER authority_rule_sets_no_truncate BEFORE TRUNCATE ON authority_rule_sets
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON authority_rule_sets TO shouxin_service;

CREATE TABLE credit_policies (
    version integer PRIMARY KEY,
    effective_from date NOT NULL,
    policy jsonb NOT NULL,
    note text,
    published_by text NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT credit_policies_version_positive CHECK (version >= 1)
);
COMMENT ON TABLE credit_policies IS 'Versions of the credit policy: thresholds of checks, bounds by grade, tolerances, reviews (policies P02, P07, P14). Append-only reference data.';
COMMENT ON COLUMN credit_policies.version IS 'Version, from 1.';
COMMENT ON COLUMN credit_policies.effective_from IS 'First day of effect.';
COMMENT ON COLUMN credit_policies.policy IS 'The policy.';
COMMENT ON COLUMN credit_policies.note IS 'Why it was published.';
COMMENT ON COLUMN credit_policies.published_by IS 'Principal who published it.';
COMMENT ON COLUMN credit_policies.published_at IS 'Instant of publication.';
CREATE TRIGGER credit_policies_append_only BEFORE UPDATE OR DELETE ON credit_policies
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER credit_policies_no_truncate BEFORE TRUNCATE ON credit_policies
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON credit_policies TO shouxin_service;

ALTER TABLE approval_cases
    ADD COLUMN rule_set_version integer NOT NULL DEFAULT 0,
    ADD COLUMN rule_name text NOT NULL DEFAULT '',
    ADD COLUMN facts jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN current_step smallint NOT NULL DEFAULT 1,
    DROP CONSTRAINT approval_cases_status_known,
    ADD CONSTRAINT approval_cases_status_known CHECK (status IN ('pending', 'approved', 'rejected', 'withdrawn', 'sent_back'));
COMMENT ON COLUMN approval_cases.rule_set_version IS 'Version of the rules that gave the steps; 0 for the built-in ones.';
COMMENT ON COLUMN approval_cases.rule_name IS 'The rule that gave the steps.';
COMMENT ON COLUMN approval_cases.facts IS 'What the rules were asked with.';
COMMENT ON COLUMN approval_cases.current_step IS 'The step that waits, or that waited last.';

CREATE INDEX approval_cases_requested_by ON approval_cases (requested_by, id);
CREATE INDEX approval_cases_subject ON approval_cases (bucket, subject, id);

ALTER TABLE approval_steps
    ADD COLUMN name text NOT NULL DEFAULT 'decision',
    ADD COLUMN deadline_days integer,
    ADD COLUMN waiting_since timestamptz,
    ADD COLUMN due_at timestamptz,
    ADD COLUMN escalation_scope text,
    ADD COLUMN escalation_org_path text,
    ADD COLUMN escalated_at timestamptz,
    DROP CONSTRAINT approval_steps_status_known,
    ADD CONSTRAINT approval_steps_status_known CHECK (status IN ('pending', 'approved', 'rejected', 'sent_back')),
    ADD CONSTRAINT approval_steps_escalation_whole CHECK ((escalation_scope IS NULL) = (escalation_org_path IS NULL)),
    ADD CONSTRAINT approval_steps_deadline_range CHECK (deadline_days BETWEEN 1 AND 365);
COMMENT ON COLUMN approval_steps.name IS 'Name of the step in the rule.';
COMMENT ON COLUMN approval_steps.deadline_days IS 'Days the step may wait before it is escalated; empty for no deadline.';
COMMENT ON COLUMN approval_steps.waiting_since IS 'Instant at which it began to wait.';
COMMENT ON COLUMN approval_steps.due_at IS 'Instant from which the escalation may decide it too.';
COMMENT ON COLUMN approval_steps.escalation_scope IS 'Scope that may decide it from then on.';
COMMENT ON COLUMN approval_steps.escalation_org_path IS 'Organisation the escalation must stand at or above.';
COMMENT ON COLUMN approval_steps.escalated_at IS 'Instant at which the escalation was announced.';

CREATE INDEX approval_steps_due ON approval_steps (due_at) WHERE status = 'pending' AND due_at IS NOT NULL AND escalated_at IS NULL;

ALTER TABLE approval_decisions
    ADD COLUMN on_behalf_of text,
    DROP CONSTRAINT approval_decisions_known,
    ADD CONSTRAINT approval_decisions_known CHECK (decision IN ('approved', 'rejected', 'sent_back'));
COMMENT ON COLUMN approval_decisions.on_behalf_of IS 'Principal whose authority was used by delegation.';

CREATE INDEX approval_decisions_decided_by ON approval_decisions (decided_by, decided_at);

CREATE TABLE approval_delegations (
    id uuid PRIMARY KEY,
    delegator text NOT NULL,
    delegate text NOT NULL,
    scopes text[] NOT NULL,
    org_path text NOT NULL,
    delegated_from date NOT NULL,
    delegated_until date NOT NULL,
    reason text NOT NULL,
    revoked_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT approval_delegations_to_another CHECK (delegator <> delegate),
    CONSTRAINT approval_delegations_window CHECK (delegated_until >= delegated_from)
);
COMMENT ON TABLE approval_delegations IS 'Authority lent during absence, for days (policy P04).';
COMMENT ON COLUMN approval_delegations.id IS 'Identifier.';
COMMENT ON COLUMN approval_delegations.delegator IS 'Principal who is absent.';
COMMENT ON COLUMN approval_delegations.delegate IS 'Principal who decides meanwhile.';
COMMENT ON COLUMN approval_delegations.scopes IS 'Scopes of steps that the delegator held and lends.';
COMMENT ON COLUMN approval_delegations.org_path IS 'Organisation the delegator stands at.';
COMMENT ON COLUMN approval_delegations.delegated_from IS 'First day.';
COMMENT ON COLUMN approval_delegations.delegated_until IS 'Last day.';
COMMENT ON COLUMN approval_delegations.reason IS 'Why.';
COMMENT ON COLUMN approval_delegations.revoked_at IS 'Instant of the revocation.';
COMMENT ON COLUMN approval_delegations.version IS 'Counts changes.';
COMMENT ON COLUMN approval_delegations.created_at IS 'Instant of creation.';
COMMENT ON COLUMN approval_delegations.updated_at IS 'Instant of the latest change.';
GRANT SELECT, INSERT, UPDATE ON approval_delegations TO shouxin_service;

CREATE INDEX approval_delegations_delegate ON approval_delegations (delegate, delegated_until);
CREATE INDEX approval_delegations_delegator ON approval_delegations (delegator, delegated_until);

CREATE TABLE customer_scores (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    grade text NOT NULL,
    scored_on date NOT NULL,
    valid_until date NOT NULL,
    source text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    CONSTRAINT customer_scores_grade_known CHECK (grade IN ('A', 'B', 'C', 'D')),
    CONSTRAINT customer_scores_window CHECK (valid_until >= scored_on)
);
COMMENT ON TABLE customer_scores IS 'Grades of a customer with the days they hold, as scored elsewhere. Append-only.';
COMMENT ON COLUMN customer_scores.bucket IS 'Home of the customer.';
COMMENT ON COLUMN customer_scores.id IS 'Identifier.';
COMMENT ON COLUMN customer_scores.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_scores.grade IS 'Grade.';
COMMENT ON COLUMN customer_scores.scored_on IS 'Day of the score.';
COMMENT ON COLUMN customer_scores.valid_until IS 'Last day it may be relied on.';
COMMENT ON COLUMN customer_scores.source IS 'Where it comes from.';
COMMENT ON COLUMN customer_scores.recorded_by IS 'Principal who recorded it.';
COMMENT ON COLUMN customer_scores.recorded_at IS 'Instant of recording.';
CREATE TRIGGER customer_scores_append_only BEFORE UPDATE OR DELETE ON customer_scores
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER customer_scores_no_truncate BEFORE TRUNCATE ON customer_scores
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON customer_scores TO shouxin_service;

CREATE INDEX customer_scores_latest ON customer_scores (bucket, customer_id, scored_on, id);

ALTER TABLE credit_applications
    ADD COLUMN limit_kind text,
    ADD COLUMN temporary_mode text,
    ADD COLUMN allow_overdrawn boolean NOT NULL DEFAULT false,
    ADD COLUMN member_customer_id uuid,
    ADD COLUMN expected_sales_minor bigint,
    ADD COLUMN deposit_share_bp integer,
    ADD COLUMN conditions text,
    ADD COLUMN requires_contract boolean NOT NULL DEFAULT false,
    ADD COLUMN attachments jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN exceptional boolean NOT NULL DEFAULT false,
    ADD COLUMN line_version bigint,
    ALTER COLUMN amount_minor DROP NOT NULL,
    ALTER COLUMN valid_from DROP NOT NULL,
    ALTER COLUMN valid_until DROP NOT NULL,
    ALTER COLUMN revolving DROP NOT NULL,
    DROP CONSTRAINT credit_applications_action_known,
    DROP CONSTRAINT credit_applications_status_known,
    DROP CONSTRAINT credit_applications_line_when_approved,
    DROP CONSTRAINT credit_applications_case_from_submission,
    ADD CONSTRAINT credit_applications_action_known CHECK (action IN ('open', 'increase', 'decrease', 'temporary_increase', 'renew', 'change_terms', 'suspend', 'resume', 'close', 'admit_member')),
    ADD CONSTRAINT credit_applications_status_known CHECK (status IN ('draft', 'submitted', 'approved', 'rejected', 'withdrawn')),
    ADD CONSTRAINT credit_applications_case_from_submission CHECK (status IN ('draft', 'withdrawn') OR case_id IS NOT NULL),
    ADD CONSTRAINT credit_applications_line_when_approved CHECK (status <> 'approved' OR credit_line_id IS NOT NULL OR action = 'admit_member'),
    ADD CONSTRAINT credit_applications_line_of_change CHECK (action IN ('open', 'admit_member') OR credit_line_id IS NOT NULL),
    ADD CONSTRAINT credit_applications_member_of_admission CHECK ((action = 'admit_member') = (member_customer_id IS NOT NULL)),
    ADD CONSTRAINT credit_applications_limit_kind_known CHECK (limit_kind IN ('amount', 'unlimited', 'inherit')),
    ADD CONSTRAINT credit_applications_temporary_known CHECK (temporary_mode IN ('add', 'replace')),
    ADD CONSTRAINT credit_applications_expected_sales_range CHECK (expected_sales_minor BETWEEN 0 AND 1000000000000000),
    ADD CONSTRAINT credit_applications_deposit_share_range CHECK (deposit_share_bp BETWEEN 0 AND 10000);
COMMENT ON COLUMN credit_applications.limit_kind IS 'How the limit is given: amount, unlimited or inherit; empty where no limit is asked for.';
COMMENT ON COLUMN credit_applications.temporary_mode IS 'Whether a temporary increase adds to the limit or replaces it.';
COMMENT ON COLUMN credit_applications.allow_overdrawn IS 'Whether a limit below what is used is meant.';
COMMENT ON COLUMN credit_applications.member_customer_id IS 'Customer to be admitted to the group.';
COMMENT ON COLUMN credit_applications.expected_sales_minor IS 'Expected sales of twelve months in the currency of the application.';
COMMENT ON COLUMN credit_applications.deposit_share_bp IS 'Deposit share asked for, in basis points.';
COMMENT ON COLUMN credit_applications.conditions IS 'Conditions of the credit.';
COMMENT ON COLUMN credit_applications.requires_contract IS 'Whether the line waits for a signed contract.';
COMMENT ON COLUMN credit_applications.attachments IS 'Documents by reference: type, reference, last day of validity.';
COMMENT ON COLUMN credit_applications.line_version IS 'Version of the line when it was submitted: it is approved for those terms.';
COMMENT ON COLUMN credit_applications.exceptional IS 'Whether a failed check sent it to the exceptional chain when it was submitted.';

UPDATE credit_applications SET limit_kind = 'amount';

CREATE TABLE credit_application_checks (
    bucket smallint NOT NULL,
    application_id uuid NOT NULL,
    run_number integer NOT NULL,
    stage text NOT NULL,
    policy_version integer NOT NULL,
    results jsonb NOT NULL,
    run_by text NOT NULL,
    run_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, application_id, run_number),
    FOREIGN KEY (bucket, application_id) REFERENCES credit_applications (bucket, id),
    CONSTRAINT credit_application_checks_stage_known CHECK (stage IN ('submission', 'approval'))
);
COMMENT ON TABLE credit_application_checks IS 'What the checks of an application found, each time they were run. Append-only.';
COMMENT ON COLUMN credit_application_checks.bucket IS 'Home of the application.';
COMMENT ON COLUMN credit_application_checks.application_id IS 'Application.';
COMMENT ON COLUMN credit_application_checks.run_number IS 'Counts the runs, from 1.';
COMMENT ON COLUMN credit_application_checks.stage IS 'submission or approval.';
COMMENT ON COLUMN credit_application_checks.policy_version IS 'Version of the credit policy; 0 for the built-in one.';
COMMENT ON COLUMN credit_application_checks.results IS 'Result of every check with its numbers.';
COMMENT ON COLUMN credit_application_checks.run_by IS 'Principal who caused it.';
COMMENT ON COLUMN credit_application_checks.run_at IS 'Instant.';
CREATE TRIGGER credit_application_checks_append_only BEFORE UPDATE OR DELETE ON credit_application_checks
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER credit_application_checks_no_truncate BEFORE TRUNCATE ON credit_application_checks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON credit_application_checks TO shouxin_service;

ALTER TABLE credit_lines
    ADD COLUMN temporary_mode text,
    ADD COLUMN temporary_minor bigint,
    ADD COLUMN temporary_from date,
    ADD COLUMN temporary_until date,
    ADD COLUMN deposit_share_bp integer,
    ADD COLUMN conditions text,
    ADD COLUMN review_on date,
    DROP CONSTRAINT credit_lines_status_known,
    ADD CONSTRAINT credit_lines_status_known CHECK (status IN ('awaiting_contract', 'active', 'suspended', 'closed')),
    ADD CONSTRAINT credit_lines_temporary_known CHECK (temporary_mode IN ('add', 'replace')),
    ADD CONSTRAINT credit_lines_temporary_whole CHECK ((temporary_mode IS NULL) = (temporary_minor IS NULL) AND (temporary_mode IS NULL) = (temporary_from IS NULL) AND (temporary_mode IS NULL) = (temporary_until IS NULL)),
    ADD CONSTRAINT credit_lines_temporary_window CHECK (temporary_until >= temporary_from),
    ADD CONSTRAINT credit_lines_temporary_range CHECK (temporary_minor BETWEEN 0 AND 1000000000000000),
    ADD CONSTRAINT credit_lines_deposit_share_range CHECK (deposit_share_bp BETWEEN 0 AND 10000);
COMMENT ON COLUMN credit_lines.temporary_mode IS 'Whether the temporary increase adds to the limit or replaces it.';
COMMENT ON COLUMN credit_lines.temporary_minor IS 'Amount of the temporary increase in minor units.';
COMMENT ON COLUMN credit_lines.temporary_from IS 'First day of the temporary increase.';
COMMENT ON COLUMN credit_lines.temporary_until IS 'Last day of the temporary increase; it ends by this date.';
COMMENT ON COLUMN credit_lines.deposit_share_bp IS 'Deposit share asked for, in basis points; empty takes that of the product.';
COMMENT ON COLUMN credit_lines.conditions IS 'Conditions of the credit.';
COMMENT ON COLUMN credit_lines.review_on IS 'Day by which the line is to be reviewed.';

CREATE INDEX credit_lines_review ON credit_lines (review_on, id) WHERE review_on IS NOT NULL AND status <> 'closed';

CREATE TABLE credit_line_versions (
    bucket smallint NOT NULL,
    line_id uuid NOT NULL,
    version bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    change text NOT NULL,
    reason text NOT NULL,
    application_id uuid,
    status text NOT NULL,
    limit_kind text NOT NULL,
    limit_minor bigint,
    valid_from date NOT NULL,
    valid_until date NOT NULL,
    payment_term_days integer,
    revolving boolean NOT NULL,
    temporary_mode text,
    temporary_minor bigint,
    temporary_from date,
    temporary_until date,
    review_on date,
    PRIMARY KEY (bucket, line_id, version),
    FOREIGN KEY (bucket, line_id) REFERENCES credit_lines (bucket, id)
);
COMMENT ON TABLE credit_line_versions IS 'Terms and status of every line at every time: what was the limit on a day. Append-only.';
COMMENT ON COLUMN credit_line_versions.bucket IS 'Home of the line.';
COMMENT ON COLUMN credit_line_versions.line_id IS 'Line.';
COMMENT ON COLUMN credit_line_versions.version IS 'Version, from 1 without gaps.';
COMMENT ON COLUMN credit_line_versions.recorded_at IS 'Instant from which it was so.';
COMMENT ON COLUMN credit_line_versions.changed_by IS 'Principal behind the change.';
COMMENT ON COLUMN credit_line_versions.change IS 'What was done, such as open, increase or suspend.';
COMMENT ON COLUMN credit_line_versions.reason IS 'Why.';
COMMENT ON COLUMN credit_line_versions.application_id IS 'Application behind the change, where there is one.';
COMMENT ON COLUMN credit_line_versions.status IS 'Stored status.';
COMMENT ON COLUMN credit_line_versions.limit_kind IS 'How the limit is given.';
COMMENT ON COLUMN credit_line_versions.limit_minor IS 'The limit in minor units where it is an amount.';
COMMENT ON COLUMN credit_line_versions.valid_from IS 'First day of use.';
COMMENT ON COLUMN credit_line_versions.valid_until IS 'Last day of use.';
COMMENT ON COLUMN credit_line_versions.payment_term_days IS 'Payment term in calendar days.';
COMMENT ON COLUMN credit_line_versions.revolving IS 'Whether repaid limit can be used again.';
COMMENT ON COLUMN credit_line_versions.temporary_mode IS 'Whether the temporary increase adds or replaces.';
COMMENT ON COLUMN credit_line_versions.temporary_minor IS 'Amount of the temporary increase.';
COMMENT ON COLUMN credit_line_versions.temporary_from IS 'First day of the temporary increase.';
COMMENT ON COLUMN credit_line_versions.temporary_until IS 'Last day of the temporary increase.';
COMMENT ON COLUMN credit_line_versions.review_on IS 'Day by which the line is to be reviewed.';
CREATE TRIGGER credit_line_versions_append_only BEFORE UPDATE OR DELETE ON credit_line_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER credit_line_versions_no_truncate BEFORE TRUNCATE ON credit_line_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON credit_line_versions TO shouxin_service;

CREATE INDEX credit_line_versions_as_of ON credit_line_versions (bucket, line_id, recorded_at);
INSERT INTO credit_line_versions (bucket, line_id, version, recorded_at, changed_by, change, reason, application_id, status,
        limit_kind, limit_minor, valid_from, valid_until, payment_term_days, revolving)
    SELECT bucket, id, version, updated_at, 'migration', 'open', '', application_id, status,
        limit_kind, limit_minor, valid_from, valid_until, payment_term_days, revolving FROM credit_lines;

CREATE TABLE credit_contracts (
    bucket smallint NOT NULL,
    line_id uuid NOT NULL,
    number text NOT NULL,
    signed_on date NOT NULL,
    payment_method text NOT NULL,
    payment_term_days integer,
    liability_clauses text,
    policy_notified_on date,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, line_id, number),
    FOREIGN KEY (bucket, line_id) REFERENCES credit_lines (bucket, id),
    CONSTRAINT credit_contracts_term_range CHECK (payment_term_days BETWEEN 0 AND 3650)
);
COMMENT ON TABLE credit_contracts IS 'Signed contracts behind credit lines (policies P01, P08).';
COMMENT ON COLUMN credit_contracts.bucket IS 'Home of the line.';
COMMENT ON COLUMN credit_contracts.line_id IS 'Line.';
COMMENT ON COLUMN credit_contracts.number IS 'Number of the contract.';
COMMENT ON COLUMN credit_contracts.signed_on IS 'Day of signature.';
COMMENT ON COLUMN credit_contracts.payment_method IS 'How the customer pays.';
COMMENT ON COLUMN credit_contracts.payment_term_days IS 'Term the contract gives, in calendar days.';
COMMENT ON COLUMN credit_contracts.liability_clauses IS 'Who answers for what when payment fails.';
COMMENT ON COLUMN credit_contracts.policy_notified_on IS 'Day on which the customer was told the credit policy.';
COMMENT ON COLUMN credit_contracts.recorded_by IS 'Principal who recorded it.';
COMMENT ON COLUMN credit_contracts.recorded_at IS 'Instant of recording.';
CREATE TRIGGER credit_contracts_append_only BEFORE UPDATE OR DELETE ON credit_contracts
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER credit_contracts_no_truncate BEFORE TRUNCATE ON credit_contracts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON credit_contracts TO shouxin_service;

CREATE TABLE credit_line_reviews (
    bucket smallint NOT NULL,
    line_id uuid NOT NULL,
    review_number integer NOT NULL,
    outcome text NOT NULL,
    comment text NOT NULL,
    next_review_on date,
    reviewed_by text NOT NULL,
    reviewed_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, line_id, review_number),
    FOREIGN KEY (bucket, line_id) REFERENCES credit_lines (bucket, id),
    CONSTRAINT credit_line_reviews_outcome_known CHECK (outcome IN ('keep', 'adjust', 'suspend'))
);
COMMENT ON TABLE credit_line_reviews IS 'Periodic reviews of credit lines (policies P07, P14). Append-only.';
COMMENT ON COLUMN credit_line_reviews.bucket IS 'Home of the line.';
COMMENT ON COLUMN credit_line_reviews.line_id IS 'Line.';
COMMENT ON COLUMN credit_line_reviews.review_number IS 'Counts the reviews of the line, from 1.';
COMMENT ON COLUMN credit_line_reviews.outcome IS 'keep, adjust or suspend.';
COMMENT ON COLUMN credit_line_reviews.comment IS 'What was found.';
COMMENT ON COLUMN credit_line_reviews.next_review_on IS 'Day by which the next one is due.';
COMMENT ON COLUMN credit_line_reviews.reviewed_by IS 'Principal who reviewed.';
COMMENT ON COLUMN credit_line_reviews.reviewed_at IS 'Instant.';
CREATE TRIGGER credit_line_reviews_append_only BEFORE UPDATE OR DELETE ON credit_line_reviews
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER credit_line_reviews_no_truncate BEFORE TRUNCATE ON credit_line_reviews
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON credit_line_reviews TO shouxin_service;
