-- Why: SO-9 and so-９ are one order to everybody but a computer. Names are compared by a key that stands
-- beside them; the unique indexes keep their names, because the service knows them by these.

ALTER TABLE reservations ADD COLUMN reference_key text;
UPDATE reservations SET reference_key = lower(btrim(regexp_replace(normalize(reference, NFKC), '[[:space:]]+', ' ', 'g')));
-- Of names that were two so far the later one keeps a name of its own.
UPDATE reservations AS t SET reference_key = t.reference_key || ' #' || t.id
    WHERE EXISTS (SELECT FROM reservations AS o WHERE o.bucket = t.bucket AND o.customer_id = t.customer_id
        AND o.reference_key = t.reference_key AND o.id < t.id);
ALTER TABLE reservations ALTER COLUMN reference_key SET NOT NULL;
ALTER TABLE reservations ALTER COLUMN reference_key SET STATISTICS 10;
COMMENT ON COLUMN reservations.reference_key IS 'The reference as it is compared: whatever its width, case and runs of space.';

ALTER TABLE receivables ADD COLUMN number_key text;
UPDATE receivables SET number_key = lower(btrim(regexp_replace(normalize(number, NFKC), '[[:space:]]+', ' ', 'g')));
-- Of names that were two so far the later one keeps a name of its own.
UPDATE receivables AS t SET number_key = t.number_key || ' #' || t.id
    WHERE EXISTS (SELECT FROM receivables AS o WHERE o.bucket = t.bucket AND o.customer_id = t.customer_id
        AND o.number_key = t.number_key AND o.id < t.id);
ALTER TABLE receivables ALTER COLUMN number_key SET NOT NULL;
ALTER TABLE receivables ALTER COLUMN number_key SET STATISTICS 10;
COMMENT ON COLUMN receivables.number_key IS 'The number as it is compared: whatever its width, case and runs of space.';

ALTER TABLE payments ADD COLUMN reference_key text;
UPDATE payments SET reference_key = lower(btrim(regexp_replace(normalize(reference, NFKC), '[[:space:]]+', ' ', 'g')));
ALTER TABLE payments ALTER COLUMN reference_key SET NOT NULL;
ALTER TABLE payments ALTER COLUMN reference_key SET STATISTICS 10;
COMMENT ON COLUMN payments.reference_key IS 'The reference as it is compared: whatever its width, case and runs of space.';

ALTER TABLE referrals ADD COLUMN reference_key text;
UPDATE referrals SET reference_key = lower(btrim(regexp_replace(normalize(reference, NFKC), '[[:space:]]+', ' ', 'g')));
ALTER TABLE referrals ALTER COLUMN reference_key SET NOT NULL;
COMMENT ON COLUMN referrals.reference_key IS 'The reference as it is compared: whatever its width, case and runs of space.';

DROP INDEX reservations_reference;
CREATE UNIQUE INDEX reservations_reference ON reservations (bucket, customer_id, reference_key);
ALTER TABLE receivables DROP CONSTRAINT receivables_number_unique;
CREATE UNIQUE INDEX receivables_number_unique ON receivables (bucket, customer_id, number_key);
DROP INDEX receivables_number;
CREATE INDEX receivables_number ON receivables (number_key);
DROP INDEX referrals_released;
CREATE INDEX referrals_released ON referrals (bucket, customer_id, reference_key) WHERE status = 'released';

-- Keys of company names fold the same compatibility forms from now on.
UPDATE customers SET name_key = lower(normalize(name_key, NFKC)) WHERE name_key <> '' AND name_key IS NOT NFKC NORMALIZED;
