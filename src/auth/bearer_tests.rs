//! Case 49 of the negative list: where a token may be found in a request.

use super::bearer::{HeaderProblem, bearer_token};

#[test]
fn case_49_one_bearer_token_is_taken_and_nothing_else() {
    let malformed = Err(HeaderProblem::Malformed);
    let cases: [(&[&str], Result<&str, HeaderProblem>); 22] = [
        (&[], Err(HeaderProblem::Missing)),
        (&["Bearer a.b.c"], Ok("a.b.c")),
        (&["bearer a.b.c"], Ok("a.b.c")),
        (&["BEARER a.b.c"], Ok("a.b.c")),
        (&["Bearer   a.b.c"], Ok("a.b.c")),
        // Well-formed for RFC 6750; whether it is a token is the verifier's to say.
        (&["Bearer abc=="], Ok("abc==")),
        (&["Bearer a.b.c", "Bearer a.b.c"], malformed),
        (&["Bearer a.b.c", "Basic dXNlcjpwYXNz"], malformed),
        (&["Basic dXNlcjpwYXNz"], malformed),
        (&["DPoP a.b.c"], malformed),
        (&["Bearer"], malformed),
        (&["Bearer "], malformed),
        (&[""], malformed),
        (&["a.b.c"], malformed),
        (&["Bearer a.b.c "], malformed),
        (&["Bearer a.b.c garbage"], malformed),
        (&["Bearer a.b.c, Bearer d.e.f"], malformed),
        (&["Bearer a.b.c;x=1"], malformed),
        (&["Bearer\ta.b.c"], malformed),
        (&[" Bearer a.b.c"], malformed),
        (&["Bearer ab=c"], malformed),
        (&["Bearer token=\"a.b.c\""], malformed),
    ];
    for (values, expected) in cases {
        assert_eq!(bearer_token(values), expected, "{values:?}");
    }
}
