-- Why: money that came and settles nothing yet is money all the same, and what it covers is nobody's
-- risk. What it covered when a movement was decided stands with the movement, so that the ledger
-- goes on proving that no decision went over its limit.
CREATE INDEX payments_unapplied ON payments (bucket, customer_id) WHERE unapplied_minor > 0;
ALTER TABLE credit_movements ADD COLUMN covered_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE credit_movements ALTER COLUMN covered_minor DROP DEFAULT;
ALTER TABLE credit_movements DROP CONSTRAINT credit_movements_within_limit;
ALTER TABLE credit_movements
    ADD CONSTRAINT credit_movements_covered_not_negative CHECK (covered_minor >= 0) NOT VALID,
    ADD CONSTRAINT credit_movements_within_limit CHECK (NOT within_limit OR limit_minor IS NULL
        OR held_after_minor + drawn_after_minor + consumed_after_minor - covered_minor <= limit_minor) NOT VALID;
ALTER TABLE credit_movements VALIDATE CONSTRAINT credit_movements_covered_not_negative;
ALTER TABLE credit_movements VALIDATE CONSTRAINT credit_movements_within_limit;
COMMENT ON COLUMN credit_movements.covered_minor IS 'What money on account took off what was used, where the limit had to hold.';
COMMENT ON COLUMN credit_lines.moved_at IS 'Instant of the latest movement, or change of money on account that counts there; never going back.';
