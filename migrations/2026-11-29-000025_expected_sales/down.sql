DROP TABLE customer_expected_sales;
