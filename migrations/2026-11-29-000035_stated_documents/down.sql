ALTER TABLE reservations DROP COLUMN stated_documents;
