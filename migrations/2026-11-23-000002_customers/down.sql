DROP TABLE credit_group_members;
DROP TABLE credit_groups;
DROP TABLE customer_versions;
DROP TABLE customer_keys;
DROP TABLE customer_codes;
DROP TABLE customers;
