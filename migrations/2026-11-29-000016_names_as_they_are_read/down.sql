DROP INDEX referrals_released;
DROP INDEX receivables_number;
DROP INDEX receivables_number_unique;
DROP INDEX reservations_reference;

ALTER TABLE reservations DROP COLUMN reference_key;
ALTER TABLE receivables DROP COLUMN number_key;
ALTER TABLE payments DROP COLUMN reference_key;
ALTER TABLE referrals DROP COLUMN reference_key;

CREATE UNIQUE INDEX reservations_reference ON reservations (bucket, customer_id, reference);
ALTER TABLE receivables ADD CONSTRAINT receivables_number_unique UNIQUE (bucket, customer_id, number);
CREATE INDEX receivables_number ON receivables (number);
CREATE INDEX referrals_released ON referrals (bucket, customer_id, reference) WHERE status = 'released';
