//! The rooms of the house: which areas there are, which of them each may use, and how its layers stand
//! upon each other.

use std::collections::BTreeSet;

use super::arrows::Arrow;

/// Each room and those that it may use, besides itself. A room uses only what stands above it in this
/// list, so the list is also the order in which the house is read.
pub const ALLOWED: &[(&str, &[&str])] = &[
    ("values", &[]),
    ("error_codes", &["values"]),
    ("error", &["values", "error_codes"]),
    ("clock", &[]),
    ("crypto", &["values"]),
    ("auth", &["values", "clock", "crypto"]),
    ("config", &["values", "auth", "crypto"]),
    ("telemetry", &["config"]),
    ("devdb", &[]),
    (
        "platform/store",
        &["values", "error_codes", "error", "clock", "crypto"],
    ),
    (
        "platform/http",
        &[
            "values",
            "error_codes",
            "error",
            "clock",
            "crypto",
            "auth",
            "platform/store",
        ],
    ),
    (
        "approvals",
        &[
            "values",
            "error_codes",
            "error",
            "clock",
            "crypto",
            "auth",
            "platform/store",
            "platform/http",
        ],
    ),
    (
        "catalogue",
        &[
            "values",
            "error_codes",
            "error",
            "clock",
            "crypto",
            "auth",
            "platform/store",
            "platform/http",
            "approvals",
        ],
    ),
    (
        "customers",
        &[
            "values",
            "error_codes",
            "error",
            "clock",
            "crypto",
            "auth",
            "platform/store",
            "platform/http",
            "approvals",
        ],
    ),
    (
        "scores",
        &[
            "values",
            "error_codes",
            "error",
            "clock",
            "crypto",
            "auth",
            "platform/store",
            "platform/http",
            "approvals",
            "customers",
        ],
    ),
    (
        "rules",
        &[
            "values",
            "error_codes",
            "error",
            "clock",
            "crypto",
            "auth",
            "platform/store",
            "platform/http",
            "approvals",
            "catalogue",
            "customers",
            "scores",
        ],
    ),
    (
        "exposure",
        &[
            "values",
            "error_codes",
            "error",
            "clock",
            "crypto",
            "auth",
            "platform/store",
            "platform/http",
            "approvals",
            "catalogue",
            "customers",
            "scores",
            "rules",
        ],
    ),
    (
        "applications",
        &[
            "values",
            "error_codes",
            "error",
            "clock",
            "crypto",
            "auth",
            "platform/store",
            "platform/http",
            "approvals",
            "catalogue",
            "customers",
            "scores",
            "rules",
            "exposure",
        ],
    ),
    (
        "collections",
        &[
            "values",
            "error_codes",
            "error",
            "clock",
            "crypto",
            "auth",
            "platform/store",
            "platform/http",
            "approvals",
            "catalogue",
            "customers",
            "scores",
            "rules",
            "exposure",
        ],
    ),
    (
        "confidentiality",
        &[
            "values",
            "error_codes",
            "error",
            "clock",
            "crypto",
            "auth",
            "platform/store",
            "platform/http",
            "approvals",
            "customers",
        ],
    ),
    (
        "changes",
        &[
            "values",
            "error",
            "error_codes",
            "auth",
            "platform/store",
            "platform/http",
            "approvals",
            "catalogue",
            "customers",
            "scores",
            "rules",
            "exposure",
            "applications",
        ],
    ),
    (
        "reports",
        &[
            "values",
            "error_codes",
            "error",
            "clock",
            "crypto",
            "auth",
            "platform/store",
            "platform/http",
            "approvals",
            "catalogue",
            "customers",
            "scores",
            "rules",
            "exposure",
            "applications",
            "collections",
            "confidentiality",
        ],
    ),
    (
        "routes",
        &[
            "error_codes",
            "platform/http",
            "approvals",
            "catalogue",
            "customers",
            "scores",
            "rules",
            "exposure",
            "applications",
            "collections",
            "confidentiality",
            "changes",
            "reports",
        ],
    ),
    (
        "jobs",
        &[
            "values",
            "error",
            "clock",
            "crypto",
            "platform/store",
            "approvals",
            "catalogue",
            "customers",
            "scores",
            "rules",
            "exposure",
            "applications",
            "collections",
            "confidentiality",
            "reports",
        ],
    ),
    (
        "sample",
        &[
            "jobs",
            "values",
            "error",
            "clock",
            "crypto",
            "auth",
            "platform/store",
            "approvals",
            "catalogue",
            "customers",
            "scores",
            "rules",
            "exposure",
            "applications",
            "collections",
            "confidentiality",
            "changes",
            "reports",
        ],
    ),
    (
        "run",
        &[
            "values",
            "error",
            "error_codes",
            "clock",
            "crypto",
            "auth",
            "config",
            "telemetry",
            "devdb",
            "platform/store",
            "platform/http",
            "approvals",
            "catalogue",
            "customers",
            "scores",
            "rules",
            "exposure",
            "applications",
            "collections",
            "confidentiality",
            "changes",
            "reports",
            "routes",
            "jobs",
            "sample",
        ],
    ),
];

/// Rooms whose files stand in layers.
const LAYERED: &[&str] = &[
    "approvals",
    "catalogue",
    "customers",
    "scores",
    "rules",
    "exposure",
    "applications",
    "collections",
    "confidentiality",
    "changes",
    "reports",
];

/// Layers, each of which may use the ones before it.
const LAYERS: &[&str] = &["domain", "store", "app", "http"];

/// The room of a file: the first folder below `src`, or the file itself. What every area stands on is
/// two rooms, since not everybody speaks HTTP.
pub fn room_of(path: &str) -> &str {
    let path = path.trim_start_matches("src/");
    for room in ["platform/http", "platform/store"] {
        if path
            .strip_prefix(room)
            .is_some_and(|rest| rest.starts_with('/'))
        {
            return room;
        }
    }
    path.split('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".rs")
}

/// The layer of a file in an area: the second folder.
fn layer_of(path: &str) -> Option<&str> {
    let mut parts = path.trim_start_matches("src/").split('/');
    let (room, layer) = (parts.next()?, parts.next()?);
    let in_folder = parts.next().is_some();
    (in_folder && (LAYERED.contains(&room) || room == "platform")).then_some(layer)
}

/// Files that stand in no room, or in an area but in none of its layers.
pub fn homeless(path: &str) -> Option<String> {
    let room = room_of(path);
    if !ALLOWED.iter().any(|(name, _)| *name == room)
        && !["lib", "main", "platform"].contains(&room)
    {
        return Some(format!("{path} stands in no room that the table names"));
    }
    let is_area_file = path == format!("src/{room}/mod.rs");
    if LAYERED.contains(&room) && !is_area_file {
        let layer = layer_of(path).unwrap_or_default();
        if !LAYERS.contains(&layer) {
            return Some(format!("{path} stands in no layer of {room}"));
        }
    }
    None
}

/// Arrows that the table does not allow, or that go up the layers.
pub fn forbidden(arrow: &Arrow) -> Option<String> {
    let Arrow { from, to } = arrow;
    let (mine, theirs) = (room_of(from), room_of(to));
    if ["lib", "main", "platform"].contains(&mine) {
        return None;
    }
    if mine != theirs {
        let allowed = ALLOWED
            .iter()
            .find(|(name, _)| *name == mine)
            .is_some_and(|(_, below)| below.contains(&theirs));
        if !allowed {
            return Some(format!("{from} uses {to}: {mine} may not use {theirs}"));
        }
    }
    let rank = |path| layer_of(path).and_then(|layer| LAYERS.iter().position(|one| *one == layer));
    let (above, below) = (rank(from)?, rank(to)?);
    if below > above {
        return Some(format!("{from} uses {to}: a layer uses those below it"));
    }
    let http = LAYERS.len() - 1;
    // What an answer embeds of an area below it is shown as that area shows it.
    let is_view = to.ends_with("_views.rs");
    (above == http && below == http && mine != theirs && theirs != "platform/http" && !is_view)
        .then(|| format!("{from} uses {to}: the HTTP of another area is its own"))
}

/// Rooms of the table that stand above one that they may use.
pub fn out_of_order() -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (room, below) in ALLOWED {
        let unseen = below.iter().filter(|one| !seen.contains(*one));
        wrong.extend(unseen.map(|one| format!("{room} stands before {one}, which it may use")));
        seen.insert(room);
    }
    wrong
}
