-- Why: which documents an order carries is what the caller says, and nobody has looked at them. What was
-- said stays with what was decided by it.
ALTER TABLE reservations ADD COLUMN stated_documents jsonb;
COMMENT ON COLUMN reservations.stated_documents IS 'Types of documents that the caller stated for the latest decision; empty where none were.';
