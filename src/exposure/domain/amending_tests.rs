use super::*;
use crate::catalogue::domain::exchange_rates::Rate;
use crate::catalogue::domain::products::ExposureTreatment::{self, Gross, NetOfDeposit};
use crate::values::ids::Bucket;
use crate::values::money::Money;

fn line(number: u64) -> LineId {
    LineId::mint(Bucket::from_random(1), number, [0; 9])
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn claim(own: Currency, minor: i64, deposit_minor: i64, treatment: ExposureTreatment) -> Claim {
    Claim {
        amount: Money::new(minor, own).unwrap(),
        deposit_minor,
        treatment,
    }
}

fn at(rate: &str) -> Option<Conversion> {
    Some(Conversion {
        currency: Currency::CNY,
        rate_e10: Rate::parse(rate).unwrap(),
        rate_date: "2026-03-02".parse().unwrap(),
    })
}

fn standing(whole: Claim, before_minor: i64, captured_minor: i64) -> Standing {
    let foreign = whole.amount.currency() != Currency::CNY;
    Standing {
        line_id: line(1),
        currency: Currency::CNY,
        conversion: if foreign { at("7.1234") } else { None },
        before_minor,
        captured_minor,
        whole,
    }
}

/// What is held once the line that it stands on was asked.
fn decided(known: Standing) -> i64 {
    let exposure = asked(
        Some(&known),
        known.currency,
        &known.whole,
        &Rates::default(),
    );
    let asked = Asked {
        line_id: known.line_id,
        currency: known.currency,
        exposure: exposure.unwrap(),
    };
    change(Some(&known), Some(asked)).unwrap().after_minor
}

#[test]
fn the_whole_is_counted_anew_at_the_kept_rate_however_often() {
    let cad = currency("CAD");
    let mut held = 7_124;
    for _ in 0..100 {
        held = decided(standing(claim(cad, 1_007, 0, Gross), held, 0));
        assert_eq!(held, 7_174);
        let less = standing(claim(cad, 1_000, 0, Gross), held, 0);
        held = change(Some(&less), None).unwrap().after_minor;
        assert_eq!(held, 7_124);
    }
    // With half of it captured between, what is drawn and held together is the whole.
    let drawn = 3_562;
    for (total, whole) in [(1_007, 7_174), (1_000, 7_124), (500, 3_562)] {
        let held = decided(standing(claim(cad, total, 0, Gross), 3_562, drawn));
        assert_eq!(held + drawn, whole, "{total}");
    }
}

#[test]
fn each_level_keeps_its_own_rate() {
    let usd = currency("USD");
    for (rate, whole) in [("7.1", 14_200), ("7.3", 14_600)] {
        let known = Standing {
            conversion: at(rate),
            ..standing(claim(usd, 2_000, 0, Gross), 7_100, 0)
        };
        assert_eq!(decided(known), whole);
    }
}

#[test]
fn a_deposit_comes_off_the_whole() {
    for (total, before, after) in [
        (12_000, 0, 2_000),
        (5_000, 2_000, 0),
        (10_000, 2_000, 0),
        (13_000, 2_000, 3_000),
    ] {
        let whole = claim(Currency::CNY, total, 10_000, NetOfDeposit);
        assert_eq!(decided(standing(whole, before, 0)), after, "{total}");
    }
}

#[test]
fn a_line_that_did_not_count_it_is_asked_for_what_is_left_at_the_rate_of_the_day() {
    let sek = currency("SEK");
    let rest = claim(sek, 10_000_000, 0, Gross);
    let unknown = asked(None, Currency::CNY, &rest, &Rates::default());
    assert!(matches!(unknown, Err(Uncounted::NoRate(_))));
    let own = asked(None, sek, &rest, &Rates::default()).unwrap();
    assert_eq!(own.minor, 10_000_000);
    // What shrinks joins no line.
    assert_eq!(change(None, None), None);
}

#[test]
fn a_line_that_bounds_no_more_holds_no_more_than_it_held() {
    let grown = standing(claim(Currency::CNY, 15_000, 0, Gross), 5_000, 0);
    assert_eq!(change(Some(&grown), None).unwrap().after_minor, 5_000);
    let shrunk = standing(claim(Currency::CNY, 3_000, 0, Gross), 5_000, 0);
    assert_eq!(change(Some(&shrunk), None).unwrap().after_minor, 3_000);
}

#[test]
fn it_moves_to_the_line_that_follows_and_takes_along_what_is_carried() {
    let known = standing(claim(Currency::CNY, 12_000, 0, Gross), 6_000, 4_000);
    let rest = claim(Currency::CNY, 8_000, 0, Gross);
    let of = |next: Currency| {
        let exposure = asked(Some(&known), next, &rest, &Rates::default());
        let exposure = exposure.unwrap_or(Exposure {
            minor: 1_200,
            conversion: None,
        });
        let asked = Asked {
            line_id: line(2),
            currency: next,
            exposure,
        };
        let change = change(Some(&known), Some(asked)).unwrap();
        assert_eq!((change.line_id, change.before_minor), (line(2), 0));
        assert_eq!(change.leaves, Some((line(1), 6_000, None)));
        (exposure.minor, change.after_minor)
    };
    assert_eq!(of(Currency::CNY), (2_000, 8_000));
    // In another currency nothing is carried: all of it is asked for.
    assert_eq!(of(currency("EUR")), (1_200, 1_200));
}

#[test]
fn captured_parts_take_their_share_of_the_deposit_and_the_last_takes_all() {
    // What secures more than the rest goes along with no more than the part.
    assert_eq!(deposit_of(5_000, 5_000, 10_000), 5_000);
    assert_eq!(deposit_of(2_000, 5_000, 10_000), 2_000);
    let (mut rest, mut left, mut taken) = (10_000, 3_333, 0);
    for part in [3_333, 1, 3_333, 3_333] {
        let share = deposit_of(part, rest, left);
        assert!(share <= part);
        (rest, left, taken) = (rest - part, left - share, taken + share);
    }
    assert_eq!((taken, left), (3_333, 0));
}
