-- Why: a key names a request, not a request at an address: the same key on another operation is a mistake
-- of the caller, so what is kept is looked up by whose key it is. And an answer is given again only to who
-- may still see what it is about.

CREATE UNIQUE INDEX idempotency_records_of_key ON idempotency_records (principal, key, method, path);
ALTER TABLE idempotency_records DROP CONSTRAINT idempotency_records_pkey;
ALTER TABLE idempotency_records
    ADD CONSTRAINT idempotency_records_pkey PRIMARY KEY USING INDEX idempotency_records_of_key;
COMMENT ON COLUMN idempotency_records.path IS 'Full request path. The same key elsewhere is refused while this is kept.';

ALTER TABLE idempotency_records ADD COLUMN reach jsonb NOT NULL DEFAULT 'null';
ALTER TABLE idempotency_records ALTER COLUMN reach DROP DEFAULT;
ALTER TABLE idempotency_records ALTER COLUMN reach SET STATISTICS 10;
COMMENT ON COLUMN idempotency_records.reach IS 'Where the caller stood, and organisation and customer of what the answer is about: whoever moves such a thing writes it anew. JSON null for answers of before, which are for whoever has their key.';
