ALTER TABLE pending_changes DROP CONSTRAINT pending_changes_kind_known;
ALTER TABLE pending_changes ADD CONSTRAINT pending_changes_kind_known CHECK (kind IN ('authority_rules', 'credit_policy', 'check_rule_set', 'product', 'company_figure', 'exchange_rates', 'customer_score', 'expected_sales', 'customer', 'dunning_level', 'restriction_end'));
DROP TABLE customer_adverse_events;
