//! Headers: of every answer, in every case.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::document::operations;
use crate::support::{Answer, TestServer, a_customer, customer_body};

/// One answer of each kind the service gives.
fn kinds_of_answers(server: &TestServer) -> Vec<Answer> {
    let client = server.with_everything();
    let customer = a_customer(server);
    let path = format!("/v1/customers/{}", customer.id());
    vec![
        client.get("/v1/customers").expect(200),
        client.get(&path).expect(200),
        client
            .get(&path)
            .header("If-None-Match", &customer.etag())
            .expect(304),
        client
            .post("/v1/customers", &customer_body("head-office"))
            .expect(201),
        client.call("OPTIONS", &path).expect(204),
        client.call("HEAD", &path).expect(200),
        client.get("/v1/nothing").expect(404),
        client.delete(&path).expect(405),
        client.get(&path).header("Accept", "text/html").expect(406),
        client.get("/v1/customers?limit=0").expect(400),
        server.as_nobody().get(&path).expect(401),
        server.with(&[], "head-office", "x").get(&path).expect(403),
        client
            .patch(&path, "\"9\"", &serde_json::json!({"industry": "x"}))
            .expect(412),
        server.as_nobody().get("/livez").expect(200),
        server.as_nobody().get("/readyz").expect(200),
        server.as_nobody().get("/metrics").expect(200),
        server.as_nobody().get("/openapi.json").expect(200),
        server.as_nobody().get("/docs/").expect(200),
    ]
}

#[test]
fn every_answer_is_hardened_and_identified() {
    let server = TestServer::shared();
    let mut seen = std::collections::BTreeSet::new();
    for answer in kinds_of_answers(server) {
        let status = answer.status;
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{status}"
        );
        assert_eq!(
            answer.header("referrer-policy"),
            Some("no-referrer"),
            "{status}"
        );
        let csp = answer.header("content-security-policy").unwrap();
        assert!(
            csp.contains("frame-ancestors 'none'") && csp.starts_with("default-src "),
            "{csp}"
        );
        let transport = answer.header("strict-transport-security").unwrap();
        assert!(transport.starts_with("max-age=31536000"), "{status}");
        assert!(answer.header("cache-control").is_some(), "{status}");
        assert_eq!(answer.header("server"), None, "{status}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{status}"
        );
        let id: uuid::Uuid = answer.header("x-request-id").unwrap().parse().unwrap();
        assert!(seen.insert(id), "two answers have one request id");
        assert_eq!(answer.header("x-trace-id").unwrap().len(), 32);
    }
}

#[test]
fn problems_carry_the_request_id_of_their_header_and_a_type_that_can_be_read() {
    let server = TestServer::shared();
    for answer in kinds_of_answers(server) {
        if answer.status < 400 {
            continue;
        }
        let body = answer.json();
        assert_eq!(body["request_id"], answer.header("x-request-id").unwrap());
        assert_eq!(body["status"], answer.status);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let explained = server
            .as_nobody()
            .get(body["type"].as_str().unwrap())
            .expect(200);
        assert_eq!(explained.json()["code"], body["code"]);
        assert_eq!(explained.json()["title"], body["title"]);
    }
}

#[test]
fn every_problem_code_is_documented_in_both_languages() {
    let server = TestServer::shared();
    let list = server.as_nobody().get("/v1/problems").expect(200).items();
    let codes: Vec<&str> = list
        .iter()
        .map(|item| item["code"].as_str().unwrap())
        .collect();
    let known = shouxin::error_codes::ProblemCode::ALL;
    assert_eq!(
        codes,
        known.iter().map(|code| code.as_str()).collect::<Vec<_>>()
    );
    let path = "/v1/problems/limit_exceeded";
    let chinese = server
        .as_nobody()
        .get(path)
        .header("Accept-Language", "zh")
        .expect(200);
    assert_eq!(chinese.json()["title"], "超过额度");
    server
        .as_nobody()
        .get("/v1/problems/no_such_code")
        .expect_problem("not_found");
}

#[test]
fn the_language_of_a_problem_is_the_one_asked_for() {
    let server = TestServer::shared();
    let nobody = server.as_nobody();
    for (wanted, tag, title) in [
        ("", "en", "Not found"),
        ("zh-CN", "zh-CN", "未找到"),
        ("en-GB, zh;q=0.5", "en", "Not found"),
        ("fr, zh-TW;q=0.1", "zh-CN", "未找到"),
        ("fr", "en", "Not found"),
    ] {
        let answer = nobody.get("/v1/nothing").header("Accept-Language", wanted);
        let answer = answer.expect_problem("not_found");
        assert_eq!(answer.header("content-language"), Some(tag), "{wanted}");
        assert_eq!(answer.json()["title"], title, "{wanted}");
    }
}

#[test]
fn what_is_not_offered_cannot_be_had() {
    let server = TestServer::shared();
    let client = server.with_everything();
    for wanted in [
        "text/html",
        "application/xml",
        "application/json;q=0",
        "image/*",
    ] {
        for path in [
            "/v1/customers",
            "/v1/problems",
            "/v1/nothing",
            "/v1/reports/portfolio",
        ] {
            client
                .get(path)
                .header("Accept", wanted)
                .expect_problem("not_acceptable");
        }
    }
    client
        .get("/v1/customers")
        .header("Accept", "text/csv")
        .expect_problem("not_acceptable");
    for wanted in [
        "*/*",
        "application/*",
        "application/json",
        "text/html, */*;q=0.1",
        "",
    ] {
        client
            .get("/v1/customers")
            .header("Accept", wanted)
            .expect(200);
    }
}

#[test]
fn head_answers_like_get_without_a_body() {
    let server = TestServer::start();
    let client = server.with_everything();
    let id = a_customer(&server).id();
    for operation in operations().iter().filter(|one| one.method == "GET") {
        if !matches!(operation.noun(), None | Some("customer")) {
            continue;
        }
        let path = match operation.noun() {
            Some(_) => operation.path_with(&id),
            None => operation.path_with("not_found"),
        };
        let got = client.get(&path).send();
        let head = client.call("HEAD", &path).expect(got.status);
        assert!(head.body.is_empty(), "HEAD {path}");
        for name in ["etag", "content-type", "cache-control", "vary", "link"] {
            // The end of the feed moves on from one request to the next.
            if (operation.id.as_str(), name) == ("listEvents", "link") {
                continue;
            }
            assert_eq!(head.header(name), got.header(name), "HEAD {path} {name}");
        }
    }
}

#[test]
fn the_trace_of_the_caller_goes_on() {
    let server = TestServer::shared();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let call = |parent: &str| {
        server
            .as_nobody()
            .get("/livez")
            .header("traceparent", parent)
            .expect(200)
    };
    let continued = call(&format!("00-{trace}-00f067aa0ba902b7-01"));
    assert_eq!(continued.header("x-trace-id"), Some(trace));
    for broken in [
        "nonsense",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ] {
        let fresh = call(broken);
        let id = fresh.header("x-trace-id").unwrap();
        assert!(id != trace && id.len() == 32 && id.bytes().any(|byte| byte != b'0'));
    }
}

#[test]
fn quotas_are_announced_when_they_are_used_up() {
    let server = TestServer::start_with(|settings| settings.quota_per_minute = 3);
    let client = server.as_tier("auditor");
    for _ in 0..3 {
        client.get("/v1/customers").expect(200);
    }
    let refused = client.get("/v1/customers").expect_problem("rate_limited");
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(
        refused.header("ratelimit-policy"),
        Some(r#""default";q=3;w=60"#)
    );
    assert_eq!(refused.header("ratelimit"), Some(r#""default";r=0;t=60"#));
    server.as_tier("clerk").get("/v1/customers").expect(200);
    server.advance(chrono::TimeDelta::seconds(60));
    client.get("/v1/customers").expect(200);
}

#[test]
fn a_service_that_is_about_to_stop_says_it_is_not_ready_and_still_serves() {
    let server = TestServer::start();
    server.as_nobody().get("/readyz").expect(200);
    server.state.drain();
    let answer = server.as_nobody().get("/readyz").send();
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["checks"]["draining"], "yes");
    server.as_tier("auditor").get("/v1/customers").expect(200);
    server.as_nobody().get("/livez").expect(200);
}

#[test]
fn paths_beside_the_api_answer_get_only() {
    let server = TestServer::shared();
    for path in [
        "/livez",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/docs/",
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let answer = server
                .as_nobody()
                .call(method, path)
                .expect_problem("method_not_allowed");
            assert_eq!(answer.header("allow"), Some("GET"), "{method} {path}");
        }
    }
    server
        .as_nobody()
        .get("/docs/no-such-file.js")
        .expect_problem("not_found");
    server
        .as_nobody()
        .get("/docs/../../etc/passwd")
        .expect_problem("not_found");
}

#[test]
fn metrics_name_routes_by_their_template_and_no_identifiers() {
    let server = TestServer::shared();
    let id = a_customer(server).id();
    server
        .with_everything()
        .get(&format!("/v1/customers/{id}"))
        .expect(200);
    server.as_nobody().get("/v1/some-unknown-path").expect(404);
    let text = server.as_nobody().get("/metrics").expect(200).text();
    assert!(
        text.contains(r#"http_route="/v1/customers/{customer_id}""#),
        "{text}"
    );
    assert!(
        !text.contains(&id) && !text.contains("some-unknown-path"),
        "{text}"
    );
}

/// What the server says to bytes that no well-behaved client would send.
fn raw(server: &TestServer, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    // A server that has seen enough answers and closes, whatever is still to come.
    let _cut_short = stream.write_all(request);
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The problem in a raw answer, with the headers that every answer has.
fn refusal(answer: &str, code: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").expect(answer);
    let head = head.to_ascii_lowercase();
    let problem: serde_json::Value = serde_json::from_str(body).expect(answer);
    assert_eq!(problem["code"], code, "{answer}");
    assert!(head.starts_with(&format!("http/1.1 {} ", problem["status"])));
    let request_id = problem["request_id"].as_str().unwrap();
    for line in [
        "content-type: application/problem+json".to_owned(),
        "x-content-type-options: nosniff".to_owned(),
        "cache-control: no-store".to_owned(),
        "connection: close".to_owned(),
        format!("x-request-id: {request_id}"),
        format!("content-length: {}", body.len()),
    ] {
        assert!(head.lines().any(|found| found == line), "{line} in {head}");
    }
}

#[test]
fn requests_that_break_the_protocol_are_refused_in_words() {
    let server = TestServer::start();
    for request in [
        &b"GET /v1/customers HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"[..],
        b"POST /v1/customers HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /v1/customers HTTP/1.1\r\nHost: x\r\nBad\x01Name: 1\r\n\r\n",
        b"GET /v1/customers HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"nonsense\r\n\r\n",
    ] {
        refusal(&raw(&server, request), "malformed_request");
    }
    let metrics = server.as_nobody().get("/metrics").expect(200);
    let counted =
        r#"_count{http_request_method="none",http_response_status_code="400",http_route="none"} 6"#;
    assert!(metrics.text().contains(counted), "{}", metrics.text());
}

#[test]
fn a_request_that_never_ends_is_refused_in_words() {
    let server =
        TestServer::start_with(|settings| settings.request_timeout = Duration::from_millis(200));
    refusal(
        &raw(&server, b"GET /livez HTTP/1.1\r\nHost: x\r\n"),
        "request_timeout",
    );
}

#[test]
fn an_answer_before_a_broken_request_is_not_lost() {
    let server = TestServer::shared();
    let answer = raw(
        server,
        b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n",
    );
    let second = answer.rfind("HTTP/1.1 ").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && second > 0, "{answer}");
    refusal(&answer[second..], "malformed_request");
}

#[test]
fn headers_are_limited_in_size_and_number() {
    let server = TestServer::shared();
    let with = |headers: &str| {
        let request =
            format!("GET /livez HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n");
        raw(server, request.as_bytes())
    };
    let long = |length: usize| format!("X-Long: {}\r\n", "a".repeat(length));
    let many = |count: usize| -> String {
        (0..count)
            .map(|number| format!("X-{number}: 1\r\n"))
            .collect()
    };
    assert!(with(&long(8_000)).starts_with("HTTP/1.1 200"));
    assert!(with(&many(90)).starts_with("HTTP/1.1 200"));
    // Within what the framework reads, and beyond it.
    refusal(&with(&long(8_192)), "headers_too_large");
    refusal(&with(&long(131_072)), "headers_too_large");
    refusal(&with(&many(200)), "headers_too_large");
    server.as_nobody().get("/livez").expect(200);
}
