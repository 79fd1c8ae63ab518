use super::*;
use crate::values::money::AMOUNT_MINOR_MAX;
use Currency::{CNY, EUR, JPY, KWD, PLN, USD};
use proptest::prelude::*;

fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn on_file(from: Currency, to: Currency, date: &str, text: &str) -> RateOnFile {
    RateOnFile {
        number: 1,
        from,
        to,
        rate_date: day(date),
        rate: rate(text),
    }
}

#[test]
fn rates_are_plain_decimals_of_ten_places() {
    for (text, e10, shown) in [
        ("7.1234567890", 71_234_567_890, "7.123456789"),
        ("1", 10_000_000_000, "1"),
        ("10", 100_000_000_000, "10"),
        ("0.00000001", 100, "0.00000001"),
        ("100000000", RATE_E10_MAX, "100000000"),
        ("0.50", 5_000_000_000, "0.5"),
    ] {
        assert_eq!(rate(text).e10(), e10, "{text}");
        assert_eq!(rate(text).to_string(), shown);
    }
    for text in [
        "",
        "-1",
        "+1",
        "1.",
        ".5",
        "01",
        "1e3",
        " 1",
        "1,0",
        "１",
        "1.12345678901",
    ] {
        assert_eq!(Rate::parse(text), Err(RateError::NotDecimal), "{text}");
    }
    let long = "9".repeat(60);
    for text in ["0", "0.0", "0.0000000099", "100000000.0000000001", &long] {
        assert_eq!(Rate::parse(text), Err(RateError::OutOfRange), "{text}");
    }
}

#[test]
fn conversion_minds_the_places_of_both_currencies_and_rounds_up() {
    for (minor, from, text, to, expected) in [
        (10_000, USD, "0.5", CNY, 5_000),
        (10_000, USD, "2", CNY, 20_000),
        (10_100, PLN, "0.9", EUR, 9_090),
        (1_000, JPY, "0.048", CNY, 4_800),
        (1, JPY, "0.048", CNY, 5),
        (100, CNY, "20.8333333333", JPY, 21),
        (1_000, KWD, "23.4567", CNY, 2_346),
        (1, CNY, "0.0426", KWD, 1),
        (0, USD, "7", CNY, 0),
    ] {
        assert_eq!(
            rate(text).convert_up(minor, from, to),
            Some(expected),
            "{minor} {from}"
        );
    }
    let most = rate("100000000").convert_up(AMOUNT_MINOR_MAX, JPY, Currency::CLF);
    assert_eq!(most, None, "beyond 64 bits and still no overflow");
}

#[test]
fn the_newest_rate_answers_whichever_way_it_was_recorded() {
    let direct = on_file(USD, CNY, "2026-03-01", "7.2");
    let inverse = on_file(CNY, USD, "2026-03-02", "0.125");
    let found = quote(&[direct, inverse], USD, CNY).unwrap();
    assert_eq!((found.rate, found.route), (rate("8"), RateRoute::Inverse));
    let same_day = on_file(CNY, USD, "2026-03-01", "0.125");
    let found = quote(&[direct, same_day], USD, CNY).unwrap();
    assert_eq!((found.rate, found.route), (rate("7.2"), RateRoute::Direct));
    assert_eq!(quote(&[direct], USD, EUR), None);
    assert_eq!(quote(&[], USD, CNY), None);
}

#[test]
fn two_rates_join_through_the_currency_of_the_company_as_old_as_the_older_one() {
    let rates = [
        on_file(USD, CNY, "2026-03-02", "7.2"),
        on_file(EUR, CNY, "2026-02-28", "8"),
    ];
    let found = quote(&rates, USD, EUR).unwrap();
    assert_eq!(
        (found.rate, found.rate_date),
        (rate("0.9"), day("2026-02-28"))
    );
    assert_eq!((found.route, found.rates.len()), (RateRoute::Cross, 2));
    let older = on_file(USD, EUR, "2026-02-27", "0.95");
    let found = quote(&[&rates[..], &[older]].concat(), USD, EUR).unwrap();
    assert_eq!(found.route, RateRoute::Cross);
    let as_old = on_file(USD, EUR, "2026-02-28", "0.95");
    let found = quote(&[&rates[..], &[as_old]].concat(), USD, EUR).unwrap();
    assert_eq!((found.route, found.rate), (RateRoute::Direct, rate("0.95")));
}

#[test]
fn a_rate_may_be_as_old_as_allowed_and_no_older() {
    let found = quote(&[on_file(USD, CNY, "2026-03-01", "7")], USD, CNY);
    let on = |text: &str| usable((USD, CNY), found.as_ref(), day(text), 7);
    assert!(on("2026-03-01").is_ok() && on("2026-03-08").is_ok());
    let gap = on("2026-03-09").unwrap_err();
    assert_eq!(gap.stale, Some((day("2026-03-01"), 7)));
    let reason = gap.reason();
    assert!(reason.detail.en.contains("stale"));
    assert!(
        reason
            .facts
            .contains(&("rate_age_days_max", "7".to_owned()))
    );
    assert_eq!(
        usable((USD, CNY), None, day("2026-03-01"), 7)
            .unwrap_err()
            .stale,
        None
    );
}

fn any_currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(Currency::EVERY)
}

fn any_rate() -> impl Strategy<Value = Rate> {
    prop_oneof![
        RATE_E10_MIN..=RATE_E10_MAX,
        RATE_E10_MIN..=1_000_000_000_000_i64,
    ]
    .prop_map(|e10| Rate::from_e10(e10).unwrap())
}

proptest! {
    #[test]
    fn a_rate_reads_back_what_it_shows(one in any_rate()) {
        prop_assert_eq!(Rate::parse(&one.to_string()), Ok(one));
    }

    #[test]
    fn nothing_overflows_and_more_never_converts_to_less(
        minor in 0..=AMOUNT_MINOR_MAX, more in 0..1000_i64, one in any_rate(),
        from in any_currency(), to in any_currency(),
    ) {
        let (before, after) = (one.convert_up(minor, from, to), one.convert_up(minor + more, from, to));
        if let (Some(before), Some(after)) = (before, after) {
            prop_assert!(0 <= before && before <= after);
            prop_assert_eq!(before == 0, minor == 0, "something never counts as nothing");
        }
    }

    #[test]
    fn there_and_back_never_loses_exposure(minor in 0..1_000_000_000_i64, one in any_rate()) {
        let back = one.inverse().unwrap();
        if let Some(there) = one.convert_up(minor, USD, CNY)
            && let Some(again) = back.convert_up(there, CNY, USD)
        {
            prop_assert!(again >= minor);
        }
    }

    #[test]
    fn room_is_exactly_what_still_fits(room in -1_000_000_i64..1_000_000_000, one in any_rate(), from in any_currency(), to in any_currency()) {
        let most = one.room_before(room, from, to);
        if room < 0 {
            prop_assert!(most < 0);
        } else if most < AMOUNT_MINOR_MAX {
            prop_assert!(one.convert_up(most, from, to).unwrap() <= room);
            prop_assert!(one.convert_up(most + 1, from, to).is_none_or(|next| next > room));
        }
    }

    #[test]
    fn parse_never_panics(text in any::<String>()) {
        let _ = Rate::parse(&text);
    }
}

#[test]
fn a_rate_departs_beyond_the_share_in_either_direction() {
    let rate = |text: &str| Rate::parse(text).unwrap();
    for (new, last, expected) in [
        ("7.7", "7", false),
        ("7.7000000001", "7", true),
        ("7", "7.7", false),
        ("6.9999999999", "7.7", true),
        ("0.0001", "7", true),
        ("100000000", "0.00000001", true),
        ("7", "7", false),
    ] {
        assert_eq!(
            departs(rate(new), rate(last), 1_000),
            expected,
            "{new} {last}"
        );
    }
    assert!(departs(rate("7.0000000001"), rate("7"), 0));
}
