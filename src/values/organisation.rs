//! Where in the company somebody works: a path through the organisation's tree.
//!
//! A person sees what belongs to their own unit and to the units below it, so the one
//! question that matters is [`OrgPath::contains`].

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest path, in characters (all of them ASCII).
pub const PATH_CHARACTERS_MAX: usize = 200;
/// The deepest path.
pub const SEGMENTS_MAX: usize = 8;
/// The longest name of one unit within a path.
pub const SEGMENT_CHARACTERS_MAX: usize = 40;

/// A unit of the organisation, named from the root down: `head-office/east/shanghai/sales-1`.
///
/// Each segment is `[a-z0-9][a-z0-9-]*`. A value of this type is always a valid path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct OrgPath(String);

/// Why a text is not an organisation path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OrgPathError {
    /// The whole path is too long.
    #[error("an organisation path has at most {PATH_CHARACTERS_MAX} characters")]
    TooLong,
    /// The path goes too deep.
    #[error("an organisation path has at most {SEGMENTS_MAX} segments")]
    TooDeep,
    /// A segment is empty, which also covers the empty path and a leading or trailing slash.
    #[error("an organisation path has no empty segment")]
    EmptySegment,
    /// A segment is too long.
    #[error("a segment of an organisation path has at most {SEGMENT_CHARACTERS_MAX} characters")]
    SegmentTooLong,
    /// A segment has a character outside `[a-z0-9-]`, or begins with a hyphen.
    #[error("a segment of an organisation path is lower-case letters, digits and inner hyphens")]
    SegmentMalformed,
}

impl OrgPath {
    /// The company itself, at the top of every path by convention.
    pub fn root() -> Self {
        Self("head-office".to_owned())
    }

    /// The unit on the way down to this one that stands `depth` segments from the top; this one
    /// where it is no deeper.
    pub fn at_depth(&self, depth: usize) -> Self {
        let end = self
            .0
            .match_indices('/')
            .nth(depth.max(1) - 1)
            .map_or(self.0.len(), |(place, _)| place);
        Self(self.0[..end].to_owned())
    }

    /// Reads a path; nothing is trimmed, folded or repaired.
    pub fn parse(text: &str) -> Result<Self, OrgPathError> {
        if text.len() > PATH_CHARACTERS_MAX {
            return Err(OrgPathError::TooLong);
        }
        if text.split('/').count() > SEGMENTS_MAX {
            return Err(OrgPathError::TooDeep);
        }
        text.split('/').try_for_each(check_segment)?;
        Ok(Self(text.to_owned()))
    }

    /// The path as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `other` is this unit or lies below it.
    ///
    /// Whole segments are compared: `head-office/east` does not contain `head-office/eastern`.
    pub fn contains(&self, other: &Self) -> bool {
        match other.0.strip_prefix(&self.0) {
            Some(rest) => rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }

    /// The lowest unit that contains both, if they are of one tree.
    pub fn common(&self, other: &Self) -> Option<Self> {
        let shared: Vec<&str> = self
            .0
            .split('/')
            .zip(other.0.split('/'))
            .take_while(|(one, another)| one == another)
            .map(|(segment, _)| segment)
            .collect();
        (!shared.is_empty()).then(|| Self(shared.join("/")))
    }

    /// What the path of every unit below this one begins with: `head-office/east/`.
    ///
    /// A query for the subtree asks for this prefix or the path itself.
    pub fn subtree_prefix(&self) -> String {
        format!("{}/", self.0)
    }
}

fn check_segment(segment: &str) -> Result<(), OrgPathError> {
    let Some(first) = segment.bytes().next() else {
        return Err(OrgPathError::EmptySegment);
    };
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if first == b'-' || !segment.bytes().all(legal) {
        return Err(OrgPathError::SegmentMalformed);
    }
    if segment.len() > SEGMENT_CHARACTERS_MAX {
        return Err(OrgPathError::SegmentTooLong);
    }
    Ok(())
}

impl fmt::Display for OrgPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for OrgPath {
    type Error = OrgPathError;

    fn try_from(text: String) -> Result<Self, OrgPathError> {
        Self::parse(&text)
    }
}

impl From<OrgPath> for String {
    fn from(path: OrgPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> OrgPath {
        OrgPath::parse(text).unwrap()
    }

    #[test]
    fn parse_accepts_lower_case_segments() {
        let longest_segment = "a".repeat(SEGMENT_CHARACTERS_MAX);
        for text in [
            "a",
            "0",
            "head-office",
            "head-office/east/shanghai/sales-1",
            "a/b/c/d/e/f/g/h",
            "a-",
            "a--b",
            longest_segment.as_str(),
        ] {
            assert_eq!(path(text).as_str(), text);
        }
    }

    #[test]
    fn parse_refuses_everything_else() {
        let long_segment = "a".repeat(SEGMENT_CHARACTERS_MAX + 1);
        let long_path = ["a".repeat(39).as_str(); 6].join("/");
        for (text, expected) in [
            ("", OrgPathError::EmptySegment),
            ("/", OrgPathError::EmptySegment),
            ("/a", OrgPathError::EmptySegment),
            ("a/", OrgPathError::EmptySegment),
            ("a//b", OrgPathError::EmptySegment),
            ("A", OrgPathError::SegmentMalformed),
            ("-a", OrgPathError::SegmentMalformed),
            ("a/-b", OrgPathError::SegmentMalformed),
            ("a b", OrgPathError::SegmentMalformed),
            ("a_b", OrgPathError::SegmentMalformed),
            ("a/../b", OrgPathError::SegmentMalformed),
            ("a/%", OrgPathError::SegmentMalformed),
            ("a\n", OrgPathError::SegmentMalformed),
            ("上海", OrgPathError::SegmentMalformed),
            ("a/b/c/d/e/f/g/h/i", OrgPathError::TooDeep),
            (&long_segment, OrgPathError::SegmentTooLong),
            (&long_path, OrgPathError::TooLong),
        ] {
            assert_eq!(OrgPath::parse(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn parse_accepts_the_longest_path() {
        let text = [
            "a".repeat(40),
            "b".repeat(40),
            "c".repeat(40),
            "d".repeat(40),
            "e".repeat(36),
        ]
        .join("/");
        assert_eq!(text.len(), PATH_CHARACTERS_MAX);
        assert_eq!(path(&text).as_str(), text);
    }

    #[test]
    fn common_is_the_lowest_unit_that_contains_both() {
        for (one, other, expected) in [
            ("head-office", "head-office/east", Some("head-office")),
            (
                "head-office/east",
                "head-office/eastern",
                Some("head-office"),
            ),
            (
                "head-office/east/a",
                "head-office/east/b",
                Some("head-office/east"),
            ),
            (
                "head-office/east",
                "head-office/east",
                Some("head-office/east"),
            ),
            ("head-office", "elsewhere", None),
        ] {
            let expected = expected.map(path);
            assert_eq!(path(one).common(&path(other)), expected, "{one}, {other}");
            assert_eq!(path(other).common(&path(one)), expected, "{other}, {one}");
        }
    }

    #[test]
    fn contains_itself_and_what_lies_below() {
        for (upper, lower, expected) in [
            ("head-office", "head-office", true),
            ("head-office", "head-office/east", true),
            ("head-office", "head-office/east/shanghai", true),
            ("head-office/east", "head-office/eastern", false),
            ("head-office/east", "head-office/eastern/x", false),
            ("head-office/east", "head-office", false),
            ("head-office/east", "head-office/west", false),
            ("east", "head-office/east", false),
        ] {
            assert_eq!(
                path(upper).contains(&path(lower)),
                expected,
                "{upper} ⊇ {lower}"
            );
        }
    }

    #[test]
    fn subtree_prefix_ends_with_a_slash() {
        assert_eq!(
            path("head-office/east").subtree_prefix(),
            "head-office/east/"
        );
    }

    #[test]
    fn json_is_a_string_and_is_checked() {
        let east = path("head-office/east");
        assert_eq!(
            serde_json::to_string(&east).unwrap(),
            "\"head-office/east\""
        );
        assert_eq!(
            serde_json::from_str::<OrgPath>("\"head-office/east\"").unwrap(),
            east
        );
        assert!(serde_json::from_str::<OrgPath>("\"head-office//east\"").is_err());
        assert!(serde_json::from_str::<OrgPath>("7").is_err());
    }

    proptest! {
        #[test]
        fn contains_agrees_with_comparing_segments(
            upper in "[ab]{1,2}(/[ab]{1,2}){0,3}",
            lower in "[ab]{1,2}(/[ab]{1,2}){0,3}",
        ) {
            let upper_segments: Vec<&str> = upper.split('/').collect();
            let lower_segments: Vec<&str> = lower.split('/').collect();
            prop_assert_eq!(
                path(&upper).contains(&path(&lower)),
                lower_segments.starts_with(&upper_segments)
            );
        }

        #[test]
        fn subtree_prefix_finds_exactly_the_units_below(
            upper in "[ab]{1,2}(/[ab]{1,2}){0,3}",
            lower in "[ab]{1,2}(/[ab]{1,2}){0,3}",
        ) {
            let (upper, lower) = (path(&upper), path(&lower));
            prop_assert_eq!(
                lower.as_str().starts_with(&upper.subtree_prefix()),
                upper.contains(&lower) && upper != lower
            );
        }
    }
}
