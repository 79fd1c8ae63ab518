-- Why: business in another currency than its limit counts in the currency of the limit, at a dated
-- rate that is kept, and a deposit may reduce what counts. A reservation or receivable therefore
-- says what it counts on each of its lines. Rates are never changed: a correction is a new row.

CREATE TABLE exchange_rates (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_currency text NOT NULL,
    to_currency text NOT NULL,
    rate_date date NOT NULL,
    rate_e10 bigint NOT NULL,
    source text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT exchange_rates_two_currencies CHECK (from_currency <> to_currency),
    CONSTRAINT exchange_rates_rate_range CHECK (rate_e10 BETWEEN 100 AND 1000000000000000000)
);
COMMENT ON TABLE exchange_rates IS 'Dated exchange rates. Of several for one pair and day the one recorded last counts. Append-only.';
COMMENT ON COLUMN exchange_rates.number IS 'Order of recording.';
COMMENT ON COLUMN exchange_rates.from_currency IS 'ISO 4217 currency of the one unit.';
COMMENT ON COLUMN exchange_rates.to_currency IS 'ISO 4217 currency in which the unit is worth the rate.';
COMMENT ON COLUMN exchange_rates.rate_date IS 'First day on which the rate counts.';
COMMENT ON COLUMN exchange_rates.rate_e10 IS 'The rate for one major unit, in units of 1e-10 major units of to_currency.';
COMMENT ON COLUMN exchange_rates.source IS 'Who published it.';
COMMENT ON COLUMN exchange_rates.recorded_by IS 'Principal who recorded it.';
COMMENT ON COLUMN exchange_rates.recorded_at IS 'Instant of recording.';

CREATE INDEX exchange_rates_newest ON exchange_rates (from_currency, to_currency, rate_date DESC, number DESC);

CREATE TRIGGER exchange_rates_append_only BEFORE UPDATE OR DELETE ON exchange_rates
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER exchange_rates_no_truncate BEFORE TRUNCATE ON exchange_rates
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON exchange_rates TO shouxin_service;

ALTER TABLE reservations
    ADD COLUMN deposit_minor bigint,
    ADD COLUMN exposure_treatment text,
    ADD COLUMN product_exposure_minor bigint,
    ADD COLUMN customer_exposure_minor bigint,
    ADD COLUMN group_exposure_minor bigint,
    ADD COLUMN conversions jsonb;
-- What is there stands on lines of its own currency and knows no deposit: it counts in full.
UPDATE reservations r SET
    deposit_minor = 0,
    exposure_treatment = p.exposure_treatment,
    product_exposure_minor = r.amount_minor,
    customer_exposure_minor = CASE WHEN r.customer_line_id IS NULL THEN NULL ELSE r.amount_minor END,
    group_exposure_minor = CASE WHEN r.group_line_id IS NULL THEN NULL ELSE r.amount_minor END
    FROM products p WHERE p.code = r.product;
ALTER TABLE reservations
    ALTER COLUMN deposit_minor SET NOT NULL,
    ALTER COLUMN exposure_treatment SET NOT NULL,
    ALTER COLUMN product_exposure_minor SET NOT NULL,
    ADD CONSTRAINT reservations_deposit_range CHECK (deposit_minor BETWEEN 0 AND amount_minor),
    ADD CONSTRAINT reservations_treatment_known CHECK (exposure_treatment IN ('gross', 'net_of_deposit')),
    ADD CONSTRAINT reservations_exposure_range CHECK (product_exposure_minor BETWEEN 0 AND 1000000000000000
        AND customer_exposure_minor BETWEEN 0 AND 1000000000000000 AND group_exposure_minor BETWEEN 0 AND 1000000000000000),
    ADD CONSTRAINT reservations_exposure_with_line CHECK ((customer_line_id IS NULL) = (customer_exposure_minor IS NULL)
        AND (group_line_id IS NULL) = (group_exposure_minor IS NULL));
COMMENT ON COLUMN reservations.deposit_minor IS 'Cash deposit for it, minor units of its own currency.';
COMMENT ON COLUMN reservations.exposure_treatment IS 'How the deposit counts, as the product had it then.';
COMMENT ON COLUMN reservations.product_exposure_minor IS 'What the whole of it counts on the product line, in the currency of that line.';
COMMENT ON COLUMN reservations.customer_exposure_minor IS 'What the whole of it counts on the unified line, in the currency of that line.';
COMMENT ON COLUMN reservations.group_exposure_minor IS 'What the whole of it counts on the line of the group, in the currency of that line.';
COMMENT ON COLUMN reservations.conversions IS 'Currency, rate and day of the rate at each level whose line has another currency; empty where none has.';

ALTER TABLE receivables
    ADD COLUMN deposit_minor bigint,
    ADD COLUMN exposure_treatment text,
    ADD COLUMN product_exposure_minor bigint,
    ADD COLUMN customer_exposure_minor bigint,
    ADD COLUMN group_exposure_minor bigint,
    ADD COLUMN conversions jsonb;
UPDATE receivables r SET
    deposit_minor = 0,
    exposure_treatment = p.exposure_treatment,
    product_exposure_minor = CASE WHEN r.product_line_id IS NULL THEN NULL ELSE r.amount_minor END,
    customer_exposure_minor = CASE WHEN r.customer_line_id IS NULL THEN NULL ELSE r.amount_minor END,
    group_exposure_minor = CASE WHEN r.group_line_id IS NULL THEN NULL ELSE r.amount_minor END
    FROM products p WHERE p.code = r.product;
ALTER TABLE receivables
    ALTER COLUMN deposit_minor SET NOT NULL,
    ALTER COLUMN exposure_treatment SET NOT NULL,
    ADD CONSTRAINT receivables_deposit_range CHECK (deposit_minor BETWEEN 0 AND amount_minor),
    ADD CONSTRAINT receivables_treatment_known CHECK (exposure_treatment IN ('gross', 'net_of_deposit')),
    ADD CONSTRAINT receivables_exposure_range CHECK (product_exposure_minor BETWEEN 0 AND 1000000000000000
        AND customer_exposure_minor BETWEEN 0 AND 1000000000000000 AND group_exposure_minor BETWEEN 0 AND 1000000000000000),
    ADD CONSTRAINT receivables_exposure_with_line CHECK ((product_line_id IS NULL) = (product_exposure_minor IS NULL)
        AND (customer_line_id IS NULL) = (customer_exposure_minor IS NULL)
        AND (group_line_id IS NULL) = (group_exposure_minor IS NULL));
COMMENT ON COLUMN receivables.deposit_minor IS 'Cash deposit for it, minor units of its own currency.';
COMMENT ON COLUMN receivables.exposure_treatment IS 'How the deposit counts, as the product had it then.';
COMMENT ON COLUMN receivables.product_exposure_minor IS 'What the whole of it counts on the product line, in the currency of that line.';
COMMENT ON COLUMN receivables.customer_exposure_minor IS 'What the whole of it counts on the unified line, in the currency of that line.';
COMMENT ON COLUMN receivables.group_exposure_minor IS 'What the whole of it counts on the line of the group, in the currency of that line.';
COMMENT ON COLUMN receivables.conversions IS 'Currency, rate and day of the rate at each level whose line has another currency; empty where none has.';

ALTER TABLE credit_movements
    ADD COLUMN original_minor bigint,
    ADD COLUMN original_currency text,
    ADD COLUMN rate_e10 bigint,
    ADD COLUMN rate_date date,
    ADD CONSTRAINT credit_movements_converted_whole CHECK ((original_minor IS NULL) = (original_currency IS NULL)
        AND (original_minor IS NULL) = (rate_e10 IS NULL) AND (original_minor IS NULL) = (rate_date IS NULL));
COMMENT ON COLUMN credit_movements.original_minor IS 'What moved in the currency of the business, less a deposit that counts; empty where it is that of the line.';
COMMENT ON COLUMN credit_movements.original_currency IS 'ISO 4217 currency of the business; empty where it is that of the line.';
COMMENT ON COLUMN credit_movements.rate_e10 IS 'Rate at which it was converted, in units of 1e-10; empty where it is the currency of the line.';
COMMENT ON COLUMN credit_movements.rate_date IS 'Day of the rate, of its older half where it was put together.';
