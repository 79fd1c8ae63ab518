//! Cases 35 to 48: the claims of a token.

use super::*;

pub(super) fn times() -> Vec<Row> {
    let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let mut rows = vec![
        claim(35, R::Expired, "exp", Some(json!(NOW - 30))),
        claim(35, R::Expired, "exp", Some(json!(0))),
        claim(36, R::ClaimMissing("exp"), "exp", None),
        claim(37, R::NotYetValid, "nbf", Some(json!(NOW + 31))),
        claim(37, R::ClaimMalformed("nbf"), "nbf", Some(json!("0"))),
        claim(38, R::IssuedInFuture, "iat", Some(json!(NOW + 31))),
        claim(38, R::ClaimMissing("iat"), "iat", None),
        claim(38, R::ClaimMalformed("iat"), "iat", Some(json!("0"))),
        claim(39, R::LifetimeRefused, "exp", Some(json!(NOW - 60 + 3601))),
        claim(39, R::LifetimeRefused, "iat", Some(json!(0))),
        row(39, "ends before it begins", R::LifetimeRefused, |draft| {
            draft.payload.insert("iat".to_owned(), json!(NOW + 10));
            draft.payload.insert("exp".to_owned(), json!(NOW + 5));
        }),
    ];
    let not_seconds = [
        json!((NOW + 600).to_string()),
        Value::Null,
        json!(-1),
        number("1772424600.5"),
        number("1772424600.0"),
        number("1e300"),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(true),
    ];
    rows.extend(not_seconds.map(|exp| claim(36, R::ClaimMalformed("exp"), "exp", Some(exp))));
    rows
}

pub(super) fn parties() -> Vec<Row> {
    let thousand = vec!["a"; 1000];
    let mut rows = vec![
        claim(40, R::ClaimMissing("iss"), "iss", None),
        claim(40, R::ClaimMalformed("iss"), "iss", Some(json!(7))),
        claim(40, R::ClaimMalformed("iss"), "iss", Some(json!([ISSUER]))),
        claim(41, R::KeyUnknown, "iss", Some(json!(OTHER_ISSUER))),
        claim(41, R::SignatureInvalid, "iss", Some(json!(OTHER_ISSUER))).on(("EdDSA", "shared")),
        claim(42, R::ClaimMissing("aud"), "aud", None),
        claim(
            42,
            R::ClaimMalformed("aud"),
            "aud",
            Some(json!({ AUDIENCE: true })),
        ),
        claim(42, R::ClaimMalformed("aud"), "aud", Some(json!([]))),
        claim(
            42,
            R::ClaimMalformed("aud"),
            "aud",
            Some(json!([AUDIENCE, 7])),
        ),
        claim(42, R::ClaimMalformed("aud"), "aud", Some(json!(thousand))),
        claim(42, R::AudienceMismatch, "aud", Some(json!(["a", "b"]))),
        claim(43, R::ClaimMissing("sub"), "sub", None),
        claim(43, R::ClaimMalformed("sub"), "sub", Some(json!(""))),
        claim(43, R::ClaimMalformed("sub"), "sub", Some(json!(7))),
        claim(43, R::ClaimMalformed("sub"), "sub", Some(json!("a\nb"))),
        claim(
            43,
            R::ClaimMalformed("sub"),
            "sub",
            Some(json!("a".repeat(256))),
        ),
        claim(43, R::ClaimMissing("jti"), "jti", None),
        header(44, R::TypeRefused, "typ", Some(json!("JWT"))),
        claim(44, R::AudienceMismatch, "aud", Some(json!("client-1"))),
        claim(44, R::ClaimMissing("client_id"), "client_id", None),
        claim(
            44,
            R::NotAnAccessToken("token_use"),
            "token_use",
            Some(json!("id")),
        ),
        header(45, R::TypeRefused, "typ", Some(json!("logout+jwt"))),
        claim(
            45,
            R::NotAnAccessToken("typ"),
            "typ",
            Some(json!("Refresh")),
        ),
        claim(
            45,
            R::NotAnAccessToken("events"),
            "events",
            Some(logout_events()),
        ),
    ];
    let near = [
        "https://idp.example.evil",
        "https://idp.example/",
        "https://IDP.example",
    ];
    let far = [
        "https://idp",
        "http://idp.example",
        "https://evil/?https://idp.example",
    ];
    let issuers = near.into_iter().chain(far);
    rows.extend(issuers.map(|iss| claim(40, R::IssuerUnknown, "iss", Some(json!(iss)))));
    let audiences = ["other", "shou", "shouxin-admin", "Shouxin", "shouxin "];
    rows.extend(audiences.map(|aud| claim(42, R::AudienceMismatch, "aud", Some(json!(aud)))));
    rows
}

fn logout_events() -> Value {
    json!({ "http://schemas.openid.net/event/backchannel-logout": {} })
}

pub(super) fn grants() -> Vec<Row> {
    let doubled = |member: &'static str| {
        row(
            46,
            &format!("two of {member}"),
            R::PayloadMalformed,
            move |draft| {
                let doubled = draft
                    .payload_json()
                    .replacen('{', &format!("{{{member},"), 1);
                draft.payload_text = Some(doubled);
            },
        )
    };
    let mut rows = vec![
        doubled(r#""scope":"credit.keys.admin""#),
        doubled(r#""\u0073cope":"credit.keys.admin""#),
        doubled(r#""sub":"user-2""#),
        claim(48, R::ClaimMissing("org"), "org", None),
    ];
    let scopes = [
        json!(["credit.customers.read"]),
        json!("credit.customers.read\tcredit.lines.write"),
        json!("credit.customers.read  credit.lines.write"),
        json!(" credit.customers.read"),
        json!("credit.cust\u{43e}mers.read"),
        json!("credit.customers.read\u{a0}credit.lines.write"),
        json!("credit.\"customers\".read"),
        json!(""),
        json!(vec!["a"; 101].join(" ")),
        Value::Null,
    ];
    rows.extend(scopes.map(|scope| claim(47, R::ClaimMalformed("scope"), "scope", Some(scope))));
    let paths = [
        json!(["head-office"]),
        json!(""),
        json!("Head-Office"),
        json!("head-office/../west"),
        json!("head-office/"),
        json!("*"),
        Value::Null,
    ];
    rows.extend(paths.map(|org| claim(48, R::ClaimMalformed("org"), "org", Some(org))));
    let customers = [
        json!("7"),
        json!("{00000000-0000-0000-0000-000000000007}"),
        json!("00000000000000000000000000000007"),
        json!(["00000000-0000-0000-0000-000000000007"]),
        Value::Null,
    ];
    let malformed = R::ClaimMalformed("customer");
    rows.extend(customers.map(|customer| claim(48, malformed, "customer", Some(customer))));
    rows
}
