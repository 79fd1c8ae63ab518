DROP INDEX reservations_given_back;
ALTER TABLE receivables DROP COLUMN term_exceeded;
