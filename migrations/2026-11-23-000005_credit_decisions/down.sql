DROP TABLE credit_line_reviews;
DROP TABLE credit_contracts;
DROP TABLE credit_line_versions;
DROP INDEX credit_lines_review;
ALTER TABLE credit_lines
    DROP COLUMN temporary_mode,
    DROP COLUMN temporary_minor,
    DROP COLUMN temporary_from,
    DROP COLUMN temporary_until,
    DROP COLUMN deposit_share_bp,
    DROP COLUMN conditions,
    DROP COLUMN review_on,
    DROP CONSTRAINT credit_lines_status_known,
    ADD CONSTRAINT credit_lines_status_known CHECK (status IN ('active', 'suspended', 'closed'));
DROP TABLE credit_application_checks;
ALTER TABLE credit_applications
    DROP COLUMN limit_kind,
    DROP COLUMN temporary_mode,
    DROP COLUMN allow_overdrawn,
    DROP COLUMN member_customer_id,
    DROP COLUMN expected_sales_minor,
    DROP COLUMN deposit_share_bp,
    DROP COLUMN conditions,
    DROP COLUMN requires_contract,
    DROP COLUMN attachments,
    DROP COLUMN exceptional,
    DROP COLUMN line_version,
    ALTER COLUMN amount_minor SET NOT NULL,
    ALTER COLUMN valid_from SET NOT NULL,
    ALTER COLUMN valid_until SET NOT NULL,
    ALTER COLUMN revolving SET NOT NULL,
    DROP CONSTRAINT credit_applications_action_known,
    DROP CONSTRAINT credit_applications_case_from_submission,
    DROP CONSTRAINT credit_applications_line_when_approved,
    DROP CONSTRAINT credit_applications_line_of_change,
    ADD CONSTRAINT credit_applications_action_known CHECK (action IN ('open')),
    ADD CONSTRAINT credit_applications_case_from_submission CHECK ((status = 'draft') = (case_id IS NULL) OR status = 'withdrawn'),
    ADD CONSTRAINT credit_applications_line_when_approved CHECK ((status = 'approved') = (credit_line_id IS NOT NULL));
DROP TABLE customer_scores;
DROP TABLE approval_delegations;
DROP INDEX approval_decisions_decided_by;
ALTER TABLE approval_decisions
    DROP COLUMN on_behalf_of,
    DROP CONSTRAINT approval_decisions_known,
    ADD CONSTRAINT approval_decisions_known CHECK (decision IN ('approved', 'rejected'));
DROP INDEX approval_steps_due;
ALTER TABLE approval_steps
    DROP COLUMN name,
    DROP COLUMN deadline_days,
    DROP COLUMN waiting_since,
    DROP COLUMN due_at,
    DROP COLUMN escalation_scope,
    DROP COLUMN escalation_org_path,
    DROP COLUMN escalated_at,
    DROP CONSTRAINT approval_steps_status_known,
    ADD CONSTRAINT approval_steps_status_known CHECK (status IN ('pending', 'approved', 'rejected'));
DROP INDEX approval_cases_subject;
DROP INDEX approval_cases_requested_by;
ALTER TABLE approval_cases
    DROP COLUMN rule_set_version,
    DROP COLUMN rule_name,
    DROP COLUMN facts,
    DROP COLUMN current_step,
    DROP CONSTRAINT approval_cases_status_known,
    ADD CONSTRAINT approval_cases_status_known CHECK (status IN ('pending', 'approved', 'rejected', 'withdrawn'));
DROP TABLE credit_policies;
DROP TABLE authority_rule_sets;
ALTER TABLE credit_groups DROP COLUMN limit_mode;
DROP TABLE product_versions;
ALTER TABLE products
    DROP COLUMN deposit_share_bp,
    DROP COLUMN released_by,
    DROP COLUMN changed_by;
ALTER TABLE customers DROP COLUMN related_party;
