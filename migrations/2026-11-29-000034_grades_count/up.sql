-- Why: whether a customer pays before delivery is asked for every order, so what is known of its grade
-- stands in the row that every order reads, and no statement is added to the way. And goods that are
-- gone although the customer pays before delivery are on record as such.
ALTER TABLE customers
    ADD COLUMN grade text,
    ADD COLUMN graded_on date,
    ADD COLUMN grade_valid_until date,
    ADD CONSTRAINT customers_grade CHECK (grade IN ('A', 'B', 'C', 'D')),
    ADD CONSTRAINT customers_graded CHECK (num_nulls(grade, graded_on, grade_valid_until) IN (0, 3));
COMMENT ON COLUMN customers.grade IS 'Grade of the latest score; empty without one.';
COMMENT ON COLUMN customers.graded_on IS 'Day of the latest score.';
COMMENT ON COLUMN customers.grade_valid_until IS 'Last day on which the latest score may be relied on.';
UPDATE customers SET grade = latest.grade, graded_on = latest.scored_on, grade_valid_until = latest.valid_until
FROM (
    SELECT DISTINCT ON (bucket, customer_id) bucket, customer_id, grade, scored_on, valid_until
    FROM customer_scores ORDER BY bucket, customer_id, scored_on DESC, id DESC
) latest
WHERE customers.bucket = latest.bucket AND customers.id = latest.customer_id;

ALTER TABLE receivables ADD COLUMN cash_only boolean NOT NULL DEFAULT false;
ALTER TABLE receivables ALTER COLUMN cash_only DROP DEFAULT;
COMMENT ON COLUMN receivables.cash_only IS 'Posted as a fact although the customer pays before delivery by the credit policy.';
