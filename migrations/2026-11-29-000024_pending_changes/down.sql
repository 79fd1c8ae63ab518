ALTER TABLE exchange_rates DROP COLUMN corrects, DROP COLUMN confirmed_by;
ALTER TABLE customer_scores DROP COLUMN confirmed_by;
ALTER TABLE customer_restriction_ends DROP COLUMN confirmed_by;
ALTER TABLE customer_dunning_levels DROP COLUMN confirmed_by;
ALTER TABLE credit_policies DROP COLUMN confirmed_by;
ALTER TABLE company_figures DROP COLUMN confirmed_by;
ALTER TABLE check_rule_sets DROP COLUMN confirmed_by;
ALTER TABLE authority_rule_sets DROP COLUMN confirmed_by;
DROP TABLE pending_changes;
