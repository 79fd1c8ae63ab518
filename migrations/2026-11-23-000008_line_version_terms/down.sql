ALTER TABLE credit_line_versions
    DROP COLUMN deposit_share_bp,
    DROP COLUMN conditions;
