-- Why: goods that are gone are on record whatever their term; that it is longer than approved is on
-- record with them. And a past day is asked what had expired by then, whenever that was given back.
ALTER TABLE receivables ADD COLUMN term_exceeded boolean NOT NULL DEFAULT false;
ALTER TABLE receivables ALTER COLUMN term_exceeded DROP DEFAULT;
COMMENT ON COLUMN receivables.term_exceeded IS 'Posted as a fact although it is due later than the lines and the product allow.';
CREATE INDEX reservations_given_back ON reservations (updated_at) WHERE status = 'expired';
