-- Why: what a line was on a past day includes its deposit share and its conditions. They were kept
-- on the line alone, so that a change of terms rewrote what was told of the days before. Versions
-- from before this migration get what was told of them until now.

ALTER TABLE credit_line_versions
    ADD COLUMN deposit_share_bp integer,
    ADD COLUMN conditions text,
    ADD CONSTRAINT credit_line_versions_deposit_share_range CHECK (deposit_share_bp BETWEEN 0 AND 10000);
COMMENT ON COLUMN credit_line_versions.deposit_share_bp IS 'Deposit share asked for, in basis points; empty takes that of the product.';
COMMENT ON COLUMN credit_line_versions.conditions IS 'Conditions of the credit.';

ALTER TABLE credit_line_versions DISABLE TRIGGER credit_line_versions_append_only;
UPDATE credit_line_versions v SET deposit_share_bp = l.deposit_share_bp, conditions = l.conditions
    FROM credit_lines l WHERE l.bucket = v.bucket AND l.id = v.line_id
    AND (l.deposit_share_bp IS NOT NULL OR l.conditions IS NOT NULL);
ALTER TABLE credit_line_versions ENABLE TRIGGER credit_line_versions_append_only;
