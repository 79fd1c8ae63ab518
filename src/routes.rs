//! Every operation: the router, the document and the permission grid are made from this list.
//!
//! Method, path and words stand in the attributes of the handler; scope, body, parameters and
//! answer in its signature; the problems of its business in the `http/routes.rs` of its area.

use std::sync::LazyLock;

use crate::platform::http::operation::Operation;
use crate::platform::http::routes as platform;
use crate::{applications, approvals, catalogue, customers, exposure, reports, rules, scores};

/// Every operation of the API, described once: that takes longer than starting a server.
pub fn operations() -> &'static [Operation] {
    static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        [
            platform::routes(),
            approvals::http::routes::routes(),
            catalogue::http::routes::routes(),
            customers::http::routes::routes(),
            scores::http::routes::routes(),
            rules::http::routes::routes(),
            exposure::http::routes::routes(),
            applications::http::routes::routes(),
            reports::http::routes::routes(),
        ]
        .into_iter()
        .flatten()
        .collect()
    });
    &OPERATIONS
}
