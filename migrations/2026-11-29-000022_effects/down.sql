ALTER TABLE credit_application_checks
    DROP COLUMN measured,
    DROP COLUMN raises;
DROP INDEX credit_applications_submitted;
DROP TABLE credit_application_modes;
COMMENT ON COLUMN credit_applications.member_customer_id IS 'Customer to be admitted to the group.';
COMMENT ON COLUMN credit_applications.line_version IS 'Version of the line when it was submitted: it is approved for those terms.';
ALTER TABLE credit_applications
    DROP CONSTRAINT credit_applications_member_of_admission,
    DROP CONSTRAINT credit_applications_line_of_change,
    DROP CONSTRAINT credit_applications_line_when_approved,
    DROP CONSTRAINT credit_applications_action_known,
    ADD CONSTRAINT credit_applications_action_known CHECK (action IN ('open', 'increase', 'decrease', 'temporary_increase', 'renew', 'change_terms', 'suspend', 'resume', 'close', 'admit_member')),
    ADD CONSTRAINT credit_applications_line_when_approved CHECK (status <> 'approved' OR credit_line_id IS NOT NULL OR action = 'admit_member'),
    ADD CONSTRAINT credit_applications_line_of_change CHECK (action IN ('open', 'admit_member') OR credit_line_id IS NOT NULL),
    ADD CONSTRAINT credit_applications_member_of_admission CHECK ((action = 'admit_member') = (member_customer_id IS NOT NULL));
ALTER TABLE credit_group_members DROP COLUMN leaving_evidence;
ALTER TABLE credit_lines DROP COLUMN requested_by;
