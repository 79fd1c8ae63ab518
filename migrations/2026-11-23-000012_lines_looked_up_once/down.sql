ALTER TABLE credit_movements ADD FOREIGN KEY (bucket, line_id) REFERENCES credit_lines (bucket, id);
ALTER TABLE reservations
    ADD FOREIGN KEY (product) REFERENCES products (code),
    ADD FOREIGN KEY (bucket, product_line_id) REFERENCES credit_lines (bucket, id),
    ADD FOREIGN KEY (bucket, customer_line_id) REFERENCES credit_lines (bucket, id);
ALTER TABLE receivables
    ADD FOREIGN KEY (product) REFERENCES products (code),
    ADD FOREIGN KEY (bucket, product_line_id) REFERENCES credit_lines (bucket, id),
    ADD FOREIGN KEY (bucket, customer_line_id) REFERENCES credit_lines (bucket, id);
