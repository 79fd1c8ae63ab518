//! Which rule of a matrix is for a case.

use super::authority_rules::{AuthorityRule, CaseSubject, UNGRADED};

/// The grade whose rules are for them where no rule says [`UNGRADED`]: the worst that is known.
const WORST_GRADE: &str = "D";

/// The rule for a case: the first that matches. A case without a grade goes the way of the worst one
/// where no rule of its kind says what is for it.
pub fn rule_for<'a>(
    rules: &'a [AuthorityRule],
    subject: &CaseSubject,
) -> Option<&'a AuthorityRule> {
    let of_kind = || rules.iter().filter(|rule| rule.kind == subject.kind);
    let is_named = || of_kind().any(|rule| rule.grades.contains(UNGRADED));
    let grade = match subject.grade.as_deref().unwrap_or(UNGRADED) {
        UNGRADED if !is_named() => WORST_GRADE,
        own => own,
    };
    let asked = CaseSubject {
        grade: Some(grade.to_owned()),
        ..subject.clone()
    };
    rules.iter().find(|rule| rule.matches(&asked))
}
