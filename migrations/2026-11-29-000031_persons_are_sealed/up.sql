-- Why: telephone numbers, addresses and the site of a natural person are personal data like the name.
-- What was kept before is sealed and indexed by the service, which has the keys, and customer by customer,
-- so that it can be stopped at any time. Until then such fields are masked where they are shown.

ALTER TABLE customers ADD COLUMN is_sealed boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN customers.is_sealed IS 'Whether all that is personal is sealed and indexed; false in rows from before.';
CREATE INDEX customers_unsealed ON customers (bucket, id) WHERE NOT is_sealed;

ALTER TABLE customer_versions ADD COLUMN is_sealed boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN customer_versions.is_sealed IS 'Whether all that is personal is sealed; false in versions from before.';
CREATE INDEX customer_versions_unsealed ON customer_versions (bucket, customer_id) WHERE NOT is_sealed;

-- The one change of a version that there is: it is sealed, once, and stays what it was otherwise.
DROP TRIGGER customer_versions_append_only ON customer_versions;
CREATE TRIGGER customer_versions_append_only BEFORE DELETE ON customer_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER customer_versions_sealed_once BEFORE UPDATE ON customer_versions FOR EACH ROW
    WHEN (OLD.is_sealed OR NOT NEW.is_sealed
        OR (OLD.bucket, OLD.customer_id, OLD.version, OLD.recorded_at, OLD.changed_by, OLD.request_id)
            IS DISTINCT FROM (NEW.bucket, NEW.customer_id, NEW.version, NEW.recorded_at, NEW.changed_by, NEW.request_id))
    EXECUTE FUNCTION refuse_change();

-- The service has no right to change versions. It may seal one, as the owner of this function.
CREATE FUNCTION seal_customer_version(home smallint, customer uuid, number bigint, masked jsonb, sealed jsonb)
    RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE customer_versions SET snapshot = masked, personal_sealed = sealed, is_sealed = true
        WHERE bucket = home AND customer_id = customer AND version = number AND NOT is_sealed
$$;
COMMENT ON FUNCTION seal_customer_version(smallint, uuid, bigint, jsonb, jsonb) IS
    'Takes what is personal out of a version from before, and keeps it sealed.';
REVOKE ALL ON FUNCTION seal_customer_version(smallint, uuid, bigint, jsonb, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION seal_customer_version(smallint, uuid, bigint, jsonb, jsonb) TO shouxin_service;

-- Past versions of companies hold nothing personal that is not sealed.
UPDATE customer_versions SET is_sealed = true WHERE snapshot ->> 'kind' <> 'individual';
