//! The life of a line.

mod adverse_events;
mod conflicts;
mod contracts;
mod histories;
mod lifecycle;
