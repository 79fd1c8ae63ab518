-- Why: a key names a request, not a request at an address: the same key on another operation is a mistake
-- of the caller, so what is kept is looked up by whose key it is.

CREATE UNIQUE INDEX idempotency_records_of_key ON idempotency_records (principal, key, method, path);
ALTER TABLE idempotency_records DROP CONSTRAINT idempotency_records_pkey;
ALTER TABLE idempotency_records
    ADD CONSTRAINT idempotency_records_pkey PRIMARY KEY USING INDEX idempotency_records_of_key;
COMMENT ON COLUMN idempotency_records.path IS 'Full request path. The same key elsewhere is refused while this is kept.';
