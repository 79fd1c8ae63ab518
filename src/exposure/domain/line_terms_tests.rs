//! What makes sense for a line and what does not.

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

const TODAY: &str = "2026-03-02";

fn line() -> LineTerms {
    LineTerms {
        limit_kind: LimitKind::Amount,
        limit_minor: Some(100),
        status: LineStatus::Active,
        valid_from: day("2026-01-01"),
        valid_until: day("2026-12-31"),
        payment_term_days: Some(30),
        revolving: true,
        temporary: None,
        deposit_share_bp: None,
        conditions: None,
    }
}

fn amount(minor: i64) -> Asked {
    Asked {
        amount_minor: Some(minor),
        ..Asked::default()
    }
}

fn changed(action: ApplicationAction, asked: &Asked, used: i64) -> Result<LineTerms, Nonsense> {
    change(&line(), action, asked, used, day(TODAY))
}

fn field(outcome: Result<LineTerms, Nonsense>) -> &'static str {
    match outcome {
        Err(Nonsense::Field(name, ..) | Nonsense::Day(name, _)) => name,
        other => panic!("{other:?}"),
    }
}

#[test]
fn increases_go_up_and_decreases_go_down() {
    use ApplicationAction::{Decrease, Increase};
    assert_eq!(
        changed(Increase, &amount(101), 0).unwrap().limit_minor,
        Some(101)
    );
    assert_eq!(field(changed(Increase, &amount(100), 0)), "amount");
    let unlimited = Asked {
        limit_kind: Some(LimitKind::Unlimited),
        ..Asked::default()
    };
    assert_eq!(changed(Increase, &unlimited, 0).unwrap().limit_minor, None);
    assert_eq!(
        changed(Decrease, &amount(99), 0).unwrap().limit_minor,
        Some(99)
    );
    assert_eq!(field(changed(Decrease, &amount(100), 0)), "amount");
}

#[test]
fn a_limit_below_use_has_to_be_meant() {
    use ApplicationAction::Decrease;
    assert!(changed(Decrease, &amount(60), 60).is_ok());
    assert_eq!(
        changed(Decrease, &amount(59), 60),
        Err(Nonsense::BelowUse {
            limit_minor: 59,
            used_minor: 60
        })
    );
    let meant = Asked {
        allow_overdrawn: true,
        ..amount(59)
    };
    assert_eq!(changed(Decrease, &meant, 60).unwrap().limit_minor, Some(59));
}

#[test]
fn a_temporary_increase_lies_within_the_line_and_stands_alone() {
    use ApplicationAction::TemporaryIncrease;
    let asked = |mode, minor, from: &str, until: &str| Asked {
        temporary_mode: Some(mode),
        valid_from: Some(day(from)),
        valid_until: Some(day(until)),
        ..amount(minor)
    };
    let good = asked(TemporaryMode::Add, 50, "2026-03-10", "2026-03-20");
    let after = changed(TemporaryIncrease, &good, 0).unwrap();
    let on = |text: &str| {
        crate::exposure::domain::lines::limit_on(
            after.limit_minor,
            after.temporary.as_ref(),
            day(text),
        )
    };
    assert_eq!(on("2026-03-09"), Some(100));
    assert_eq!(on("2026-03-10"), Some(150));
    assert_eq!(on("2026-03-20"), Some(150));
    assert_eq!(on("2026-03-21"), Some(100));
    assert_eq!(
        change(&after, TemporaryIncrease, &good, 0, day(TODAY)),
        Err(Nonsense::TemporaryOverlaps)
    );
    let later = asked(TemporaryMode::Replace, 120, "2026-04-01", "2026-04-02");
    assert!(change(&after, TemporaryIncrease, &later, 0, day("2026-03-21")).is_ok());
    let replaced = asked(TemporaryMode::Replace, 100, "2026-03-10", "2026-03-20");
    assert_eq!(field(changed(TemporaryIncrease, &replaced, 0)), "amount");
    let beyond = asked(TemporaryMode::Add, 1, "2026-12-31", "2027-01-01");
    assert_eq!(field(changed(TemporaryIncrease, &beyond, 0)), "valid_until");
    let backwards = asked(TemporaryMode::Add, 1, "2026-03-20", "2026-03-19");
    assert_eq!(
        field(changed(TemporaryIncrease, &backwards, 0)),
        "valid_until"
    );
}

#[test]
fn renewing_lengthens_and_closing_ends() {
    use ApplicationAction::{Close, Renew, Resume, Suspend};
    let until = |text: &str| Asked {
        valid_until: Some(day(text)),
        ..Asked::default()
    };
    let renewed = changed(Renew, &until("2027-12-31"), 0).unwrap();
    assert_eq!(
        (renewed.valid_until, renewed.limit_minor),
        (day("2027-12-31"), Some(100))
    );
    assert_eq!(
        field(changed(Renew, &until("2026-12-31"), 0)),
        "valid_until"
    );
    let closed = changed(Close, &Asked::default(), 50).unwrap();
    for action in ApplicationAction::EVERY {
        let outcome = change(&closed, *action, &amount(1_000), 0, day(TODAY));
        assert!(outcome.is_err(), "{action:?}");
    }
    assert_eq!(
        changed(Resume, &Asked::default(), 0),
        Err(Nonsense::Status(LineStatus::Active))
    );
    let suspended = changed(Suspend, &Asked::default(), 0).unwrap();
    assert_eq!(suspended.status, LineStatus::Suspended);
}

#[test]
fn fields_of_other_actions_are_refused_by_name() {
    use ApplicationAction::{ChangeTerms, Increase, Suspend};
    assert_eq!(field(changed(Suspend, &amount(1), 0)), "amount");
    let term = Asked {
        payment_term_days: Some(60),
        ..amount(200)
    };
    assert_eq!(field(changed(Increase, &term, 0)), "payment_term_days");
    assert_eq!(
        field(changed(ChangeTerms, &Asked::default(), 0)),
        "payment_term_days"
    );
    assert_eq!(field(changed(Increase, &amount(-1), 0)), "amount");
}
