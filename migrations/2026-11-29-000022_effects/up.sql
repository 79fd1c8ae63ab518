-- Why: what makes more credit usable is decided by somebody else than who asks for it, whatever it is
-- called. An application can ask for what used to be done by hand (another mode of a group, a member
-- that leaves), and keeps what it does; leaving has evidence; whoever applied for a line is known where
-- its contract is recorded.

ALTER TABLE credit_lines ADD COLUMN requested_by text;
COMMENT ON COLUMN credit_lines.requested_by IS 'Principal who applied for it.';
UPDATE credit_lines SET requested_by = a.requested_by
FROM credit_applications a
WHERE a.bucket = credit_lines.bucket AND a.id = credit_lines.application_id;

ALTER TABLE credit_group_members ADD COLUMN leaving_evidence text;
COMMENT ON COLUMN credit_group_members.leaving_evidence IS 'What shows that the customer belongs to the group no more.';

ALTER TABLE credit_applications
    DROP CONSTRAINT credit_applications_action_known,
    DROP CONSTRAINT credit_applications_line_when_approved,
    DROP CONSTRAINT credit_applications_line_of_change,
    DROP CONSTRAINT credit_applications_member_of_admission,
    ADD CONSTRAINT credit_applications_action_known CHECK (action IN ('open', 'increase', 'decrease', 'temporary_increase', 'renew', 'change_terms', 'suspend', 'resume', 'close', 'admit_member', 'release_member', 'change_mode')),
    ADD CONSTRAINT credit_applications_line_when_approved CHECK (status <> 'approved' OR credit_line_id IS NOT NULL OR action IN ('admit_member', 'release_member', 'change_mode')),
    ADD CONSTRAINT credit_applications_line_of_change CHECK (action IN ('open', 'admit_member', 'release_member', 'change_mode') OR credit_line_id IS NOT NULL),
    ADD CONSTRAINT credit_applications_member_of_admission CHECK ((action IN ('admit_member', 'release_member')) = (member_customer_id IS NOT NULL));
COMMENT ON COLUMN credit_applications.member_customer_id IS 'Customer to be admitted to the group, or released from it.';
COMMENT ON COLUMN credit_applications.line_version IS 'Version of the line, or of the group whose mode is to change, when it was submitted: it is approved for those terms.';

CREATE TABLE credit_application_modes (
    bucket smallint NOT NULL,
    application_id uuid NOT NULL,
    limit_mode text NOT NULL,
    PRIMARY KEY (bucket, application_id),
    FOREIGN KEY (bucket, application_id) REFERENCES credit_applications (bucket, id),
    CONSTRAINT credit_application_modes_known CHECK (limit_mode IN ('pooled', 'per_member_minimum', 'fallback'))
);
COMMENT ON TABLE credit_application_modes IS 'How the ceiling of a group is to bound its members, of the applications that ask for another way.';
COMMENT ON COLUMN credit_application_modes.bucket IS 'Home of the group.';
COMMENT ON COLUMN credit_application_modes.application_id IS 'Application.';
COMMENT ON COLUMN credit_application_modes.limit_mode IS 'pooled, per_member_minimum or fallback.';
GRANT SELECT, INSERT ON credit_application_modes TO shouxin_service;

-- Who applies for one customer or group counts in what is open about it.
CREATE INDEX credit_applications_submitted ON credit_applications (case_id) WHERE status = 'submitted';

ALTER TABLE credit_application_checks
    ADD COLUMN raises boolean,
    ADD COLUMN measured jsonb;
COMMENT ON COLUMN credit_application_checks.measured IS 'What is granted after the application, with what was open: by its line, to the customer, to the group; empty in runs of earlier releases.';
COMMENT ON COLUMN credit_application_checks.raises IS 'Whether more becomes usable by the application; empty in runs of earlier releases.';
