//! What holds for every operation of the document, whatever it does.

mod audience;
mod audit;
mod authorisation;
pub mod document;
mod events;
mod idempotency;
mod jwt;
mod preconditions;
mod transient;
