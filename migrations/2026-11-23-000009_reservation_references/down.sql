DROP INDEX reservations_reference;
