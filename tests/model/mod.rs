//! A reference model of the business, and thousands of short histories of several clients against
//! two instances: every answer must be one that the model gives in some order true to real time,
//! and the books must stand in the end as the model has them.
//!
//! `HISTORY_SEED=17 cargo test model` plays the histories of one seed again, many times over,
//! because which thread is faster is not in the seed; `HISTORY_COUNT=20000` plays more of them.

mod choosing;
mod decisions;
pub mod dice;
mod ending;
mod examples;
mod faults;
mod history;
mod play;
mod reference;
mod requests;
mod search;
mod wire;
mod world;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::PgConnection;
use diesel::prelude::*;
use shouxin::auth::development::MintRequest;
use shouxin::auth::scopes;
use shouxin::exposure::app::reservations::sweep;
use shouxin::values::organisation::OrgPath;

use dice::Dice;
use ending::{Ending, receivable_ids};
use history::{Name, Op, Record, written_out};
use play::{Known, Player, Scope, Stage};
use search::{Verdict, explain, shrink};
use world::World;

use crate::support::document::document;
use crate::support::server::development_keys;
use crate::support::{TestServer, assert_ledger_is_clean};

/// Histories that are played where nothing breaks.
const HISTORIES: u64 = 1_000;
/// Arenas that are played in at once.
const ARENAS: usize = 2;
/// Worlds that are made at once.
const WORLDS: u32 = 100;

/// Two instances on one database.
struct Arena {
    servers: [TestServer; 2],
    model: World,
    began_at: DateTime<Utc>,
}

impl Arena {
    fn new(start: Option<DateTime<Utc>>) -> Self {
        let one = TestServer::start_with(|settings| {
            settings.start = start.unwrap_or(settings.start);
        });
        let servers = [one.beside(), one];
        Self {
            model: world::model(&servers[0]),
            began_at: servers[0].now(),
            servers,
        }
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(TestServer::address).collect()
    }

    /// Gives back what has expired, as the job does.
    fn sweep(&self, customer: &str) {
        let id = customer.parse().unwrap();
        let swept = self.servers[1].db().write_blocking(
            &shouxin::jobs::actor(),
            "reservation.sweep",
            &|tx| sweep(tx, id),
        );
        // Somebody may break the connection meanwhile; the job comes again.
        assert!(swept.is_ok() || swept.is_err_and(|error| !error.to_string().contains("internal")));
    }
}

/// Tokens of two people who may do everything, for a day.
fn tokens(began_at: DateTime<Utc>) -> [String; 2] {
    let all: Vec<&str> = scopes::ALL.iter().map(|scope| scope.name).collect();
    ["everything", "approver"].map(|subject| {
        development_keys()
            .mint(&MintRequest {
                subject,
                client_id: "tests",
                scopes: &all,
                org_path: &OrgPath::parse("head-office").unwrap(),
                customer_id: None,
                issued_at: began_at,
                lifetime: TimeDelta::hours(23),
                token_id: "a-token-of-the-model",
            })
            .unwrap()
    })
}

/// Plays a history with some clients and says why it cannot be explained, if it cannot.
fn play(stage: &Stage<'_>, seed: u64, books: &mut PgConnection) -> Result<usize, String> {
    let mut dice = Dice::new(seed);
    let (clients, operations) = (3 + dice.below(2), 4 + dice.below(4));
    let done: Vec<_> = std::thread::scope(|scope| {
        let players: Vec<_> = (0..clients)
            .map(|number| {
                let dice = Dice::new(seed.wrapping_mul(64).wrapping_add(number as u64 + 1));
                scope.spawn(move || Player::new(stage, number, dice).play(operations))
            })
            .collect();
        players
            .into_iter()
            .flat_map(|player| {
                let played = player.join();
                played.unwrap_or_else(|_| panic!("a client of seed {seed} met what may not be"))
            })
            .collect()
    });
    let books = stage.world.books(books);
    let mut company = world::company();
    company.ids = receivable_ids(&books);
    let names: BTreeMap<String, Name> = company
        .ids
        .iter()
        .map(|(name, id)| (id.clone(), *name))
        .collect();
    let records: Vec<Record> = done.into_iter().map(|done| done.record(&names)).collect();
    let waited: i64 = records
        .iter()
        .map(|record| match record.op {
            Op::Wait { minutes } => minutes,
            _ => 0,
        })
        .sum();
    let now = stage.began_at + TimeDelta::minutes(waited);
    let beginning = world::beginning();
    let untouched = Ending::of(&company, &beginning);
    let ending = Ending::read(stage.world, &books, &untouched, now);
    let is_end = |state: &reference::State| Ending::of(&company, state) == ending;
    if explain(&company, &beginning, &records, &is_end).is_explained() {
        return Ok(records.len());
    }
    let least = shrink(&company, &beginning, &records, &is_end);
    let why = match explain(&company, &beginning, &least, &|_| true) {
        Verdict::Explained(order) => {
            let as_told: Vec<Record> = order.iter().map(|index| least[*index].clone()).collect();
            format!(
                "the answers go together, for instance in this order:\n{}but the books stand as {ending:#?}",
                as_told
                    .iter()
                    .map(|record| format!("{record}\n"))
                    .collect::<String>()
            )
        }
        Verdict::Impossible(longest, expected) => {
            let as_told: Vec<Record> = longest.iter().map(|index| least[*index].clone()).collect();
            format!(
                "this far they go together:\n{}and then the model would answer:\n{}",
                as_told
                    .iter()
                    .map(|record| format!("{record}\n"))
                    .collect::<String>(),
                expected.join("\n")
            )
        }
    };
    Err(format!(
        "no order explains this history of seed {seed}; world {}\n{}\nof these it cannot be without:\n{}\n{why}",
        stage.world.number,
        written_out(&records),
        written_out(&least),
    ))
}

/// The seeds to play: as many as the test has, more where somebody has the time, or one again and
/// again.
#[expect(
    clippy::disallowed_methods,
    reason = "a failure is played again from its seed"
)]
fn seeds(histories: u64) -> Vec<u64> {
    let told = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    match (told("HISTORY_SEED"), told("HISTORY_COUNT")) {
        (Some(seed), count) => vec![seed; count.map_or(300, |count| count as usize)],
        (None, count) => (1..=count.unwrap_or(histories)).collect(),
    }
}

/// Plays the history of every seed, each in a world of its own.
fn play_all(arena: &Arena, seeds: &[u64], scope: Scope, chaos: &(dyn Fn(&mut Dice) + Sync)) {
    let tokens = tokens(arena.began_at);
    let mut connection = PgConnection::establish(arena.servers[0].database_url()).unwrap();
    let mut operations = 0;
    for (chunk, first) in seeds
        .chunks(WORLDS as usize)
        .zip((1..).step_by(WORLDS as usize))
    {
        let count = u32::try_from(chunk.len()).unwrap();
        let worlds = arena.model.copies(&arena.servers[0], first..first + count);
        for (seed, world) in chunk.iter().zip(&worlds) {
            arena.servers[0].clock.set(arena.began_at);
            let aside = |op: &Op| match op {
                Op::Wait { minutes } => arena.servers[0].advance(TimeDelta::minutes(*minutes)),
                Op::Sweep { customer } => arena.sweep(&world.customers[*customer]),
                _ => {}
            };
            let stage = Stage {
                world,
                instances: arena.addresses(),
                tokens: tokens.clone(),
                began_at: arena.began_at,
                today: arena.servers[0].db().today(),
                scope,
                aside: &aside,
                chaos,
                moments: AtomicU64::new(0),
                names: AtomicU32::new(100),
                known: Mutex::new(Known::new(world)),
            };
            match play(&stage, *seed, &mut connection) {
                Ok(records) => operations += records,
                Err(why) => panic!("{why}"),
            }
        }
    }
    assert!(operations >= seeds.len() * 10, "histories were played");
    assert_limits_held(&arena.servers[0]);
    assert_ledger_is_clean(&arena.servers[0]);
}

/// At every commit, by the movements: what was decided within a limit stayed within it, less what money
/// on account covered then. How much that may be is a matter of the model.
fn assert_limits_held(server: &TestServer) {
    let decided = server.number("SELECT count(*) FROM credit_movements WHERE within_limit");
    assert!(decided > 0, "nothing was decided");
    let over = server.number(
        "SELECT count(*) FROM credit_movements m WHERE within_limit AND NOT EXISTS (SELECT 1 FROM credit_line_versions v \
         WHERE v.bucket = m.bucket AND v.line_id = m.line_id AND v.limit_minor = m.limit_minor \
         AND held_after_minor + drawn_after_minor + consumed_after_minor - m.covered_minor <= v.limit_minor)",
    );
    assert_eq!(over, 0, "a decision went over its limit");
}

/// Whether the service has an operation by now.
fn offers(path: &str) -> bool {
    document()["paths"].get(path).is_some()
}

/// Everything that there is to do.
fn everything() -> Scope {
    Scope {
        everything: true,
        faults: false,
        amends: offers("/v1/reservations/{reservation_id}/amend"),
        batches: offers("/v1/reservation-batches"),
    }
}

#[test]
fn every_history_of_two_instances_is_one_that_the_model_explains() {
    let seeds = seeds(HISTORIES);
    std::thread::scope(|scope| {
        for seeds in seeds.chunks(seeds.len().div_ceil(ARENAS)) {
            scope.spawn(|| play_all(&Arena::new(None), seeds, everything(), &|_| {}));
        }
    });
}
