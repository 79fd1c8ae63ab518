//! What somebody learns who may not decide a step: why, which step waits, and which scope decides it.

use serde_json::json;

use crate::approvals::domain::approvals::{Refusal, StepStatus, Why};
use crate::approvals::store::approvals::StepRow;
use crate::error::{Bilingual, Error, Problem};
use crate::error_codes::ProblemCode;

/// The problem behind a refusal.
pub(super) fn problem(refusal: Refusal, steps: &[StepRow]) -> Error {
    match refusal {
        Refusal::NotPending => ProblemCode::InvalidTransition.into(),
        Refusal::Outside => ProblemCode::NotFound.into(),
        Refusal::FourEyes(why) => {
            let words = in_words(&why, steps);
            let step = match &why {
                Why::Decided(step) => Some(*step),
                _ => None,
            };
            Problem::new(ProblemCode::FourEyesRequired)
                .because(words.en, words.zh)
                .with_member("four_eyes", json!(word(&why)))
                .with_member("step", json!(step))
                .into()
        }
        Refusal::StepWaits { asked, waiting } => Problem::new(ProblemCode::InvalidTransition)
            .because(
                format!("Step {asked} does not wait for a decision: step {waiting} does."),
                format!("步骤 {asked} 并非待审批步骤，现待审批的是步骤 {waiting}。"),
            )
            .with_member("waiting_step", json!(waiting))
            .into(),
        Refusal::NameTheStep { waiting, also } => {
            let (here, later) = (named(waiting, steps), numbers(&also));
            Problem::field(
                "step",
                format!("is needed: step {here} waits, and the caller may decide {later} as well"),
                format!("必填：待审批的是步骤 {here}，而调用方亦有权审批步骤 {later}"),
            )
            .with_member("waiting_step", json!(waiting))
            .into()
        }
        Refusal::Scope => scope(steps),
    }
}

/// Which scope decides the step that waits.
fn scope(steps: &[StepRow]) -> Error {
    let waiting = steps.iter().find(|step| step.status == StepStatus::Pending);
    let Some(step) = waiting else {
        return ProblemCode::InsufficientScope.into();
    };
    let (name, scope) = (&step.name, &step.required_scope);
    lacking(scope)
        .because(
            format!("The step {name} is decided by {scope}."),
            format!("步骤 {name} 须由具备 {scope} 权限的人员审批。"),
        )
        .into()
}

/// A scope is needed beside that of the operation.
pub(super) fn lacking(scope: &str) -> Problem {
    Problem::new(ProblemCode::InsufficientScope)
        .with_header(
            "WWW-Authenticate",
            format!(r#"Bearer realm="shouxin", error="insufficient_scope", scope="{scope}""#),
        )
        .with_member("required_scope", json!(scope))
}

fn word(why: &Why) -> &'static str {
    match why {
        Why::Asked => "asked_for_it",
        Why::StandsIn => "stands_in_for_requester",
        Why::Decided(_) => "decided_before",
        Why::LentBy(..) => "lent_by_barred",
    }
}

fn in_words(why: &Why, steps: &[StepRow]) -> Bilingual {
    match why {
        Why::Asked => Bilingual::new("You asked for it.", "您是申请人。"),
        Why::StandsIn => Bilingual::new(
            "You stood in for who asked while the case was open.",
            "您在事项存续期间受申请人委托。",
        ),
        Why::Decided(step) => {
            let step = named(*step, steps);
            Bilingual::new(
                format!("You decided step {step}, in person or through somebody else."),
                format!("您已亲自或经他人审批步骤 {step}。"),
            )
        }
        Why::LentBy(who, _) => Bilingual::new(
            format!("{who}, who lent you the authority, may not decide it."),
            format!("委托您的 {who} 本人不得审批。"),
        ),
    }
}

/// A step by its number and its name.
fn named(number: i16, steps: &[StepRow]) -> String {
    let step = steps.iter().find(|step| step.step_number == number);
    match step {
        Some(step) => format!("{number} ({})", step.name),
        None => number.to_string(),
    }
}

fn numbers(steps: &[i16]) -> String {
    let all: Vec<String> = steps.iter().map(i16::to_string).collect();
    all.join(", ")
}
