//! The same histories while things break: PostgreSQL's connections are ended at random, and
//! instances are killed and started again. Whoever is told nothing asks again under the same key, or
//! goes away and never learns.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64};

use diesel::prelude::*;
use shouxin::clock::{Clock, SystemClock};

use super::dice::Dice;
use super::play::{Known, Scope, Stage};
use super::{Arena, assert_limits_held, everything, play, play_all, seeds};
use crate::binary::{Binary, Folder, a_free_port};
use crate::support::assert_ledger_is_clean;
use crate::support::server::numbers;

/// Histories while connections are ended.
const CUT_OFF: u64 = 120;
/// Histories while instances are killed.
const KILLED: u64 = 40;

/// Ends one of the connections that the service has, whatever it is doing.
const END_ONE: &str = "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity \
     WHERE datname = current_database() AND application_name = 'shouxin' ORDER BY random() LIMIT 1) AS one";

#[test]
fn histories_are_explained_while_connections_are_cut() {
    let arena = Arena::new(None);
    let owner = Mutex::new(arena.servers[0].owner());
    let ended = AtomicU64::new(0);
    let chaos = |dice: &mut Dice| {
        if dice.below(5) == 0 {
            let count = numbers(&mut owner.lock().unwrap(), END_ONE)[0];
            ended.fetch_add(count.unsigned_abs(), std::sync::atomic::Ordering::Relaxed);
        }
    };
    play_all(&arena, &seeds(CUT_OFF), everything(), &chaos);
    assert!(ended.into_inner() > CUT_OFF, "connections were cut");
}

/// Two processes of the program on the database of the arena.
struct Pair {
    folder: Folder,
    ports: [u16; 2],
    running: [Mutex<Binary>; 2],
    database_url: String,
    kills: AtomicU32,
}

impl Pair {
    fn start(database_url: &str) -> Self {
        let folder = Folder::new("model");
        let ports = [a_free_port(), a_free_port()];
        // One after the other: both take their keys from the folder.
        let running = ports.map(|port| Mutex::new(Binary::dev(&folder, port, database_url)));
        Self {
            folder,
            ports,
            running,
            database_url: database_url.to_owned(),
            kills: AtomicU32::new(0),
        }
    }

    /// kill -9, and another start. Whoever finds it being started goes on.
    fn kill(&self, which: usize) {
        if let Ok(mut binary) = self.running[which].try_lock() {
            binary.kill();
            *binary = Binary::dev(&self.folder, self.ports[which], &self.database_url);
            self.kills
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    fn token(&self) -> String {
        let tokens = std::fs::read(self.folder.path().join("tokens.json")).unwrap();
        let tokens: serde_json::Value = serde_json::from_slice(&tokens).unwrap();
        tokens["integration"].as_str().unwrap().to_owned()
    }
}

#[test]
fn histories_are_explained_while_instances_are_killed() {
    let arena = Arena::new(Some(SystemClock.now()));
    let pair = Pair::start(arena.servers[0].database_url());
    let scope = Scope {
        everything: false,
        faults: true,
        ..everything()
    };
    let owner = Mutex::new(arena.servers[0].owner());
    let chaos = |dice: &mut Dice| match dice.below(120) {
        0 => pair.kill(dice.below(2)),
        1..8 => {
            let _ended = numbers(&mut owner.lock().unwrap(), END_ONE);
        }
        _ => {}
    };
    let seeds = seeds(KILLED);
    let worlds = arena.model.copies(
        &arena.servers[0],
        1..u32::try_from(seeds.len()).unwrap() + 1,
    );
    let token = pair.token();
    let mut books = PgConnection::establish(arena.servers[0].database_url()).unwrap();
    for (seed, world) in seeds.iter().zip(&worlds) {
        let stage = Stage {
            world,
            instances: pair
                .ports
                .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
                .to_vec(),
            tokens: [token.clone(), token.clone()],
            began_at: arena.began_at,
            today: arena.servers[0].db().today(),
            scope,
            aside: &|_| {},
            chaos: &chaos,
            moments: AtomicU64::new(0),
            names: AtomicU32::new(100),
            known: Mutex::new(Known::new(world)),
        };
        if let Err(why) = play(&stage, *seed, &mut books) {
            panic!("{why}");
        }
    }
    assert!(pair.kills.into_inner() > 0, "instances were killed");
    assert_limits_held(&arena.servers[0]);
    assert_ledger_is_clean(&arena.servers[0]);
}
