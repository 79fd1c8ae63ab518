-- Why: one archive per customer from first contact, with its history, its keys and its
-- credit group. Every owned row carries the bucket of its home in its key, so that the same
-- schema can be partitioned or distributed by bucket later without touching a query.

CREATE TABLE customers (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    kind text NOT NULL,
    roles text[] NOT NULL,
    unified_social_credit_code text,
    org_path text NOT NULL,
    status text NOT NULL,
    time_class text NOT NULL,
    trading_class text NOT NULL,
    nature text NOT NULL,
    market_weight text NOT NULL,
    value_class text,
    service_tier text,
    industry text,
    profile jsonb NOT NULL,
    personal_sealed jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    CONSTRAINT customers_bucket_range CHECK (bucket BETWEEN 0 AND 1023),
    CONSTRAINT customers_version_positive CHECK (version >= 1),
    CONSTRAINT customers_kind_known CHECK (kind IN ('company', 'individual_business', 'cooperative', 'government',
        'public_institution', 'social_organisation', 'foreign_company', 'individual')),
    CONSTRAINT customers_roles_known CHECK (cardinality(roles) BETWEEN 1 AND 5
        AND roles <@ ARRAY['buyer', 'dealer', 'supplier', 'partner', 'service_provider']),
    CONSTRAINT customers_status_known CHECK (status IN ('active', 'closed')),
    CONSTRAINT customers_time_class_known CHECK (time_class IN ('future', 'new', 'existing')),
    CONSTRAINT customers_trading_class_known CHECK (trading_class IN ('past', 'current', 'future')),
    CONSTRAINT customers_nature_known CHECK (nature IN ('government', 'special_business', 'ordinary', 'consumer', 'partner')),
    CONSTRAINT customers_market_weight_known CHECK (market_weight IN ('key', 'regular', 'occasional')),
    CONSTRAINT customers_value_class_known CHECK (value_class IN ('a', 'b', 'c')),
    CONSTRAINT customers_service_tier_known CHECK (service_tier IN ('gold', 'silver', 'standard'))
);
CREATE INDEX customers_org ON customers (org_path text_pattern_ops, id);
CREATE INDEX customers_name_key ON customers (name_key);
CREATE INDEX customers_recent ON customers (id);
COMMENT ON TABLE customers IS 'One archive per customer from first contact. Never deleted: closed customers stay.';
COMMENT ON COLUMN customers.bucket IS 'Home of the customer, 0 to 1023, also in every id the customer owns.';
COMMENT ON COLUMN customers.id IS 'Identifier (UUIDv7 with the bucket).';
COMMENT ON COLUMN customers.name IS 'Registered name; masked where the customer is a natural person.';
COMMENT ON COLUMN customers.name_key IS 'Name without case, spacing and legal form, for finding similar names; empty for natural persons.';
COMMENT ON COLUMN customers.kind IS 'Legal kind of the customer.';
COMMENT ON COLUMN customers.roles IS 'What the customer is to the company: buyer, supplier, …';
COMMENT ON COLUMN customers.unified_social_credit_code IS 'Unified social credit code (GB 32100-2015), check characters verified.';
COMMENT ON COLUMN customers.org_path IS 'Organisation that looks after the customer.';
COMMENT ON COLUMN customers.status IS 'active, or closed: no new credit business.';
COMMENT ON COLUMN customers.time_class IS 'Classification by time.';
COMMENT ON COLUMN customers.trading_class IS 'Classification by trading.';
COMMENT ON COLUMN customers.nature IS 'Classification by nature.';
COMMENT ON COLUMN customers.market_weight IS 'Classification by market weight.';
COMMENT ON COLUMN customers.value_class IS 'A, B or C by value to the company.';
COMMENT ON COLUMN customers.service_tier IS 'Service tier.';
COMMENT ON COLUMN customers.industry IS 'Industry, for filters and reports.';
COMMENT ON COLUMN customers.profile IS 'Unclassified archive fields, and the masked form of the classified ones.';
COMMENT ON COLUMN customers.personal_sealed IS 'Classified personal fields by name, each sealed with the data key of the customer.';
COMMENT ON COLUMN customers.version IS 'Counts changes; the ETag and If-Match carry it.';
COMMENT ON COLUMN customers.created_at IS 'Instant of creation.';
COMMENT ON COLUMN customers.updated_at IS 'Instant of the latest change.';

CREATE TABLE customer_codes (
    unified_social_credit_code text PRIMARY KEY,
    customer_id uuid NOT NULL
);
COMMENT ON TABLE customer_codes IS 'Directory that makes the social credit code unique across all homes.';
COMMENT ON COLUMN customer_codes.unified_social_credit_code IS 'The code.';
COMMENT ON COLUMN customer_codes.customer_id IS 'The customer that has it.';

CREATE TABLE customer_keys (
    bucket smallint NOT NULL,
    customer_id uuid NOT NULL,
    class text NOT NULL,
    key_version integer NOT NULL,
    kek_id text NOT NULL,
    nonce bytea NOT NULL,
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, customer_id, class, key_version),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    CONSTRAINT customer_keys_class_known CHECK (class IN ('personal', 'financial', 'health'))
);
COMMENT ON TABLE customer_keys IS 'Data keys of customers, one per class of classified data, each wrapped by a key-encryption key.';
COMMENT ON COLUMN customer_keys.bucket IS 'Home of the customer.';
COMMENT ON COLUMN customer_keys.customer_id IS 'Customer whose data the key seals.';
COMMENT ON COLUMN customer_keys.class IS 'Class of data the key seals.';
COMMENT ON COLUMN customer_keys.key_version IS 'Number of the key, carried in every sealed value.';
COMMENT ON COLUMN customer_keys.kek_id IS 'Key-encryption key that wraps it.';
COMMENT ON COLUMN customer_keys.nonce IS 'Nonce of the wrapping.';
COMMENT ON COLUMN customer_keys.wrapped IS 'The wrapped key.';
COMMENT ON COLUMN customer_keys.created_at IS 'Instant of creation.';

CREATE TABLE customer_versions (
    bucket smallint NOT NULL,
    customer_id uuid NOT NULL,
    version bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    request_id uuid NOT NULL,
    snapshot jsonb NOT NULL,
    personal_sealed jsonb NOT NULL,
    PRIMARY KEY (bucket, customer_id, version),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id)
);
CREATE INDEX customer_versions_as_of ON customer_versions (bucket, customer_id, recorded_at);
COMMENT ON TABLE customer_versions IS 'Every version of every customer archive, for the history and for reading as of a past instant. Append-only.';
COMMENT ON COLUMN customer_versions.bucket IS 'Home of the customer.';
COMMENT ON COLUMN customer_versions.customer_id IS 'The customer.';
COMMENT ON COLUMN customer_versions.version IS 'Version the snapshot shows.';
COMMENT ON COLUMN customer_versions.recorded_at IS 'Instant from which the version was the current one.';
COMMENT ON COLUMN customer_versions.changed_by IS 'Principal who made the change.';
COMMENT ON COLUMN customer_versions.request_id IS 'Request that made the change.';
COMMENT ON COLUMN customer_versions.snapshot IS 'The archive in full, classified fields masked.';
COMMENT ON COLUMN customer_versions.personal_sealed IS 'Classified personal fields of that version, sealed.';

CREATE TABLE credit_groups (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    basis text NOT NULL,
    org_path text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    CONSTRAINT credit_groups_bucket_range CHECK (bucket BETWEEN 0 AND 1023),
    CONSTRAINT credit_groups_basis_known CHECK (basis IN ('control', 'consolidation'))
);
CREATE INDEX credit_groups_org ON credit_groups (org_path text_pattern_ops, id);
COMMENT ON TABLE credit_groups IS 'Customers under one actual controller or in one set of consolidated accounts (policies P02, P12).';
COMMENT ON COLUMN credit_groups.bucket IS 'Home of the group, 0 to 1023.';
COMMENT ON COLUMN credit_groups.id IS 'Identifier (UUIDv7 with the bucket).';
COMMENT ON COLUMN credit_groups.name IS 'Name of the group.';
COMMENT ON COLUMN credit_groups.basis IS 'Why its members belong together: control or consolidation.';
COMMENT ON COLUMN credit_groups.org_path IS 'Organisation that looks after the group.';
COMMENT ON COLUMN credit_groups.version IS 'Counts changes.';
COMMENT ON COLUMN credit_groups.created_at IS 'Instant of creation.';
COMMENT ON COLUMN credit_groups.updated_at IS 'Instant of the latest change.';

CREATE TABLE credit_group_members (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    group_id uuid NOT NULL,
    member_from date NOT NULL,
    member_until date,
    evidence text,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    CONSTRAINT credit_group_members_window CHECK (member_until IS NULL OR member_until >= member_from)
);
-- A customer has at most one open-ended membership; closed windows are kept apart under the
-- lock of the customer.
CREATE UNIQUE INDEX credit_group_members_one_open ON credit_group_members (bucket, customer_id) WHERE member_until IS NULL;
CREATE INDEX credit_group_members_customer ON credit_group_members (bucket, customer_id, member_from);
CREATE INDEX credit_group_members_group ON credit_group_members (group_id, id);
COMMENT ON TABLE credit_group_members IS 'Which customer belonged to which credit group from when until when.';
COMMENT ON COLUMN credit_group_members.bucket IS 'Home of the customer.';
COMMENT ON COLUMN credit_group_members.id IS 'Identifier of the membership.';
COMMENT ON COLUMN credit_group_members.customer_id IS 'The member.';
COMMENT ON COLUMN credit_group_members.group_id IS 'The group; its home is in the id, so there is no foreign key.';
COMMENT ON COLUMN credit_group_members.member_from IS 'First day of membership.';
COMMENT ON COLUMN credit_group_members.member_until IS 'Last day of membership, empty while it lasts.';
COMMENT ON COLUMN credit_group_members.evidence IS 'What shows the control or consolidation.';
COMMENT ON COLUMN credit_group_members.version IS 'Counts changes.';
COMMENT ON COLUMN credit_group_members.created_at IS 'Instant of recording.';

CREATE TRIGGER customer_versions_append_only BEFORE UPDATE OR DELETE ON customer_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER customer_versions_no_truncate BEFORE TRUNCATE ON customer_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT, UPDATE ON customers, credit_groups, credit_group_members TO shouxin_service;
GRANT SELECT, INSERT, DELETE ON customer_codes TO shouxin_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON customer_keys TO shouxin_service;
GRANT SELECT, INSERT ON customer_versions TO shouxin_service;
