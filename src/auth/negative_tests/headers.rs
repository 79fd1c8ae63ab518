//! What a hostile header can say.

use super::*;

pub(super) fn headers() -> Vec<Row> {
    let jwk = fixtures::ed_jwk("ed", &KEYS.other_ed);
    let url = json!("https://attacker.example/keys");
    let mut rows = vec![
        header(19, R::KeyUnknown, "kid", Some(json!("unknown"))),
        header(20, R::KeyIdMissing, "kid", None),
        header(22, R::KeyIdMalformed, "kid", Some(json!("a".repeat(129)))),
        header(22, R::KeyIdMalformed, "kid", Some(json!("a".repeat(4000)))),
        header(22, R::TooLong, "kid", Some(json!("a".repeat(10 * 1024)))),
        header(23, R::HeaderRefused("jku"), "jku", Some(url.clone())),
        header(24, R::HeaderRefused("jwk"), "jwk", Some(jwk)),
        header(25, R::HeaderRefused("x5u"), "x5u", Some(url)),
        header(26, R::HeaderRefused("x5c"), "x5c", Some(json!(["MIIB"]))),
        header(27, R::CriticalHeader, "crit", Some(json!(["exp"]))),
        header(
            27,
            R::CriticalHeader,
            "crit",
            Some(json!(["https://unknown.example"])),
        ),
        header(27, R::CriticalHeader, "crit", Some(json!([]))),
        header(27, R::CriticalHeader, "crit", Some(Value::Null)),
        header(28, R::HeaderRefused("b64"), "b64", Some(json!(false))),
        row(28, "b64 named in crit", R::CriticalHeader, |draft| {
            draft.header.insert("b64".to_owned(), json!(false));
            draft.header.insert("crit".to_owned(), json!(["b64"]));
        }),
        row(30, "two alg", R::HeaderMalformed, |draft| {
            doubled_header(draft, r#""alg":"none""#)
        }),
        row(30, "two kid", R::HeaderMalformed, |draft| {
            doubled_header(draft, r#""kid":"ec""#)
        }),
        row(30, "two unknown", R::HeaderMalformed, |draft| {
            doubled_header(draft, r#""a":1,"\u0061":1"#);
        }),
        row(30, "not an object", R::HeaderMalformed, |draft| {
            draft.header_text = Some(format!("[{}]", draft.header_json()));
        }),
        header(31, R::HeaderRefused("cty"), "cty", Some(json!("JWT"))),
        finished(32, "five parts", R::Encrypted, |token| {
            format!("{token}.AAAA.AAAA")
        }),
        header(32, R::Encrypted, "enc", Some(json!("A256GCM"))),
        header(32, R::HeaderRefused("zip"), "zip", Some(json!("DEF"))),
        finished(32, "four parts", R::NotCompact, |token| {
            format!("{token}.AAAA")
        }),
        finished(
            33,
            "JSON serialisation",
            R::IllegalCharacter,
            json_serialisation,
        ),
        finished(34, "stray bits at the end", R::SignatureInvalid, stray_bits),
    ];
    let hostile_ids = [
        "../../dev/null",
        "' OR 1=1 --",
        "*)(uid=*",
        "ed\u{0}",
        "ed\n",
        "",
        "éd",
    ];
    rows.extend(hostile_ids.map(|id| header(21, R::KeyIdMalformed, "kid", Some(json!(id)))));
    let untyped = [json!(1), json!(["ed"]), Value::Null];
    rows.extend(untyped.map(|id| header(21, R::KeyIdMalformed, "kid", Some(id))));
    let types = [
        "JWT",
        "dpop+jwt",
        "id_token+jwt",
        "jwt",
        "",
        "at+jwt ",
        "text/at+jwt",
    ];
    rows.extend(types.map(|typ| header(29, R::TypeRefused, "typ", Some(json!(typ)))));
    let untyped = [None, Some(Value::Null), Some(json!(["at+jwt"]))];
    rows.extend(untyped.map(|typ| header(29, R::TypeRefused, "typ", typ)));
    rows.extend(
        [" ", "=", "+", "/", "\n", "\t", "~", "é", "\u{0}"].map(|illegal| {
            let what = format!("{illegal:?} at the end");
            finished(34, &what, R::IllegalCharacter, move |token| token + illegal)
        }),
    );
    rows.push(finished(
        34,
        "space in front",
        R::IllegalCharacter,
        |token| format!(" {token}"),
    ));
    rows
}

pub(super) fn doubled_header(draft: &mut Draft, member: &str) {
    draft.header_text = Some(
        draft
            .header_json()
            .replacen('{', &format!("{{{member},"), 1),
    );
}

pub(super) fn json_serialisation(token: String) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] }).to_string()
}

/// 64 bytes leave four unused bits in the last character; setting one of them would give the
/// same signature a second spelling.
pub(super) fn stray_bits(token: String) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = token.split_at(token.len() - 1);
    let index = alphabet.find(last).unwrap();
    format!("{rest}{}", &alphabet[index + 1..index + 2])
}
