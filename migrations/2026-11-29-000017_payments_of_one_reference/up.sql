-- Why: a payment is recorded once for each reference unless somebody says that it is another one, so
-- those there are have to be found whenever one comes in.

CREATE INDEX payments_reference ON payments (bucket, customer_id, reference_key);
