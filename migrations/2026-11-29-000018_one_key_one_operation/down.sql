ALTER TABLE idempotency_records DROP COLUMN reach;
ALTER TABLE idempotency_records DROP CONSTRAINT idempotency_records_pkey;
ALTER TABLE idempotency_records ADD PRIMARY KEY (principal, method, path, key);
COMMENT ON COLUMN idempotency_records.path IS 'Full request path, so that the same key on another thing is another key.';
