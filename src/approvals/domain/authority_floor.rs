//! The floor of the authority matrix: what no company publishes itself below.

use super::authority_rules::{
    APPLICATION, AuthorityRule, CHANGE, CaseSubject, REFERRAL, RELATED_PARTY, RuleError,
    TWO_PEOPLE_ABOVE_MINOR,
};
use super::matching::rule_for;
use crate::values::organisation::OrgPath;

/// Kinds of cases that every matrix has a rule for, whatever they are about.
const KINDS: [&str; 3] = [APPLICATION, REFERRAL, CHANGE];

/// What only lowers the risk.
const LOWER_RISK: [&str; 3] = ["close", "decrease", "suspend"];

/// Checks what no matrix goes below: each kind of case has a rule for whatever it is about, in every
/// organisation; about much money at least two people decide; and about related parties those who
/// decide about them. What only lowers the risk is free. That there is a step by somebody else than
/// who asked follows from four eyes.
///
/// # Errors
/// The place of the first rule that goes below, or behind the last one where one is missing, and why.
pub fn floor(rules: &[AuthorityRule]) -> Result<(), (usize, RuleError)> {
    for (index, rule) in rules.iter().enumerate() {
        let lowers = !rule.actions.is_empty()
            && rule
                .actions
                .iter()
                .all(|one| LOWER_RISK.contains(&one.as_str()));
        if lowers || ![APPLICATION, REFERRAL].contains(&rule.kind.as_str()) {
            continue;
        }
        let much = rule
            .amount_max_minor
            .is_none_or(|most| most > TWO_PEOPLE_ABOVE_MINOR);
        if much && rule.steps.len() < 2 {
            return Err((index, RuleError::OnePerson));
        }
        let mut about_related = rule.clone();
        about_related.related_party = Some(true);
        let reached = rule.related_party != Some(false)
            && !rules[..index]
                .iter()
                .any(|one| one.takes_all_of(&about_related));
        if reached && !rule.steps.iter().any(|step| step.scope == RELATED_PARTY) {
            return Err((index, RuleError::RelatedParty));
        }
    }
    match KINDS.into_iter().find(|kind| !covers(rules, kind)) {
        None => Ok(()),
        Some(kind) => Err((rules.len(), RuleError::Uncovered(kind))),
    }
}

/// Whether some rule is for each case of a kind. What stands in no list of any rule, the largest
/// amount and the top of the organisation match only rules without such conditions: whatever does
/// stand in a list is for one of those too.
fn covers(rules: &[AuthorityRule], kind: &str) -> bool {
    let nothing = || Some("\u{0}".to_owned());
    let answers = [false, true];
    let all = answers
        .into_iter()
        .flat_map(|related| answers.map(|exceptional| (related, exceptional)));
    all.into_iter().all(|(related_party, exceptional)| {
        let farthest = CaseSubject {
            kind: kind.to_owned(),
            action: nothing(),
            product: nothing(),
            grade: nothing(),
            data_class: nothing(),
            amount_minor: i64::MAX,
            related_party,
            exceptional,
            org_path: OrgPath::root(),
        };
        rule_for(rules, &farthest).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::super::authority_rules::built_in;
    use super::*;

    #[test]
    fn the_built_in_rules_stand_on_the_floor_and_nothing_less_does() {
        assert_eq!(floor(&built_in()), Ok(()));
        let without = |name: &str| {
            let mut rules = built_in();
            rules.retain(|rule| rule.name != name);
            floor(&rules)
        };
        for (name, expected) in [
            ("lower_risk", Ok(())),
            ("branch", Ok(())),
            // The exceptional chain and those by amount would decide about related parties.
            ("related_party", Err((1, RuleError::RelatedParty))),
            ("executive", Err((16, RuleError::Uncovered(APPLICATION)))),
            (
                "referral_executive",
                Err((16, RuleError::Uncovered(REFERRAL))),
            ),
            ("change_customer", Err((16, RuleError::Uncovered(CHANGE)))),
        ] {
            assert_eq!(without(name), expected, "{name}");
        }
        let mut alone = built_in();
        for rule in &mut alone {
            rule.steps.truncate(1);
        }
        assert_eq!(floor(&alone), Err((1, RuleError::OnePerson)));
    }
}
