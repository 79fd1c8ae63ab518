//! What gives more and what does not, a row each.

use super::*;
use crate::exposure::domain::groups::GroupLimitMode;
use crate::exposure::domain::lines::{Balance, TemporaryLimit, TemporaryMode};
use crate::exposure::domain::usable::circles::Member;
use crate::values::ids::Bucket;
use crate::values::level::Level;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

const TODAY: &str = "2026-03-02";

fn customer(number: u64) -> CustomerId {
    CustomerId::mint(Bucket::from_random(1), number, [0; 9])
}

/// `L(product|null, amount)`: an active CNY line in minor units; `None` is unlimited.
fn line(number: u64, product: Option<&str>, limit_minor: Option<i64>) -> DatedLine {
    DatedLine {
        id: LineId::mint(Bucket::from_random(1), number, [0; 9]),
        level: if product.is_some() {
            Level::Product
        } else {
            Level::Customer
        },
        product: product.map(|code| ProductCode::parse(code).unwrap()),
        currency: Currency::CNY,
        terms: LineTerms {
            limit_kind: if limit_minor.is_some() {
                LimitKind::Amount
            } else {
                LimitKind::Unlimited
            },
            limit_minor,
            status: LineStatus::Active,
            valid_from: day("2026-01-01"),
            valid_until: day("2026-12-31"),
            payment_term_days: Some(30),
            revolving: true,
            temporary: None,
            deposit_share_bp: Some(0),
            conditions: None,
        },
        balance: Balance::default(),
        tolerance_bp: 0,
        grace_days: 0,
    }
}

fn ceiling(number: u64, limit_minor: i64) -> DatedLine {
    DatedLine {
        level: Level::Group,
        ..line(number, None, Some(limit_minor))
    }
}

fn member(number: u64, lines: Vec<DatedLine>) -> Member {
    Member {
        id: customer(number),
        is_open: true,
        lines,
        own_use: BTreeMap::new(),
    }
}

fn alone(lines: Vec<DatedLine>) -> Vec<Circle> {
    vec![Circle {
        mode: GroupLimitMode::Pooled,
        ceiling: vec![],
        members: vec![member(1, lines)],
    }]
}

fn group(mode: GroupLimitMode, ceiling: Vec<DatedLine>, members: Vec<Member>) -> Circle {
    Circle {
        mode,
        ceiling,
        members,
    }
}

fn with(mut line: DatedLine, change: impl FnOnce(&mut LineTerms)) -> DatedLine {
    change(&mut line.terms);
    line
}

fn closed(line: DatedLine) -> DatedLine {
    with(line, |terms| terms.status = LineStatus::Closed)
}

fn raises(before: &[Circle], after: &[Circle]) -> bool {
    compare(before, after, &Rates::default(), day(TODAY)).raises()
}

const GOODS: Option<&str> = Some("goods_on_credit");
const BILLS: Option<&str> = Some("bill_acceptance");

#[test]
fn changes_of_one_customer() {
    let unified = || line(1, None, Some(100));
    let goods = || line(2, GOODS, Some(5_000));
    let later = TemporaryLimit {
        mode: TemporaryMode::Add,
        amount_minor: 1,
        from: day("2026-11-01"),
        until: day("2026-11-30"),
    };
    let suspended = |line| with(line, |terms| terms.status = LineStatus::Suspended);
    let cases: Vec<(&str, Vec<DatedLine>, Vec<DatedLine>, bool)> = vec![
        (
            "close the unified limit",
            vec![unified(), goods()],
            vec![closed(unified()), goods()],
            true,
        ),
        (
            "close it over an unlimited product",
            vec![unified(), line(2, GOODS, None)],
            vec![closed(unified()), line(2, GOODS, None)],
            true,
        ),
        (
            "close a product line",
            vec![unified(), goods()],
            vec![unified(), closed(goods())],
            false,
        ),
        (
            "close a unified limit that bounds nothing",
            vec![line(1, None, Some(9_000)), goods()],
            vec![closed(line(1, None, Some(9_000))), goods()],
            false,
        ),
        (
            "close it where two products together are bound",
            vec![
                line(1, None, Some(150)),
                line(2, GOODS, Some(100)),
                line(3, BILLS, Some(100)),
            ],
            vec![
                closed(line(1, None, Some(150))),
                line(2, GOODS, Some(100)),
                line(3, BILLS, Some(100)),
            ],
            true,
        ),
        ("suspend", vec![goods()], vec![suspended(goods())], false),
        (
            "suspend the unified limit",
            vec![unified(), goods()],
            vec![suspended(unified()), goods()],
            false,
        ),
        ("resume", vec![suspended(goods())], vec![goods()], true),
        (
            "resume a line of nothing",
            vec![suspended(line(2, GOODS, Some(0)))],
            vec![line(2, GOODS, Some(0))],
            false,
        ),
        (
            "a longer term",
            vec![goods()],
            vec![with(goods(), |terms| terms.payment_term_days = Some(3_650))],
            true,
        ),
        (
            "a shorter term",
            vec![goods()],
            vec![with(goods(), |terms| terms.payment_term_days = Some(10))],
            false,
        ),
        (
            "less deposit",
            vec![with(goods(), |terms| terms.deposit_share_bp = Some(10))],
            vec![goods()],
            true,
        ),
        (
            "it revolves",
            vec![with(goods(), |terms| terms.revolving = false)],
            vec![goods()],
            true,
        ),
        (
            "more in November",
            vec![goods()],
            vec![with(goods(), |terms| terms.temporary = Some(later))],
            true,
        ),
        (
            "a day longer",
            vec![goods()],
            vec![with(goods(), |terms| terms.valid_until = day("2027-01-01"))],
            true,
        ),
        (
            "tolerance",
            vec![goods()],
            vec![DatedLine {
                tolerance_bp: 1,
                ..goods()
            }],
            false,
        ), // 0.5 of a cent
        (
            "more tolerance",
            vec![goods()],
            vec![DatedLine {
                tolerance_bp: 500,
                ..goods()
            }],
            true,
        ),
        (
            "grace",
            vec![goods()],
            vec![DatedLine {
                grace_days: 1,
                ..goods()
            }],
            true,
        ),
        (
            "a unified limit over products",
            vec![goods()],
            vec![unified(), goods()],
            false,
        ),
        (
            "a new product under the unified limit",
            vec![unified(), goods()],
            vec![unified(), goods(), line(3, BILLS, Some(50))],
            true,
        ),
    ];
    for (name, before, after, expected) in cases {
        assert_eq!(raises(&alone(before), &alone(after)), expected, "{name}");
    }
}

#[test]
fn what_is_full_today_does_not_hide_what_comes() {
    let mut full = line(2, GOODS, Some(100));
    full.balance.drawn_minor = 150;
    let higher = with(full.clone(), |terms| terms.limit_minor = Some(120));
    assert!(raises(&alone(vec![full]), &alone(vec![higher])));
}

#[test]
fn modes_and_memberships() {
    use GroupLimitMode::{Fallback, PerMemberMinimum, Pooled};
    let members = || {
        vec![
            member(1, vec![line(1, GOODS, Some(5_000))]),
            member(2, vec![line(2, GOODS, Some(5_000))]),
        ]
    };
    let of = |mode| vec![group(mode, vec![ceiling(9, 100)], members())];
    for (from, to, expected) in [
        (Pooled, PerMemberMinimum, true),
        (Pooled, Fallback, true),
        (PerMemberMinimum, Pooled, false),
        (Fallback, Pooled, false),
        // Nobody has a unified limit, so a fallback bounds each member by itself too.
        (PerMemberMinimum, Fallback, false),
    ] {
        assert_eq!(raises(&of(from), &of(to)), expected, "{from:?} {to:?}");
    }
    let stays = || member(2, vec![line(2, GOODS, Some(5_000))]);
    let apart = vec![
        group(Pooled, vec![ceiling(9, 100)], vec![stays()]),
        group(
            Pooled,
            vec![],
            vec![member(1, vec![line(1, GOODS, Some(5_000))])],
        ),
    ];
    assert!(raises(&of(Pooled), &apart), "leaving");
    assert!(!raises(&apart, &of(Pooled)), "joining");
    let closing = vec![group(Pooled, vec![closed(ceiling(9, 100))], members())];
    assert!(
        raises(&of(Pooled), &closing),
        "closing the line of a pooled group"
    );
    // A unified limit of its own takes the place of a fallback: closing it brings the ceiling back.
    let own = |line| {
        vec![group(
            Fallback,
            vec![ceiling(9, 15_000)],
            vec![member(1, vec![line, self::line(2, GOODS, None)])],
        )]
    };
    assert!(raises(
        &own(line(1, None, Some(100))),
        &own(closed(line(1, None, Some(100))))
    ));
    assert!(!raises(
        &own(line(1, None, Some(20_000))),
        &own(closed(line(1, None, Some(20_000))))
    ));
}

#[test]
fn facts_open_and_close() {
    let before = alone(vec![line(1, GOODS, Some(100))]);
    let mut shut = before.clone();
    shut[0].members[0].is_open = false;
    assert!(raises(&shut, &before));
    assert!(!raises(&before, &shut));
}

#[test]
fn what_is_shut_today_does_not_hide_what_comes() {
    // Suspend the product line, close the unified limit over it: nothing is usable before and after,
    // and the resumption that somebody else decides would give more than it says.
    let unified = || line(1, None, Some(100));
    let goods = || {
        with(line(2, GOODS, Some(5_000)), |terms| {
            terms.status = LineStatus::Suspended
        })
    };
    assert!(raises(
        &alone(vec![unified(), goods()]),
        &alone(vec![closed(unified()), goods()])
    ));
    let shut = |lines| {
        let mut circles = alone(lines);
        circles[0].members[0].is_open = false;
        circles
    };
    let goods = || line(2, GOODS, Some(5_000));
    assert!(raises(
        &shut(vec![unified(), goods()]),
        &shut(vec![closed(unified()), goods()])
    ));
}

#[test]
fn what_was_shut_apart_is_looked_at_apart() {
    // Both levels are suspended: one is resumed while the other still blocks it.
    let suspended = |line| with(line, |terms| terms.status = LineStatus::Suspended);
    let unified = || line(1, None, Some(100));
    let goods = || line(2, GOODS, Some(100));
    let before = alone(vec![suspended(unified()), suspended(goods())]);
    for after in [
        vec![suspended(unified()), goods()],
        vec![unified(), suspended(goods())],
    ] {
        assert!(raises(&before, &alone(after)));
    }
    let mut barred = (before.clone(), alone(vec![suspended(unified()), goods()]));
    barred.0[0].members[0].is_open = false;
    barred.1[0].members[0].is_open = false;
    assert!(raises(&barred.0, &barred.1));
}

#[test]
fn without_a_rate_more_is_told_from_less_all_the_same() {
    let dollars = |number, product, minor| DatedLine {
        currency: Currency::USD,
        ..line(number, product, Some(minor))
    };
    let both = |minor| alone(vec![dollars(1, GOODS, minor), line(2, BILLS, Some(100))]);
    assert!(!raises(&both(100), &both(90)));
    assert!(!raises(&both(100), &both(100)));
    let effect = compare(&both(90), &both(100), &Rates::default(), day(TODAY));
    assert_eq!(effect, Effect::More(Increase::Unmeasured));
    // Whether a limit in one currency bounds what is in another is a matter of the rate.
    let under = |unified| alone(vec![unified, line(2, GOODS, Some(100))]);
    let wide = || dollars(1, None, 1_000_000);
    assert!(raises(&under(wide()), &under(closed(wide()))));
    assert!(!raises(
        &alone(vec![line(2, GOODS, Some(100))]),
        &under(wide())
    ));
    // Leaving and joining a ceiling in another currency.
    let member = || member(1, vec![line(2, GOODS, Some(100))]);
    let inside = vec![group(
        GroupLimitMode::Pooled,
        vec![DatedLine {
            level: Level::Group,
            ..wide()
        }],
        vec![member()],
    )];
    let outside = vec![
        group(GroupLimitMode::Pooled, inside[0].ceiling.clone(), vec![]),
        group(GroupLimitMode::Pooled, vec![], vec![member()]),
    ];
    assert!(raises(&inside, &outside));
    assert!(!raises(&outside, &inside));
    // One currency needs no rate.
    let alone_in_dollars = |minor| alone(vec![dollars(1, GOODS, minor)]);
    let effect = compare(
        &alone_in_dollars(90),
        &alone_in_dollars(100),
        &Rates::default(),
        day(TODAY),
    );
    let Effect::More(Increase::Usable { currency, .. }) = effect else {
        panic!("{effect:?}");
    };
    assert_eq!(currency, Currency::USD);
    assert!(most(&both(1), &Rates::default(), day(TODAY)).is_unmeasured);
}

#[test]
fn the_most_is_that_of_a_line_of_a_customer_and_of_all() {
    let of = |circles: &[Circle]| {
        let most = most(circles, &Rates::default(), day(TODAY));
        let line = most.lines.keys().map(|id| most.of_line(*id)).max();
        (line.unwrap(), most.of_one(None), most.of_all())
    };
    let all = |line, rest| (Some(line), Some(rest), Some(rest));
    let lines: Vec<DatedLine> = (1..)
        .zip(["goods_on_credit", "bill_acceptance", "letter_of_credit"])
        .map(|(number, code)| line(number, Some(code), Some(90)))
        .collect();
    for (count, expected) in [(1, 90), (2, 180), (3, 270)] {
        assert_eq!(of(&alone(lines[..count].to_vec())), all(90, expected));
    }
    // A unified limit bounds them together; a large line counts whole under a small one.
    let mut bounded = lines.clone();
    bounded.push(line(9, None, Some(100)));
    assert_eq!(of(&alone(bounded)), all(100, 100));
    let under = vec![line(9, None, Some(100)), line(1, GOODS, Some(9_000))];
    assert_eq!(of(&alone(under)), all(9_000, 100));
    // It is granted before there are products to use it.
    assert_eq!(of(&alone(vec![line(9, None, Some(100))])), all(100, 100));
    let suspended = with(line(1, GOODS, Some(70)), |terms| {
        terms.status = LineStatus::Suspended;
    });
    assert_eq!(of(&alone(vec![suspended])), all(70, 70));
    let unlimited = most(
        &alone(vec![line(1, GOODS, None)]),
        &Rates::default(),
        day(TODAY),
    );
    assert_eq!((unlimited.of_one(None), unlimited.of_all()), (None, None));
    let used = DatedLine {
        balance: Balance {
            held_minor: 5,
            drawn_minor: 5,
            consumed_minor: 30,
        },
        tolerance_bp: 1_000,
        ..line(1, GOODS, Some(70))
    };
    assert_eq!(of(&alone(vec![used])), all(70, 70));
    // What follows an old line is one limit with it.
    let old = with(line(1, GOODS, Some(30)), |terms| {
        terms.valid_until = day("2026-06-30")
    });
    let next = with(line(2, GOODS, Some(40)), |terms| {
        terms.valid_from = day("2026-07-01")
    });
    assert_eq!(of(&alone(vec![old, next])), all(40, 40));
}

#[test]
fn a_ceiling_hides_nobody_whom_it_does_not_bind_together() {
    for (mode, of_one, in_all) in [
        (GroupLimitMode::Pooled, 100, 100),
        (GroupLimitMode::PerMemberMinimum, 100, 200),
        (GroupLimitMode::Fallback, 700, 800),
    ] {
        let members = vec![
            member(1, vec![line(1, GOODS, None)]),
            member(2, vec![line(2, GOODS, None), line(3, None, Some(700))]),
        ];
        let circle = group(mode, vec![ceiling(9, 100)], members);
        let most = most(&[circle], &Rates::default(), day(TODAY));
        assert_eq!(
            (most.of_one(None), most.of_all()),
            (Some(of_one), Some(in_all)),
            "{mode:?}"
        );
    }
}
