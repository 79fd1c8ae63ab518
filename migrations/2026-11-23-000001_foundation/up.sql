-- Why: everything later stands on four append-only or self-expiring tables (audit, events,
-- idempotency, ledger) whose protection must not depend on the code remembering it. The
-- service works as a role that has no UPDATE or DELETE on them (first wall); a trigger
-- refuses the same even to the owner (second wall).

-- The role the service works as. Roles belong to the whole cluster, so it may exist already
-- (another database of the same cluster, or created by a DBA because the migrating user may
-- not create roles).
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'shouxin_service') THEN
        CREATE ROLE shouxin_service NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;
DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'shouxin_service', 'MEMBER') THEN
        EXECUTE format('GRANT shouxin_service TO %I', current_user);
    END IF;
END
$$;
GRANT USAGE ON SCHEMA public TO shouxin_service;
-- Readiness compares the applied migrations with the ones built into the binary.
GRANT SELECT ON __diesel_schema_migrations TO shouxin_service;

CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
COMMENT ON FUNCTION refuse_change() IS
    'Second wall behind the missing grants: append-only tables refuse UPDATE, DELETE and TRUNCATE to everybody.';

CREATE TABLE audit_entries (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    principal text NOT NULL,
    client_id text NOT NULL,
    org_path text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    outcome text NOT NULL,
    request_id uuid NOT NULL,
    details jsonb NOT NULL,
    CONSTRAINT audit_entries_outcome_known CHECK (outcome IN ('done', 'refused'))
);
CREATE INDEX audit_entries_order ON audit_entries (xid, seq);
CREATE INDEX audit_entries_subject ON audit_entries (subject, seq);
COMMENT ON TABLE audit_entries IS 'Who did what to which thing: one row at least for every committed write. Append-only.';
COMMENT ON COLUMN audit_entries.seq IS 'Insertion number; gaps are possible, the commit order is (xid, seq).';
COMMENT ON COLUMN audit_entries.xid IS 'Transaction that wrote the row, for reading in commit order.';
COMMENT ON COLUMN audit_entries.id IS 'Stable identifier of the entry (UUIDv7).';
COMMENT ON COLUMN audit_entries.recorded_at IS 'Instant of the write by the service clock.';
COMMENT ON COLUMN audit_entries.principal IS 'Issuer and subject of the token that asked.';
COMMENT ON COLUMN audit_entries.client_id IS 'Client of the token that asked.';
COMMENT ON COLUMN audit_entries.org_path IS 'Organisation path of the token that asked.';
COMMENT ON COLUMN audit_entries.action IS 'What was done, as resource.verb.';
COMMENT ON COLUMN audit_entries.subject IS 'What it was done to, as kind/id. Never a name or a classified value.';
COMMENT ON COLUMN audit_entries.outcome IS 'done, or refused when the decision was no.';
COMMENT ON COLUMN audit_entries.request_id IS 'Request identifier, also in the answer and the log.';
COMMENT ON COLUMN audit_entries.details IS 'References and numbers that explain the entry; never classified values.';

CREATE TABLE events (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    org_path text NOT NULL,
    customer_id uuid,
    data jsonb NOT NULL,
    occurred_at timestamptz NOT NULL
);
CREATE INDEX events_order ON events (xid, seq);
COMMENT ON TABLE events IS 'The change feed: one row per business change, written in the transaction of the change. Append-only.';
COMMENT ON COLUMN events.seq IS 'Insertion number; ties within a transaction are ordered by it.';
COMMENT ON COLUMN events.xid IS 'Transaction that wrote the row; rows at or above the oldest running transaction are not shown yet.';
COMMENT ON COLUMN events.id IS 'Stable identifier of the event (UUIDv7).';
COMMENT ON COLUMN events.kind IS 'Type of the event, as resource.past_tense.';
COMMENT ON COLUMN events.subject IS 'What changed, as kind/id.';
COMMENT ON COLUMN events.org_path IS 'Organisation the changed thing belongs to; decides who may read the event.';
COMMENT ON COLUMN events.customer_id IS 'Customer the event is about, if any.';
COMMENT ON COLUMN events.data IS 'Thin payload: ids, amounts and states. Never classified values.';
COMMENT ON COLUMN events.occurred_at IS 'Instant of the change by the service clock.';

CREATE TABLE idempotency_records (
    principal text NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (principal, method, path, key)
);
CREATE INDEX idempotency_records_expiry ON idempotency_records (expires_at);
COMMENT ON TABLE idempotency_records IS 'Answers already given under an Idempotency-Key, written in the commit of their effect.';
COMMENT ON COLUMN idempotency_records.principal IS 'Issuer, subject and client of the token; a key means nothing to anyone else.';
COMMENT ON COLUMN idempotency_records.method IS 'HTTP method.';
COMMENT ON COLUMN idempotency_records.path IS 'Full request path, so that the same key on another thing is another key.';
COMMENT ON COLUMN idempotency_records.key IS 'The key as sent, without quotes.';
COMMENT ON COLUMN idempotency_records.fingerprint IS 'SHA-256 over method, path, query and body.';
COMMENT ON COLUMN idempotency_records.status IS 'HTTP status of the answer.';
COMMENT ON COLUMN idempotency_records.headers IS 'Headers of the answer that belong to its meaning (ETag, Location, content type).';
COMMENT ON COLUMN idempotency_records.body IS 'Body of the answer, byte for byte.';
COMMENT ON COLUMN idempotency_records.created_at IS 'Instant of the first answer.';
COMMENT ON COLUMN idempotency_records.expires_at IS 'From here on the key may be forgotten.';

CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON audit_entries, events TO shouxin_service;
GRANT SELECT, INSERT, DELETE ON idempotency_records TO shouxin_service;
