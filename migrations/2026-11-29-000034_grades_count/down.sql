ALTER TABLE receivables DROP COLUMN cash_only;
ALTER TABLE customers DROP COLUMN grade, DROP COLUMN graded_on, DROP COLUMN grade_valid_until;
