//! Case 50 of the negative list: rotation, and key set servers that misbehave.
//!
//! Most tests drive the worker step by step with a clock of their own, so nothing waits.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::fetch::{FetchError, Fetcher, KeySetUri};
use super::fixtures::{
    ALGORITHMS, Draft, ISSUER, KEYS, ec_jwk, ed_jwk, key_set_json, now, trusted, with,
};
use super::jwks::KEY_SET_BYTES_MAX;
use super::key_holder::{KeyHolder, STALE_AFTER_DEFAULT};
use super::refresh::{Clock, IssuerSource, JwksRefresher, StartError, Worker};
use super::rejection::TokenRejection;
use super::schedule::RefreshSettings;
use super::token::{TokenLimits, TokenVerifier};

/// What the server does with a request.
#[derive(Clone)]
enum Reply {
    /// Sends these bytes and closes the connection.
    Send(String),
    /// Sends these bytes and then nothing, with the connection open.
    Hang(String),
}

fn ok(headers: &str, body: &str) -> Reply {
    Reply::Send(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    ))
}

/// An answer that is not to be used although it has keys in it.
fn status(line: &str, headers: &str) -> Reply {
    let body = key_set_json(&[ec_jwk("ec", &KEYS.ec)]);
    let length = body.len();
    Reply::Send(format!(
        "HTTP/1.1 {line}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    ))
}

/// A server for one address, which counts what it is asked.
struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    requested: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    reply: Mutex<Reply>,
    requests: AtomicUsize,
    stop: AtomicBool,
}

impl Server {
    fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let shared = Arc::new(Shared {
            reply: Mutex::new(reply),
            requests,
            stop,
        });
        let (tell, requested) = channel();
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || serve(&listener, &of_thread, &tell));
        Self {
            address,
            shared,
            requested,
            thread: Some(thread),
        }
    }

    fn uri(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    fn reply_with(&self, reply: Reply) {
        *self.shared.reply.lock().unwrap() = reply;
    }

    fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
    }
}

fn serve(listener: &TcpListener, shared: &Shared, tell: &Sender<()>) {
    let mut open = Vec::new();
    for stream in listener.incoming() {
        if shared.stop.load(Ordering::SeqCst) {
            return;
        }
        let mut stream = stream.unwrap();
        read_request(&mut stream);
        shared.requests.fetch_add(1, Ordering::SeqCst);
        let reply = shared.reply.lock().unwrap().clone();
        // The client may have hung up already; that is its right.
        match reply {
            Reply::Send(text) => drop(stream.write_all(text.as_bytes())),
            Reply::Hang(text) => {
                drop(stream.write_all(text.as_bytes()));
                open.push(stream);
            }
        }
        if tell.send(()).is_err() {
            return;
        }
    }
}

fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 => request.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
}

/// A clock that moves only when told to.
#[derive(Clone)]
struct TestClock(Arc<AtomicI64>);

impl TestClock {
    fn now(&self) -> DateTime<Utc> {
        now() + TimeDelta::seconds(self.0.load(Ordering::SeqCst))
    }

    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

fn settings() -> RefreshSettings {
    RefreshSettings {
        timeout: Duration::from_millis(300),
        allow_http_to_loopback: true,
        ..RefreshSettings::default()
    }
}

/// A worker for one issuer, and a verifier that asks it for keys.
struct Setup {
    server: Server,
    clock: TestClock,
    keys: Arc<KeyHolder>,
    worker: Worker,
    verifier: TokenVerifier,
}

fn source(uri: String, keys: &Arc<KeyHolder>) -> IssuerSource {
    IssuerSource {
        issuer: ISSUER.to_owned(),
        jwks_uri: uri,
        algorithms: ALGORITHMS.to_vec(),
        keys: Arc::clone(keys),
    }
}

impl Setup {
    fn new(reply: Reply) -> Self {
        let server = Server::start(reply);
        let clock = TestClock(Arc::new(AtomicI64::new(0)));
        let keys = Arc::new(KeyHolder::refreshed(STALE_AFTER_DEFAULT));
        let of_worker = clock.clone();
        let tell_time: Clock = Arc::new(move || of_worker.now());
        let sources = vec![source(server.uri(), &keys)];
        let worker = Worker::new(sources, settings(), tell_time).unwrap();
        let (wake, _) = sync_channel(1);
        let mut issuer = trusted(ISSUER, Arc::clone(&keys));
        issuer.refresh = Some(worker.handles(&wake).remove(0).1);
        let verifier = TokenVerifier::new(vec![issuer], TokenLimits::default()).unwrap();
        Self {
            server,
            clock,
            keys,
            worker,
            verifier,
        }
    }

    /// One turn of the background thread.
    fn turn(&mut self) -> Duration {
        self.worker.refresh_due(&AtomicBool::new(false))
    }

    /// The verdict on a good token of that key, as of the issuing hour.
    fn verdict(&self, algorithm: &str, key_id: &str) -> Option<TokenRejection> {
        let token = Draft::good(algorithm, key_id).token();
        self.verifier.verify(&token, now()).err()
    }
}

fn ed_and_ec() -> Reply {
    ok(
        "",
        &key_set_json(&[ed_jwk("ed", &KEYS.ed), ec_jwk("ec", &KEYS.ec)]),
    )
}

fn ec_only() -> Reply {
    ok("", &key_set_json(&[ec_jwk("ec", &KEYS.ec)]))
}

#[test]
fn keys_are_missing_until_the_first_fetch() {
    let mut setup = Setup::new(ed_and_ec());
    assert_eq!(
        setup.verdict("EdDSA", "ed"),
        Some(TokenRejection::KeysStale)
    );
    assert_eq!(setup.turn(), Duration::from_secs(300));
    assert_eq!(setup.verdict("EdDSA", "ed"), None);
}

#[test]
fn a_removed_key_stops_being_accepted_with_the_next_fetch() {
    let mut setup = Setup::new(ed_and_ec());
    setup.turn();
    assert_eq!(setup.verdict("EdDSA", "ed"), None);
    setup.server.reply_with(ec_only());
    setup.clock.advance(299);
    setup.turn();
    assert_eq!(
        (setup.server.requests(), setup.verdict("EdDSA", "ed")),
        (1, None)
    );
    setup.clock.advance(1);
    setup.turn();
    assert_eq!(setup.server.requests(), 2);
    assert_eq!(
        setup.verdict("EdDSA", "ed"),
        Some(TokenRejection::KeyUnknown)
    );
    assert_eq!(setup.verdict("ES256", "ec"), None);
}

#[test]
fn an_added_key_is_fetched_when_the_first_token_needs_it() {
    let mut setup = Setup::new(ec_only());
    setup.turn();
    setup.server.reply_with(ed_and_ec());
    assert_eq!(
        setup.verdict("EdDSA", "ed"),
        Some(TokenRejection::KeyUnknown)
    );
    setup.turn();
    assert_eq!(setup.verdict("EdDSA", "ed"), None);
}

#[test]
fn a_flood_of_unknown_keys_does_not_amplify() {
    let mut setup = Setup::new(ec_only());
    setup.turn();
    let flood = |setup: &Setup| {
        for index in 0..500 {
            let verdict = setup.verdict("EdDSA", &format!("unknown-{index}"));
            assert_eq!(verdict, Some(TokenRejection::KeyUnknown));
        }
    };
    let mut requests = Vec::new();
    for advance in [0, 1, 28, 1, 29, 1] {
        setup.clock.advance(advance);
        flood(&setup);
        setup.turn();
        requests.push(setup.server.requests());
    }
    assert_eq!(requests, [2, 2, 2, 3, 3, 4]);
}

#[test]
fn a_request_is_served_once() {
    let mut setup = Setup::new(ec_only());
    setup.turn();
    setup.verdict("EdDSA", "unknown");
    for _ in 0..4 {
        setup.turn();
        setup.clock.advance(40);
    }
    assert_eq!(setup.server.requests(), 2);
}

#[test]
fn a_fetch_stops_at_its_limits() {
    let fetch = |reply: Reply| {
        let server = Server::start(reply);
        let uri = KeySetUri::parse(&server.uri(), true).unwrap();
        Fetcher::new(&settings())
            .fetch(&uri)
            .map(|fetched| fetched.body.len())
    };
    let of_length = |bytes: usize| ok("", &"x".repeat(bytes));
    assert_eq!(
        fetch(of_length(KEY_SET_BYTES_MAX)).unwrap(),
        KEY_SET_BYTES_MAX
    );
    let too_large = fetch(of_length(KEY_SET_BYTES_MAX + 1));
    assert!(
        matches!(too_large, Err(FetchError::TooLarge)),
        "{too_large:?}"
    );
    let slow = fetch(Reply::Hang(String::new()));
    assert!(matches!(slow, Err(FetchError::TimedOut)), "{slow:?}");
    let redirect = fetch(status("302 Found", "Location: https://idp.example/\r\n"));
    assert!(
        matches!(redirect, Err(FetchError::Status(302))),
        "{redirect:?}"
    );
}

#[test]
fn bad_answers_keep_the_last_good_keys_until_the_hard_limit() {
    let huge = "x".repeat(KEY_SET_BYTES_MAX + 1);
    let elsewhere = Server::start(ec_only());
    let location = format!("Location: {}\r\n", elsewhere.uri());
    let unusable = key_set_json(&[with(&ed_jwk("ed", &KEYS.ed), "use", json!("enc"))]);
    let bad = [
        ("500", status("500 Internal Server Error", "")),
        ("503", status("503 Service Unavailable", "")),
        ("404", status("404 Not Found", "")),
        ("203", status("203 Non-Authoritative Information", "")),
        ("301", status("301 Moved Permanently", &location)),
        ("307", status("307 Temporary Redirect", &location)),
        ("huge", ok("", &huge)),
        (
            "huge without a length",
            Reply::Send(format!("HTTP/1.1 200 OK\r\n\r\n{huge}")),
        ),
        (
            "HTML",
            ok(
                "Content-Type: text/html\r\n",
                "<html><body>Sign in</body></html>",
            ),
        ),
        ("empty", ok("", "")),
        ("no keys", ok("", r#"{"keys":[]}"#)),
        ("no usable key", ok("", &unusable)),
        ("not HTTP", Reply::Send("+OK\r\n".to_owned())),
        ("closed at once", Reply::Send(String::new())),
        (
            "cut short",
            Reply::Send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_owned()),
        ),
        ("slow to answer", Reply::Hang(String::new())),
        (
            "slow to end",
            Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_owned()),
        ),
    ];
    for (what, reply) in bad {
        let mut setup = Setup::new(ed_and_ec());
        setup.turn();
        setup.server.reply_with(reply);
        setup.clock.advance(300);
        assert_eq!(
            setup.turn(),
            Duration::from_secs(1),
            "{what}: the pause before a retry"
        );
        assert_eq!(setup.server.requests(), 2, "{what}");
        assert_eq!(
            setup.verdict("EdDSA", "ed"),
            None,
            "{what}: the last good keys"
        );
        assert!(setup.keys.is_fresh(now() + STALE_AFTER_DEFAULT), "{what}");
        assert!(
            !setup
                .keys
                .is_fresh(now() + STALE_AFTER_DEFAULT + TimeDelta::seconds(1))
        );
    }
    assert_eq!(elsewhere.requests(), 0, "no redirect is followed");
}

#[test]
fn stale_keys_are_not_believed() {
    let mut setup = Setup::new(ed_and_ec());
    setup.turn();
    let mut draft = Draft::good("EdDSA", "ed");
    let late = now() + STALE_AFTER_DEFAULT + TimeDelta::seconds(1);
    draft
        .payload
        .insert("iat".to_owned(), json!(late.timestamp()));
    draft
        .payload
        .insert("exp".to_owned(), json!(late.timestamp() + 60));
    let verdict = |setup: &Setup| setup.verifier.verify(&draft.token(), late).err();
    assert_eq!(verdict(&setup), Some(TokenRejection::KeysStale));
    setup.clock.advance(24 * 60 * 60);
    setup.turn();
    assert_eq!(verdict(&setup), None);
}

#[test]
fn cache_control_sets_the_interval() {
    let body = key_set_json(&[ed_jwk("ed", &KEYS.ed)]);
    let mut setup = Setup::new(ok("Cache-Control: public, max-age=3600\r\n", &body));
    assert_eq!(setup.turn(), Duration::from_secs(3600));
}

#[test]
fn one_failing_issuer_does_not_keep_the_others_from_their_keys() {
    let failing = Server::start(Reply::Hang(String::new()));
    let working = Server::start(ed_and_ec());
    let holder = || Arc::new(KeyHolder::refreshed(STALE_AFTER_DEFAULT));
    let (of_failing, of_working) = (holder(), holder());
    let sources = vec![
        source(failing.uri(), &of_failing),
        source(working.uri(), &of_working),
    ];
    let mut worker = Worker::new(sources, settings(), Arc::new(now)).unwrap();
    assert_eq!(
        worker.refresh_due(&AtomicBool::new(false)),
        Duration::from_secs(1)
    );
    assert!(!of_failing.is_fresh(now()));
    assert!(of_working.is_fresh(now()));
}

#[test]
fn the_thread_fetches_on_request_and_stops_when_dropped() {
    let server = Server::start(ec_only());
    let keys = Arc::new(KeyHolder::refreshed(STALE_AFTER_DEFAULT));
    let started = Instant::now();
    let clock: Clock = Arc::new(move || now() + TimeDelta::from_std(started.elapsed()).unwrap());
    let patient = RefreshSettings {
        timeout: Duration::from_secs(5),
        ..settings()
    };
    let refresher =
        JwksRefresher::start(vec![source(server.uri(), &keys)], patient, clock).unwrap();
    let limit = Duration::from_secs(10);
    server.requested.recv_timeout(limit).unwrap();
    server.reply_with(ed_and_ec());
    assert!(refresher.handle("https://unknown.example").is_none());
    let handle = refresher.handle(ISSUER).unwrap();
    handle.request();
    server.requested.recv_timeout(limit).unwrap();
    (0..1000).for_each(|_| handle.request());
    // Dropping waits for the fetch that is running, so what follows cannot race with it.
    drop(refresher);
    handle.request();
    assert!(keys.get("ed").is_some());
    assert!(server.requests() <= 3, "{} requests", server.requests());
}

#[test]
fn an_address_without_tls_is_refused_at_the_start() {
    let keys = Arc::new(KeyHolder::refreshed(STALE_AFTER_DEFAULT));
    let strict = RefreshSettings::default();
    for uri in [
        "http://idp.example/keys",
        "http://127.0.0.1/keys",
        "idp.example",
        "",
    ] {
        let sources = vec![source(uri.to_owned(), &keys)];
        let refused = JwksRefresher::start(sources, strict.clone(), Arc::new(now)).err();
        assert!(matches!(refused, Some(StartError::Address(_))), "{uri}");
    }
}

#[test]
fn a_server_that_speaks_no_tls_is_a_failure_and_not_a_panic() {
    // This also sets up the TLS client, which plain HTTP never does.
    let server = Server::start(status("200 OK", ""));
    let keys = Arc::new(KeyHolder::refreshed(STALE_AFTER_DEFAULT));
    let uri = format!("https://{}/keys", server.address);
    let mut worker = Worker::new(vec![source(uri, &keys)], settings(), Arc::new(now)).unwrap();
    assert_eq!(
        worker.refresh_due(&AtomicBool::new(false)),
        Duration::from_secs(1)
    );
    assert!(!keys.is_fresh(now()));
}
