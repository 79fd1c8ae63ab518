COMMENT ON COLUMN credit_lines.moved_at IS 'Instant of the latest movement, never going back.';
ALTER TABLE credit_movements DROP CONSTRAINT credit_movements_within_limit;
ALTER TABLE credit_movements DROP CONSTRAINT credit_movements_covered_not_negative;
ALTER TABLE credit_movements DROP COLUMN covered_minor;
ALTER TABLE credit_movements
    ADD CONSTRAINT credit_movements_within_limit CHECK (NOT within_limit OR limit_minor IS NULL OR held_after_minor + drawn_after_minor + consumed_after_minor <= limit_minor);
DROP INDEX payments_unapplied;
