-- Why: what a new customer may get is a share of the sales that are expected of it, and who applies is
-- not who expects. Expected sales are a fact of their own, with who made it, what shows it, and who
-- confirmed it where it is more than was known.

CREATE TABLE customer_expected_sales (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    as_of date NOT NULL,
    evidence text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    confirmed_by text,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    CONSTRAINT customer_expected_sales_range CHECK (amount_minor BETWEEN 0 AND 1000000000000000)
);
COMMENT ON TABLE customer_expected_sales IS 'Sales that are expected of a customer in a year. Append-only.';
COMMENT ON COLUMN customer_expected_sales.bucket IS 'Home of the customer.';
COMMENT ON COLUMN customer_expected_sales.id IS 'Identifier.';
COMMENT ON COLUMN customer_expected_sales.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_expected_sales.amount_minor IS 'Amount, minor units.';
COMMENT ON COLUMN customer_expected_sales.currency IS 'ISO 4217 currency: that of the company.';
COMMENT ON COLUMN customer_expected_sales.as_of IS 'Day from which it is expected.';
COMMENT ON COLUMN customer_expected_sales.evidence IS 'What shows it.';
COMMENT ON COLUMN customer_expected_sales.recorded_by IS 'Principal who recorded it.';
COMMENT ON COLUMN customer_expected_sales.recorded_at IS 'Instant of recording.';
COMMENT ON COLUMN customer_expected_sales.confirmed_by IS 'Principal who confirmed it; empty where nobody had to.';
CREATE TRIGGER customer_expected_sales_append_only BEFORE UPDATE OR DELETE ON customer_expected_sales
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER customer_expected_sales_no_truncate BEFORE TRUNCATE ON customer_expected_sales
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON customer_expected_sales TO shouxin_service;

CREATE INDEX customer_expected_sales_latest ON customer_expected_sales (bucket, customer_id, as_of, id);
