//! Which of the media types on offer a caller prefers (RFC 9110 §12.5.1).

use actix_web::HttpMessage;
use actix_web::http::header::{self, Accept, Header as _, Quality};

use super::operation::JSON;
use super::problem::PROBLEM_JSON;

/// The media type the caller prefers; of equals the one that is offered first. `None` when it takes
/// none of them. Whoever takes problems takes JSON, but prefers whatever else is named.
pub fn preferred(request: &impl HttpMessage, offered: &[&'static str]) -> Option<&'static str> {
    let ranges = Accept::parse(request).map_or_else(|_| Vec::new(), |accept| accept.0);
    if ranges.is_empty() {
        return offered.first().copied();
    }
    // Of several ranges that take a media type, the most precise one decides.
    let quality = |media_type: &str| {
        let matching = ranges.iter().filter_map(|range| {
            let precision = precision(range.item.essence_str(), media_type)?;
            Some((precision, range.quality))
        });
        matching
            .max_by_key(|(precision, _)| *precision)
            .map_or(Quality::ZERO, |(_, quality)| quality)
    };
    let best = offered
        .iter()
        .copied()
        .rev()
        .max_by_key(|media_type| quality(media_type))
        .filter(|media_type| quality(media_type) > Quality::ZERO);
    let takes_problems = ranges
        .iter()
        .any(|range| range.item.essence_str() == PROBLEM_JSON && range.quality > Quality::ZERO);
    best.or_else(|| (takes_problems && offered.contains(&JSON)).then_some(JSON))
        // Java up to 18 asks for `*/*; q=.2` where nothing else is set. What cannot be read does
        // not take anything away.
        .or_else(|| (ranges.len() < members(request)).then(|| offered.first().copied())?)
}

/// How many media ranges were written down, whether or not they can be read.
fn members(request: &impl HttpMessage) -> usize {
    let values = request.headers().get_all(header::ACCEPT);
    let members = values.filter_map(|value| value.to_str().ok());
    let members = members.flat_map(|value| value.split(','));
    members.filter(|member| !member.trim().is_empty()).count()
}

/// How precisely a media range names a media type; `None` where it does not take it.
fn precision(range: &str, media_type: &str) -> Option<u8> {
    let (family, kind) = range.split_once('/')?;
    match (family, kind) {
        ("*", _) => Some(0),
        (_, "*") => (media_type.split_once('/')?.0 == family).then_some(1),
        _ => (media_type == range).then_some(2),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const CSV: &str = "text/csv";

    fn choose(accept: &'static str, offered: &[&'static str]) -> Option<&'static str> {
        let request = TestRequest::default().insert_header(("accept", accept));
        preferred(&request.to_http_request(), offered)
    }

    #[test]
    fn accept_has_to_leave_room_for_json_where_there_is_nothing_else() {
        for fine in [
            "*/*",
            "",
            "text/html, application/json;q=0.5",
            "application/*",
            "application/problem+json",
            "APPLICATION/JSON",
            "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
        ] {
            assert_eq!(choose(fine, &[JSON]), Some(JSON), "{fine}");
        }
        for refused in [
            "text/html",
            "application/json;q=0",
            "application/json; q=0.000",
            "*/*;q=1, application/json;q=0",
            "text/csv",
        ] {
            assert_eq!(choose(refused, &[JSON]), None, "{refused}");
        }
    }

    #[test]
    fn the_heavier_and_then_the_first_offer_wins() {
        for (accept, expected) in [
            ("text/csv", Some(CSV)),
            ("text/*", Some(CSV)),
            ("text/csv, application/problem+json", Some(CSV)),
            ("text/csv, application/json;q=0.9", Some(CSV)),
            ("text/csv;q=0.25, application/json;q=0.3", Some(JSON)),
            ("text/csv, application/json", Some(JSON)),
            ("*/*, text/csv;q=0", Some(JSON)),
            ("text/csv;q=0, application/problem+json", Some(JSON)),
            ("*/*;q=0.1, text/csv;header=present", Some(CSV)),
            ("text/html", None),
        ] {
            assert_eq!(choose(accept, &[JSON, CSV]), expected, "{accept}");
        }
        let asks_for_nothing = TestRequest::default().to_http_request();
        assert_eq!(preferred(&asks_for_nothing, &[JSON, CSV]), Some(JSON));
    }
}
