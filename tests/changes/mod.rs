//! Changes that loosen wait for a second person, whatever they change.

mod documents;
mod facts;
