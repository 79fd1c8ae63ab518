-- Why: what is sealed is found by a keyed digest of it, never by itself: a person by the exact name, and
-- anybody by an exact telephone number, address or site.

CREATE TABLE customer_blind_indexes (
    bucket smallint NOT NULL,
    customer_id uuid NOT NULL,
    field text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (bucket, customer_id, field, digest),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    CONSTRAINT customer_blind_indexes_field_known CHECK (field IN
        ('name', 'phone', 'fax', 'website', 'registered_address', 'delivery_address', 'contacts')),
    CONSTRAINT customer_blind_indexes_digest_length CHECK (octet_length(digest) = 16)
);
CREATE INDEX customer_blind_indexes_digest ON customer_blind_indexes (digest, bucket, customer_id);
COMMENT ON TABLE customer_blind_indexes IS 'Keyed digests of values of customers that are sealed or may be, for finding them by equality.';
COMMENT ON COLUMN customer_blind_indexes.bucket IS 'Home of the customer.';
COMMENT ON COLUMN customer_blind_indexes.customer_id IS 'The customer.';
COMMENT ON COLUMN customer_blind_indexes.field IS 'Field of the archive that holds the value.';
COMMENT ON COLUMN customer_blind_indexes.digest IS 'HMAC-SHA256 of field and value, cut to 16 bytes.';
GRANT SELECT, INSERT, DELETE ON customer_blind_indexes TO shouxin_service;
