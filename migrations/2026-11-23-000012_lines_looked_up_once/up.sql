-- Why: what stands on a line is only ever written under the lock of that line, so PostgreSQL looked
-- up and locked each line again for every row, three times for one reservation: a third of what
-- writing it cost, and that while everybody else waited for the line. The product was worse: every
-- transaction of the company locked the same row. Lines and products cannot be deleted by the
-- service, nor by hand while they have versions; `verify ledger` tells of rows that stand on no line.

ALTER TABLE credit_movements DROP CONSTRAINT credit_movements_bucket_line_id_fkey;
ALTER TABLE reservations
    DROP CONSTRAINT reservations_product_fkey,
    DROP CONSTRAINT reservations_bucket_product_line_id_fkey,
    DROP CONSTRAINT reservations_bucket_customer_line_id_fkey;
ALTER TABLE receivables
    DROP CONSTRAINT receivables_product_fkey,
    DROP CONSTRAINT receivables_bucket_product_line_id_fkey,
    DROP CONSTRAINT receivables_bucket_customer_line_id_fkey;
