-- Why: credit is measured against what the company itself is worth (concentration, policy P02). Such
-- figures come from statements of a day and are corrected later, so each is kept with its day and
-- none is rewritten: a correction is a new row.

CREATE TABLE company_figures (
    figure text NOT NULL,
    as_of date NOT NULL,
    revision integer NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    source text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (figure, as_of, revision),
    CONSTRAINT company_figures_figure_known CHECK (figure IN ('net_capital')),
    CONSTRAINT company_figures_revision_positive CHECK (revision >= 1),
    CONSTRAINT company_figures_amount_range CHECK (amount_minor BETWEEN 1 AND 1000000000000000)
);
COMMENT ON TABLE company_figures IS 'Figures of the company itself, by the day they are true of. The latest revision of a day counts. Append-only reference data.';
COMMENT ON COLUMN company_figures.figure IS 'What is stated, such as net_capital.';
COMMENT ON COLUMN company_figures.as_of IS 'Day of which it is true, and from which it is in force.';
COMMENT ON COLUMN company_figures.revision IS '1, 2, 3 … for each figure and day: corrections count up.';
COMMENT ON COLUMN company_figures.amount_minor IS 'Amount in minor units.';
COMMENT ON COLUMN company_figures.currency IS 'ISO 4217 currency, that of the company''s accounts.';
COMMENT ON COLUMN company_figures.source IS 'Where it comes from, such as the audited accounts of a year.';
COMMENT ON COLUMN company_figures.recorded_by IS 'Principal who recorded it.';
COMMENT ON COLUMN company_figures.recorded_at IS 'Instant of recording.';

CREATE TRIGGER company_figures_append_only BEFORE UPDATE OR DELETE ON company_figures
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER company_figures_no_truncate BEFORE TRUNCATE ON company_figures
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON company_figures TO shouxin_service;
