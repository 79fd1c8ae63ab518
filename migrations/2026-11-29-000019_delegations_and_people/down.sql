DROP TABLE people_seen;
DROP INDEX approval_delegations_org;
ALTER TABLE approval_delegations
    DROP CONSTRAINT approval_delegations_revoked_whole,
    DROP COLUMN revoked_on;
ALTER TABLE approval_cases DROP COLUMN requested_on;
