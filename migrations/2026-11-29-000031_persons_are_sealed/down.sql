DROP FUNCTION seal_customer_version(smallint, uuid, bigint, jsonb, jsonb);
DROP TRIGGER customer_versions_sealed_once ON customer_versions;
DROP TRIGGER customer_versions_append_only ON customer_versions;
CREATE TRIGGER customer_versions_append_only BEFORE UPDATE OR DELETE ON customer_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE customer_versions DROP COLUMN is_sealed;
ALTER TABLE customers DROP COLUMN is_sealed;
