DROP TABLE credit_lines;
DROP TABLE credit_applications;
DROP TABLE approval_decisions;
DROP TABLE approval_steps;
DROP TABLE approval_cases;
DROP TABLE products;
