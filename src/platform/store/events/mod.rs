//! The change feed: written by the transactions that change something, read in commit order.

pub mod feed;
pub mod writing;
