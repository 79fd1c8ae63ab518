-- Why: who stood in for the requester on any day of a case does not decide it; what is lent ends with the lender's own authority,
-- and is lent to somebody who exists.

ALTER TABLE approval_cases ADD COLUMN requested_on date;
UPDATE approval_cases SET requested_on = (requested_at AT TIME ZONE 'Asia/Shanghai')::date;
ALTER TABLE approval_cases ALTER COLUMN requested_on SET NOT NULL;
COMMENT ON COLUMN approval_cases.requested_on IS 'Business date of the request.';

ALTER TABLE approval_delegations ADD COLUMN revoked_on date;
UPDATE approval_delegations SET revoked_on = (revoked_at AT TIME ZONE 'Asia/Shanghai')::date;
ALTER TABLE approval_delegations
    ADD CONSTRAINT approval_delegations_revoked_whole CHECK ((revoked_at IS NULL) = (revoked_on IS NULL));
COMMENT ON COLUMN approval_delegations.revoked_on IS 'Business date of the revocation.';
CREATE INDEX approval_delegations_org ON approval_delegations (org_path text_pattern_ops, id);

CREATE TABLE people_seen (
    principal text PRIMARY KEY,
    org_path text NOT NULL,
    scopes text[] NOT NULL,
    customer_id uuid,
    seen_at timestamptz NOT NULL
);
COMMENT ON TABLE people_seen IS 'Who has come with a token that was accepted, and what the latest one allowed.';
COMMENT ON COLUMN people_seen.principal IS 'Issuer and subject.';
COMMENT ON COLUMN people_seen.org_path IS 'Organisation in the latest token.';
COMMENT ON COLUMN people_seen.scopes IS 'Scopes of the latest token.';
COMMENT ON COLUMN people_seen.customer_id IS 'Customer of a self-service token.';
COMMENT ON COLUMN people_seen.seen_at IS 'Instant at which the token was first seen like this.';

GRANT SELECT, INSERT, UPDATE ON people_seen TO shouxin_service;
