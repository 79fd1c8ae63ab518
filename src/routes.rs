//! Every operation: the router, the document and the permission grid are made from this list.
//!
//! Method, path and words stand in the attributes of the handler; scope, body, parameters and
//! answer in its signature; the problems of its business in the `http/routes.rs` of its area.

use std::sync::LazyLock;

use crate::platform::http::operation::{Operation, Tag};
use crate::platform::http::problems;
use crate::{
    applications, approvals, catalogue, changes, customers, exposure, reports, route, rules, scores,
};

/// Tags of what belongs to no area.
const TAGS: &[Tag] = &[("problems", "What each problem code means.")];

/// Every operation of the API, described once: that takes longer than starting a server.
pub fn operations() -> &'static [Operation] {
    static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        [
            of_no_area(),
            approvals::http::routes::routes(),
            catalogue::http::routes::routes(),
            customers::http::routes::routes(),
            scores::http::routes::routes(),
            rules::http::routes::routes(),
            exposure::http::routes::routes(),
            applications::http::routes::routes(),
            changes::http::routes::routes(),
            reports::http::routes::routes(),
        ]
        .into_iter()
        .flatten()
        .collect()
    });
    &OPERATIONS
}

/// What belongs to no area.
fn of_no_area() -> Vec<Operation> {
    Operation::of_area(TAGS, vec![route!(problems::list), route!(problems::get)])
}
