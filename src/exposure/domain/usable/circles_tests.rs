//! What is usable is what the decision about an order approves.

use proptest::prelude::*;

use super::*;
use crate::catalogue::domain::counted::Claim;
use crate::catalogue::domain::products::ExposureTreatment;
use crate::customers::domain::customers::CustomerStatus;
use crate::exposure::domain::assessment::{CreditDecision, assess};
use crate::exposure::domain::exposure_facts::ExposureFacts;
use crate::rules::domain::check_rules::{OrderTerms, Standing};
use crate::values::ids::Bucket;
use crate::values::money::Money;

const GOODS: &str = "goods_on_credit";

fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, number).unwrap()
}

/// Lines of a level on the first ten days of a month.
fn lines(level: Level, product: Option<&'static str>) -> impl Strategy<Value = Vec<DatedLine>> {
    let kinds = prop_oneof![
        4 => (0..50_i64).prop_map(Some),
        1 => Just(None),
    ];
    let statuses = prop_oneof![
        4 => Just(LineStatus::Active),
        1 => Just(LineStatus::Suspended),
        1 => Just(LineStatus::Closed),
    ];
    let line = (
        (kinds, any::<bool>(), statuses),
        (1..8_u32, 0..5_u32, 0..3_i32),
        (0..30_i64, 0..30_i64, 0..10_i64),
        0..2_000_i32,
    );
    prop::collection::vec(line, 0..3).prop_map(move |found| {
        let numbered = (1..).zip(found);
        numbered
            .map(|(number, (granted, days, used, tolerance_bp))| {
                let (limit_minor, inherits, status) = granted;
                let (from, length, grace_days) = days;
                let place = match (level, product) {
                    (Level::Product, Some(GOODS)) => 100,
                    (Level::Product, _) => 200,
                    (Level::Customer, _) => 300,
                    (Level::Group, _) => 400,
                };
                DatedLine {
                    id: LineId::mint(Bucket::from_random(1), place + number, [0; 9]),
                    level,
                    product: product.map(|code| ProductCode::parse(code).unwrap()),
                    currency: Currency::CNY,
                    terms: LineTerms {
                        limit_kind: match limit_minor {
                            Some(_) => LimitKind::Amount,
                            None if inherits => LimitKind::Inherit,
                            None => LimitKind::Unlimited,
                        },
                        limit_minor,
                        status,
                        valid_from: day(from),
                        valid_until: day(from + length),
                        payment_term_days: None,
                        revolving: true,
                        temporary: None,
                        deposit_share_bp: None,
                        conditions: None,
                    },
                    balance: Balance {
                        held_minor: used.0,
                        drawn_minor: used.1,
                        consumed_minor: used.2,
                    },
                    tolerance_bp,
                    grace_days,
                }
            })
            .collect()
    })
}

fn circles() -> impl Strategy<Value = Circle> {
    let modes = prop_oneof![
        Just(GroupLimitMode::Pooled),
        Just(GroupLimitMode::PerMemberMinimum),
        Just(GroupLimitMode::Fallback),
    ];
    (
        modes,
        lines(Level::Group, None),
        lines(Level::Customer, None),
        lines(Level::Product, Some(GOODS)),
        lines(Level::Product, Some("bill_acceptance")),
        0..40_i64,
    )
        .prop_map(|(mode, ceiling, unified, goods, bills, own_minor)| {
            let first = ceiling.first().map(|line: &DatedLine| (line.id, own_minor));
            let member = Member {
                id: CustomerId::mint(Bucket::from_random(1), 1, [0; 9]),
                is_open: true,
                lines: [unified, goods, bills].concat(),
                own_use: first.into_iter().collect(),
            };
            Circle {
                mode,
                ceiling,
                members: vec![member],
            }
        })
}

/// Whether an order for goods is approved on a day.
fn is_approved(circle: &Circle, minor: i128, view: View<'_>) -> bool {
    let member = &circle.members[0];
    let own_use = (circle.mode != GroupLimitMode::Pooled).then_some(&member.own_use);
    let of_goods: Vec<DatedLine> = member
        .lines
        .iter()
        .filter(|line| line.product.as_ref().map(ProductCode::as_str) == Some(GOODS))
        .cloned()
        .collect();
    let mut all = facts(&of_goods, Level::Product, None, view);
    all.extend(facts(&member.lines, Level::Customer, None, view));
    if circle.mode != GroupLimitMode::Fallback || !member.has_unified_limit() {
        all.extend(facts(&circle.ceiling, Level::Group, own_use, view));
    }
    let facts = ExposureFacts {
        customer: Some(CustomerStatus::Active),
        product_active: Some(true),
        lines: all,
        rates: Rates::default(),
        today: view.day,
        standing: Standing::default(),
        order: OrderTerms::default(),
        asked: BTreeMap::new(),
        secured: None,
        product_share_bp: None,
    };
    let claim = Claim {
        amount: Money::new(i64::try_from(minor).unwrap(), Currency::CNY).unwrap(),
        deposit_minor: 0,
        treatment: ExposureTreatment::Gross,
    };
    assess(&facts, &claim).decision() == CreditDecision::Approved
}

proptest! {
    #[test]
    fn what_is_usable_is_what_is_approved_and_not_a_cent_more(circle in circles(), number in 1..14_u32) {
        let rates = Rates::default();
        let assumed = BTreeMap::new();
        let view = View { day: day(number), is_repaid: false, currency: Currency::CNY, rates: &rates, assumed: &assumed };
        let usable = Usable::of(std::slice::from_ref(&circle), view);
        let goods = |(key, room): (&(CustomerId, ProductCode), &i128)| (key.1.as_str() == GOODS).then_some(*room);
        let room = usable.alone.iter().find_map(goods).unwrap_or_default();
        match room {
            UNLIMITED => prop_assert!(is_approved(&circle, 1_000_000_000, view)),
            0 => prop_assert!(!is_approved(&circle, 1, view)),
            room => {
                prop_assert!(is_approved(&circle, room, view));
                prop_assert!(!is_approved(&circle, room + 1, view));
            }
        }
    }
}
