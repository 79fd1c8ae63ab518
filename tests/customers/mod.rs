//! The archive.

mod searches;
