DROP TABLE customer_dunning_levels;
DROP TABLE customer_restriction_ends;
DROP TABLE customer_restrictions;
DROP TABLE check_rule_sets;
