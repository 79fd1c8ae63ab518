ALTER TABLE credit_lines RESET (fillfactor);

DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT a.attrelid::regclass AS name, a.attname
        FROM pg_attribute AS a
        WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN (
            'audit_entries'::regclass, 'events'::regclass, 'idempotency_records'::regclass,
            'credit_lines'::regclass, 'credit_movements'::regclass, 'reservations'::regclass,
            'receivables'::regclass, 'payments'::regclass, 'payment_allocations'::regclass
        )
    LOOP
        EXECUTE format(
            'ALTER TABLE %s ALTER COLUMN %I SET STATISTICS -1', found.name, found.attname
        );
    END LOOP;
END;
$$;
