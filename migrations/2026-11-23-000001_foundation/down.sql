-- The role stays: it belongs to the cluster and may serve other databases.
DROP TABLE idempotency_records;
DROP TABLE events;
DROP TABLE audit_entries;
DROP FUNCTION refuse_change();
REVOKE SELECT ON __diesel_schema_migrations FROM shouxin_service;
REVOKE USAGE ON SCHEMA public FROM shouxin_service;
