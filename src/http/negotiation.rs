//! Which of the media types on offer a caller prefers (RFC 9110 §12.5.1).

use actix_web::http::header::{self, HeaderMap};

use super::operation::JSON;
use super::problem::PROBLEM_JSON;

/// The media type the caller prefers; of equals the one that is offered first. `None` when it takes
/// none of them. Whoever takes problems takes JSON, but prefers whatever else is named.
pub fn preferred(headers: &HeaderMap, offered: &[&'static str]) -> Option<&'static str> {
    let ranges: Vec<Range> = headers
        .get_all(header::ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(Range::parse)
        .collect();
    if ranges.is_empty() {
        return offered.first().copied();
    }
    let quality = |media_type: &str| {
        let matching = ranges.iter().filter(|range| range.takes(media_type));
        matching
            .max_by_key(|range| range.precision())
            .map_or(0, |range| range.quality)
    };
    let best = offered
        .iter()
        .copied()
        .rev()
        .max_by_key(|media_type| quality(media_type))
        .filter(|media_type| quality(media_type) > 0);
    let takes_problems = ranges
        .iter()
        .any(|range| range.name == PROBLEM_JSON && range.quality > 0);
    best.or_else(|| (takes_problems && offered.contains(&JSON)).then_some(JSON))
}

/// One media range of `Accept`.
struct Range {
    name: String,
    /// Weight in thousandths.
    quality: u32,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mut pieces = text.split(';').map(str::trim);
        let name = pieces
            .next()
            .filter(|name| !name.is_empty())?
            .to_ascii_lowercase();
        let quality = pieces
            .find_map(|piece| {
                piece
                    .strip_prefix("q=")
                    .or_else(|| piece.strip_prefix("Q="))
            })
            .map_or(1000, thousandths);
        Some(Self { name, quality })
    }

    fn takes(&self, media_type: &str) -> bool {
        match self.name.strip_suffix("/*") {
            Some("*") => true,
            Some(family) => media_type
                .split_once('/')
                .is_some_and(|(own, _)| own == family),
            None => self.name == media_type,
        }
    }

    /// Of several ranges that take a media type, the most precise one decides.
    fn precision(&self) -> u8 {
        match self.name.strip_suffix("/*") {
            Some("*") => 0,
            Some(_) => 1,
            None => 2,
        }
    }
}

/// A weight such as `0.75`. What cannot be read does not take anything away.
fn thousandths(text: &str) -> u32 {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    match whole {
        "0" => format!("{places:0<3}")
            .get(..3)
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(1000),
        _ => 1000,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const CSV: &str = "text/csv";

    fn choose(accept: &'static str, offered: &[&'static str]) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        preferred(&headers, offered)
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
        assert_eq!(preferred(&HeaderMap::new(), &[JSON, CSV]), Some(JSON));
    }
}
