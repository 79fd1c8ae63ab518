DROP TABLE credit_movements;
DROP TABLE payment_allocations;
DROP TABLE payments;
DROP TABLE receivables;
DROP TABLE reservations;
