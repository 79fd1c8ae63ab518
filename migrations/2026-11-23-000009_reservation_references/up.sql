-- Why: an order system that is not sure whether its request arrived asks again, perhaps with another
-- key. Its own reference names the order, so the same order never takes limit twice.

CREATE UNIQUE INDEX reservations_reference ON reservations (bucket, customer_id, reference);
