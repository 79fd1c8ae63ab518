//! The authority matrix: publishing its versions, and asking which steps a case needs.

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::approvals::domain::authority_floor;
use crate::approvals::domain::authority_rules::{self, AuthorityRule, CaseSubject, PlannedStep};
use crate::approvals::domain::events;
use crate::approvals::domain::matching::rule_for;
use crate::error::{Bilingual, Error, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::documents::{self, Document};
use crate::platform::store::tx::Reader;
use crate::values::event_kinds::EventKind;

/// The steps of a case, and where they come from.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Version of the rules; 0 for the built-in ones.
    pub version: i32,
    /// Name of the rule.
    pub rule: String,
    /// The steps, in order.
    pub steps: Vec<PlannedStep>,
}

/// The steps that a case would need today.
///
/// # Errors
/// 422 when no rule is for it.
pub fn chain(reader: &mut Reader<'_>, subject: &CaseSubject) -> Result<Chain, Error> {
    let matrix = documents::in_force::<Vec<AuthorityRule>>(reader, reader.today)?;
    let found = |rules: &[AuthorityRule], version: i32| {
        rule_for(rules, subject).map(|rule| Chain {
            version,
            rule: rule.name.clone(),
            steps: rule.plan(&subject.org_path),
        })
    };
    // A matrix of before there was a floor may leave some without a rule.
    found(&matrix.document, matrix.number)
        .or_else(|| found(&authority_rules::built_in(), 0))
        .ok_or_else(|| Problem::new(ProblemCode::AuthorityRuleMissing).into())
}

/// The rules of a version; 0 is the built-in one.
///
/// # Errors
/// When there is no such version, or it cannot be read.
pub fn version(reader: &mut Reader<'_>, number: i32) -> Result<Vec<AuthorityRule>, Error> {
    let found = documents::version(reader, number)?;
    found
        .map(|version| version.document)
        .ok_or_else(|| Error::internal("a case by rules that were never published"))
}

impl Document for Vec<AuthorityRule> {
    const NOUN: &'static str = "authority_rules";
    const ACTION: &'static str = "authority_rules.publish";
    const EVENT: EventKind = events::AUTHORITY_RULES_PUBLISHED;

    fn built_in() -> Option<Self> {
        Some(authority_rules::built_in())
    }

    fn check(&self) -> Result<(), (String, Bilingual)> {
        authority_rules::check(self).map_err(in_words)
    }

    fn floor(&self) -> Result<(), (String, Bilingual)> {
        authority_floor::floor(self).map_err(in_words)
    }

    fn details(&self, version: i32, effective_from: NaiveDate) -> Value {
        json!({"version": version, "effective_from": effective_from, "rules": self.len()})
    }
}

fn in_words((place, error): (usize, authority_rules::RuleError)) -> (String, Bilingual) {
    let detail = Bilingual::new(error.to_string(), chinese(&error));
    (place.to_string(), detail)
}

fn chinese(error: &authority_rules::RuleError) -> &'static str {
    use authority_rules::RuleError as E;
    match error {
        E::Count => "规则数须在 1 至 200 之间",
        E::Name => "名称与前面的规则重复",
        E::Steps => "步骤数须在 1 至 5 之间",
        E::Scope => "所列权限不能用于审批",
        E::Depth => "organisation_depth 须在 1 至 8 之间",
        E::Amount => "金额不得小于零",
        E::Deadline => "deadline_days（1 至 365）与 escalate_to 须同时填写或同时不填",
        E::Uncovered(_) => "有情形没有适用的规则",
        E::OnePerson => "超过 50,000,000.00 的事项不得由一人审批",
        E::RelatedParty => "关联方事项缺少关联方审批步骤",
        E::Unreachable => "前面的规则已涵盖其全部情形，永远不会被用到",
    }
}
