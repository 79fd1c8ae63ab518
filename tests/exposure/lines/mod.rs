//! The life of a line.

mod conflicts;
mod contracts;
mod histories;
mod lifecycle;
