//! The archive.

mod persons;
mod searches;
