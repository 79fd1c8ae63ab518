DROP TABLE customer_blind_indexes;
