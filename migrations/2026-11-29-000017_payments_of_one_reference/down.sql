DROP INDEX payments_reference;
