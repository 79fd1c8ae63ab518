//! The operations that belong to no area.

use super::operation::{Operation, Tag};
use super::problems;
use crate::route;

/// Tags of its operations, and what each means.
const TAGS: &[Tag] = &[("problems", "What each problem code means.")];

/// Each of them, once.
pub fn routes() -> Vec<Operation> {
    Operation::of_area(TAGS, vec![route!(problems::list), route!(problems::get)])
}
