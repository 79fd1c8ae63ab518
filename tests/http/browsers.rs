//! Cross-origin requests: exactly the listed origins, and never with credentials of the browser.

use crate::support::{Answer, TestServer};

const LISTED: &str = "https://app.example.org";

fn server() -> TestServer {
    TestServer::start_with(|settings| settings.allowed_origins = vec![LISTED.to_owned()])
}

fn preflight(server: &TestServer, origin: &str) -> Answer {
    server
        .as_nobody()
        .call("OPTIONS", "/v1/customers")
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "POST")
        .header(
            "Access-Control-Request-Headers",
            "authorization,idempotency-key",
        )
        .expect(204)
}

#[test]
fn a_listed_origin_may_call() {
    let server = server();
    let leave = preflight(&server, LISTED);
    assert_eq!(leave.header("access-control-allow-origin"), Some(LISTED));
    let headers = leave
        .header("access-control-allow-headers")
        .unwrap()
        .to_ascii_lowercase();
    for needed in [
        "authorization",
        "content-type",
        "idempotency-key",
        "if-match",
        "if-none-match",
    ] {
        assert!(headers.contains(needed), "{needed}");
    }
    let methods = leave.header("access-control-allow-methods").unwrap();
    assert!(
        methods.contains("GET") && methods.contains("POST"),
        "{methods}"
    );
    let client = server.as_tier("clerk");
    for answer in [
        client
            .get("/v1/customers")
            .header("Origin", LISTED)
            .expect(200),
        client
            .get("/v1/nothing")
            .header("Origin", LISTED)
            .expect(404),
    ] {
        assert_eq!(answer.header("access-control-allow-origin"), Some(LISTED));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for needed in ["ETag", "Location", "Link", "Retry-After", "X-Request-Id"] {
            assert!(exposed.contains(needed), "{needed}");
        }
    }
}

#[test]
fn no_other_origin_may_and_caches_are_told() {
    let server = server();
    for origin in [
        "https://evil.example.org",
        "https://app.example.org.evil.org",
        "http://app.example.org",
        "https://app.example.org:8443",
        "https://APP.example.org",
        "null",
        "*",
    ] {
        for answer in [
            preflight(&server, origin),
            server
                .as_tier("clerk")
                .get("/v1/customers")
                .header("Origin", origin)
                .expect(200),
        ] {
            assert_eq!(
                answer.header("access-control-allow-origin"),
                None,
                "{origin}"
            );
            assert_eq!(
                answer.header("access-control-allow-credentials"),
                None,
                "{origin}"
            );
            let varies = answer
                .headers
                .get_all("vary")
                .iter()
                .any(|value| value == "Origin");
            assert!(varies, "{origin}");
        }
    }
}

#[test]
fn without_a_list_no_origin_may() {
    let server = TestServer::start();
    let answer = preflight(&server, LISTED);
    assert_eq!(answer.header("access-control-allow-origin"), None);
}
