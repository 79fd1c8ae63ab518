-- Why: what happened to a customer has its effect on its lines at once, and is on record with its day, what
-- shows it, and who recorded it. That it did not happen after all is another fact, which a second person
-- confirms.
CREATE TABLE customer_adverse_events (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    kind text NOT NULL,
    occurred_on date NOT NULL,
    evidence text NOT NULL,
    reverses uuid,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    confirmed_by text,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    FOREIGN KEY (bucket, reverses) REFERENCES customer_adverse_events (bucket, id),
    CONSTRAINT customer_adverse_events_kind_known CHECK (kind IN ('default', 'lawsuit', 'insolvency', 'deterioration', 'other'))
);
COMMENT ON TABLE customer_adverse_events IS 'What happened to customers that concerns their credit. Append-only.';
COMMENT ON COLUMN customer_adverse_events.bucket IS 'Home of the customer.';
COMMENT ON COLUMN customer_adverse_events.id IS 'Identifier.';
COMMENT ON COLUMN customer_adverse_events.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_adverse_events.kind IS 'What happened.';
COMMENT ON COLUMN customer_adverse_events.occurred_on IS 'Day on which it happened, or on which it turned out that it did not.';
COMMENT ON COLUMN customer_adverse_events.evidence IS 'What shows it.';
COMMENT ON COLUMN customer_adverse_events.reverses IS 'The one that did not happen after all; empty for what happened.';
COMMENT ON COLUMN customer_adverse_events.recorded_by IS 'Principal who recorded it.';
COMMENT ON COLUMN customer_adverse_events.recorded_at IS 'Instant of recording.';
COMMENT ON COLUMN customer_adverse_events.confirmed_by IS 'Principal who confirmed it; empty where nobody had to.';
CREATE TRIGGER customer_adverse_events_append_only BEFORE UPDATE OR DELETE ON customer_adverse_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER customer_adverse_events_no_truncate BEFORE TRUNCATE ON customer_adverse_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON customer_adverse_events TO shouxin_service;

CREATE INDEX customer_adverse_events_latest ON customer_adverse_events (bucket, customer_id, occurred_on, id);
CREATE UNIQUE INDEX customer_adverse_events_reversed_once ON customer_adverse_events (bucket, reverses)
    WHERE reverses IS NOT NULL;

ALTER TABLE pending_changes DROP CONSTRAINT pending_changes_kind_known;
ALTER TABLE pending_changes ADD CONSTRAINT pending_changes_kind_known CHECK (kind IN ('authority_rules', 'credit_policy', 'check_rule_set', 'product', 'company_figure', 'exchange_rates', 'customer_score', 'expected_sales', 'customer', 'dunning_level', 'restriction_end', 'adverse_event'));
