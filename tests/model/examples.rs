//! The checker itself: it accepts what can have happened and nothing else.

use super::history::{Op, Outcome, Reason, Record, Shown};
use super::reference::State;
use super::search::{Verdict, explain, shrink};
use super::world::{beginning, company};

fn reserve(reservation: u32, amount: i64) -> Op {
    Op::Reserve {
        customer: 2,
        reservation,
        amount,
        until: 60,
    }
}

fn held(amount: i64) -> Outcome {
    Outcome::Reservation(Shown {
        amount,
        held: amount,
        captured: 0,
        released: 0,
        expired: 0,
        status: "held".to_owned(),
    })
}

fn refused_with(available: i64) -> Outcome {
    Outcome::Refused {
        code: "limit_exceeded".to_owned(),
        reasons: vec![Reason {
            code: "limit_exceeded".to_owned(),
            level: Some("product".to_owned()),
            available: Some(available),
        }],
    }
}

/// The third customer: a limit of 100.00 for the product and no other.
fn verdict(records: &[Record]) -> Verdict {
    explain(&company(), &beginning(), records, &|_| true)
}

#[test]
fn two_reservations_of_60_on_a_limit_of_100_are_never_both_held() {
    let both = [
        Record::new(0, reserve(1, 6_000), 0, 3, held(6_000)),
        Record::new(1, reserve(2, 6_000), 1, 2, held(6_000)),
    ];
    assert!(!verdict(&both).is_explained());
    let one = [
        both[0].clone(),
        Record::new(1, reserve(2, 6_000), 1, 2, refused_with(4_000)),
    ];
    assert!(verdict(&one).is_explained());
    let wrong_room = [
        both[0].clone(),
        Record::new(1, reserve(2, 6_000), 1, 2, refused_with(4_100)),
    ];
    assert!(!verdict(&wrong_room).is_explained());
}

#[test]
fn a_refusal_before_the_limit_was_taken_is_impossible_and_beside_it_is_not() {
    let history = |taken_at: u64| {
        [
            Record::new(0, reserve(1, 6_000), 1, 2, refused_with(4_000)),
            Record::new(1, reserve(2, 6_000), taken_at, 9, held(6_000)),
        ]
    };
    assert!(!verdict(&history(3)).is_explained(), "it came later");
    assert!(verdict(&history(0)).is_explained(), "it was under way");
}

#[test]
fn what_was_answered_is_seen_by_whoever_looks_later() {
    let read = |held, at| {
        let seen = Outcome::Line {
            limit: 10_000,
            held,
            drawn: 0,
            suspended: false,
        };
        Record::new(1, Op::ReadLine { line: 2 }, at, at + 1, seen)
    };
    let reserved = Record::new(0, reserve(1, 6_000), 2, 5, held(6_000));
    assert!(!verdict(&[reserved.clone(), read(0, 6)]).is_explained());
    assert!(verdict(&[reserved.clone(), read(0, 3)]).is_explained());
    assert!(verdict(&[reserved.clone(), read(6_000, 3)]).is_explained());
    assert!(!verdict(&[reserved.clone(), read(6_000, 0)]).is_explained());
    // Once seen it stays seen, whatever was still under way.
    let back = [reserved, read(6_000, 3), {
        let mut later = read(0, 4);
        later.invoked = 5;
        later
    }];
    assert!(!verdict(&back).is_explained());
}

#[test]
fn an_answer_that_never_came_may_mean_either() {
    let lost = Record {
        client: 0,
        op: reserve(1, 6_000),
        invoked: 0,
        answered: None,
    };
    let next = |outcome| Record::new(1, reserve(2, 6_000), 5, 6, outcome);
    assert!(verdict(&[lost.clone(), next(held(6_000))]).is_explained());
    assert!(verdict(&[lost.clone(), next(refused_with(4_000))]).is_explained());
    // The books say which.
    let ends = |records: &[Record], count: usize| {
        let is_end = |state: &State| state.reservations.len() == count;
        explain(&company(), &beginning(), records, &is_end).is_explained()
    };
    let refused = [lost.clone(), next(refused_with(4_000))];
    assert!(ends(&refused, 1));
    assert!(!ends(&refused, 0));
    assert!(!ends(&[lost, next(held(6_000))], 2), "there was no room");
}

#[test]
fn the_books_have_to_stand_as_the_answers_say() {
    let records = [Record::new(0, reserve(1, 6_000), 0, 1, held(6_000))];
    let lost = |state: &State| state.reservations.is_empty();
    assert!(!explain(&company(), &beginning(), &records, &lost).is_explained());
}

#[test]
fn what_has_expired_is_given_back_at_that_instant_and_not_before() {
    let wait = Record::new(1, Op::Wait { minutes: 60 }, 3, 4, Outcome::Done);
    let first = Record::new(0, reserve(1, 10_000), 0, 1, held(10_000));
    let second = |at| {
        let later = Op::Reserve {
            customer: 2,
            reservation: 2,
            amount: 10_000,
            until: 120,
        };
        Record::new(2, later, at, at + 1, held(10_000))
    };
    assert!(verdict(&[first.clone(), wait.clone(), second(5)]).is_explained());
    assert!(!verdict(&[first, second(1), wait]).is_explained());
}

#[test]
fn what_has_expired_of_another_member_takes_no_room_whoever_is_at_work() {
    let of = |customer, reservation, until| Op::Reserve {
        customer,
        reservation,
        amount: 8_000,
        until,
    };
    let history = |outcome| {
        [
            Record::new(0, of(0, 1, 60), 0, 1, held(8_000)),
            Record::new(1, Op::Wait { minutes: 60 }, 2, 3, Outcome::Done),
            Record::new(2, Op::Sweep { customer: 0 }, 4, 9, Outcome::Done),
            Record::new(0, of(1, 2, 100_000), 5, 6, outcome),
        ]
    };
    assert!(verdict(&history(held(8_000))).is_explained());
    let refused = Outcome::Refused {
        code: "limit_exceeded".to_owned(),
        reasons: vec![Reason {
            code: "limit_exceeded".to_owned(),
            level: Some("group".to_owned()),
            available: Some(4_000),
        }],
    };
    assert!(!verdict(&history(refused)).is_explained());
}

#[test]
fn what_plays_no_part_in_a_contradiction_is_left_out_of_it() {
    let check = Op::Check {
        customer: 0,
        amount: 100,
    };
    let seen = Outcome::Checked {
        available: Some(8_000),
        reasons: Vec::new(),
    };
    let records = [
        Record::new(2, check, 0, 1, seen),
        Record::new(0, reserve(1, 6_000), 2, 5, held(6_000)),
        Record::new(1, reserve(2, 6_000), 3, 4, held(6_000)),
    ];
    let least = shrink(&company(), &beginning(), &records, &|_| true);
    assert_eq!(least.len(), 2);
}
