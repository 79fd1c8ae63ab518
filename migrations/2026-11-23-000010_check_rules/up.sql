-- Why: which customers may be supplied on credit is more than room. The rules that refuse or refer an
-- order change over time, so they are versions that are never rewritten; exclusions, supply holds and
-- dunning levels are facts about a customer that are recorded, never changed, and ended by another fact.

CREATE TABLE check_rule_sets (
    version integer PRIMARY KEY,
    effective_from date NOT NULL,
    rules jsonb NOT NULL,
    note text,
    published_by text NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT check_rule_sets_version_positive CHECK (version >= 1)
);
COMMENT ON TABLE check_rule_sets IS 'Versions of the rules of credit checks beside the room of lines. Append-only reference data.';
COMMENT ON COLUMN check_rule_sets.version IS 'Version, from 1.';
COMMENT ON COLUMN check_rule_sets.effective_from IS 'First day of effect.';
COMMENT ON COLUMN check_rule_sets.rules IS 'The rules.';
COMMENT ON COLUMN check_rule_sets.note IS 'Why it was published.';
COMMENT ON COLUMN check_rule_sets.published_by IS 'Principal who published it.';
COMMENT ON COLUMN check_rule_sets.published_at IS 'Instant of publication.';
CREATE TRIGGER check_rule_sets_append_only BEFORE UPDATE OR DELETE ON check_rule_sets
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER check_rule_sets_no_truncate BEFORE TRUNCATE ON check_rule_sets
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON check_rule_sets TO shouxin_service;

CREATE TABLE customer_restrictions (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    org_path text NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    restricted_from date NOT NULL,
    restricted_until date,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    CONSTRAINT customer_restrictions_kind_known CHECK (kind IN ('exclusion', 'supply_hold')),
    CONSTRAINT customer_restrictions_window CHECK (restricted_until >= restricted_from)
);
COMMENT ON TABLE customer_restrictions IS 'Exclusions from credit and supply holds of customers, with their days. Append-only.';
COMMENT ON COLUMN customer_restrictions.bucket IS 'Home of the customer.';
COMMENT ON COLUMN customer_restrictions.id IS 'Identifier.';
COMMENT ON COLUMN customer_restrictions.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_restrictions.org_path IS 'Organisation of the customer.';
COMMENT ON COLUMN customer_restrictions.kind IS 'exclusion or supply_hold.';
COMMENT ON COLUMN customer_restrictions.reason IS 'Why; not for everybody.';
COMMENT ON COLUMN customer_restrictions.restricted_from IS 'First day.';
COMMENT ON COLUMN customer_restrictions.restricted_until IS 'Last day; empty until somebody ends it.';
COMMENT ON COLUMN customer_restrictions.recorded_by IS 'Principal who recorded it.';
COMMENT ON COLUMN customer_restrictions.recorded_at IS 'Instant of recording.';
CREATE INDEX customer_restrictions_customer ON customer_restrictions (bucket, customer_id, kind, id);
CREATE INDEX customer_restrictions_org ON customer_restrictions (org_path text_pattern_ops, kind, id);
CREATE TRIGGER customer_restrictions_append_only BEFORE UPDATE OR DELETE ON customer_restrictions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER customer_restrictions_no_truncate BEFORE TRUNCATE ON customer_restrictions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON customer_restrictions TO shouxin_service;

-- Without a foreign key: a restriction is never deleted, and TRUNCATE of it is to meet the trigger.
CREATE TABLE customer_restriction_ends (
    bucket smallint NOT NULL,
    restriction_id uuid NOT NULL,
    ended_on date NOT NULL,
    reason text NOT NULL,
    ended_by text NOT NULL,
    ended_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, restriction_id)
);
COMMENT ON TABLE customer_restriction_ends IS 'Restrictions that were ended before their last day. Append-only.';
COMMENT ON COLUMN customer_restriction_ends.bucket IS 'Home of the customer.';
COMMENT ON COLUMN customer_restriction_ends.restriction_id IS 'The restriction.';
COMMENT ON COLUMN customer_restriction_ends.ended_on IS 'Day from which it holds no more.';
COMMENT ON COLUMN customer_restriction_ends.reason IS 'Why it was ended.';
COMMENT ON COLUMN customer_restriction_ends.ended_by IS 'Principal who ended it.';
COMMENT ON COLUMN customer_restriction_ends.ended_at IS 'Instant.';
CREATE TRIGGER customer_restriction_ends_append_only BEFORE UPDATE OR DELETE ON customer_restriction_ends
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER customer_restriction_ends_no_truncate BEFORE TRUNCATE ON customer_restriction_ends
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON customer_restriction_ends TO shouxin_service;

CREATE TABLE customer_dunning_levels (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    level smallint NOT NULL,
    as_of date NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id),
    CONSTRAINT customer_dunning_levels_range CHECK (level BETWEEN 0 AND 9)
);
COMMENT ON TABLE customer_dunning_levels IS 'How far customers have been dunned, as recorded. The latest of a day counts. Append-only.';
COMMENT ON COLUMN customer_dunning_levels.bucket IS 'Home of the customer.';
COMMENT ON COLUMN customer_dunning_levels.id IS 'Identifier.';
COMMENT ON COLUMN customer_dunning_levels.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_dunning_levels.level IS 'Level: 0 is none, 9 the last.';
COMMENT ON COLUMN customer_dunning_levels.as_of IS 'Day from which it is true.';
COMMENT ON COLUMN customer_dunning_levels.recorded_by IS 'Principal who recorded it.';
COMMENT ON COLUMN customer_dunning_levels.recorded_at IS 'Instant of recording.';
CREATE INDEX customer_dunning_levels_latest ON customer_dunning_levels (bucket, customer_id, as_of, id);
CREATE TRIGGER customer_dunning_levels_append_only BEFORE UPDATE OR DELETE ON customer_dunning_levels
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER customer_dunning_levels_no_truncate BEFORE TRUNCATE ON customer_dunning_levels
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON customer_dunning_levels TO shouxin_service;
