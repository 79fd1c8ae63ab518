//! Answers that are tables: as JSON, or as a CSV file (RFC 4180) for whoever prefers one.

use std::borrow::Cow;

use actix_web::body::BoxBody;
use actix_web::{HttpRequest, HttpResponse, Responder};
use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::answers::{add, json};
use super::audience::{self, Audience, Plan};
use super::negotiation::preferred;
use super::operation::{Draft, JSON, Output};
use super::problem;
use crate::error::{Error, OrInternal};
use crate::error_codes::ProblemCode;
use crate::platform::store::idempotency::StoredAnswer;

/// A file of rows under named columns.
pub const CSV: &str = "text/csv";

/// The same, with everything said that a reader of the file needs (RFC 7111, RFC 4180).
const CSV_IN_FULL: &str = "text/csv; charset=utf-8; header=present";

/// What spreadsheet programs take for the encoding when nothing says otherwise is that of their
/// own country; this mark says UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Something that is a table as well: rows of plain values under named columns.
pub trait Tabular: Serialize + ToSchema + 'static {
    /// Name of the file without day and ending: in ASCII, and in Chinese.
    const FILE: (&'static str, &'static str);
    /// Names of the columns.
    const COLUMNS: &'static [&'static str];
    /// A file for the document: a header and a row.
    const EXAMPLE: &'static str;

    /// The day of which the file is.
    fn day(&self) -> NaiveDate;

    /// The rows: objects that have a member for each column, or none where the cell is empty.
    ///
    /// # Errors
    /// When a row cannot be written as JSON.
    fn rows(&self) -> Result<Vec<Value>, Error>;
}

/// 200 with a table.
#[derive(Debug)]
pub struct Table<T> {
    /// The table.
    pub content: T,
    /// Whether a file begins with a byte order mark.
    pub byte_order_mark: bool,
}

impl<T: Tabular> Table<T> {
    fn to_file(&self, audience: Audience) -> Result<StoredAnswer, Error> {
        let mut stored = StoredAnswer {
            status: 200,
            headers: Vec::new(),
            body: written(&self.content, self.byte_order_mark, audience)?,
        };
        add(&mut stored, "content-type", CSV_IN_FULL);
        add(&mut stored, "cache-control", "no-store");
        add(
            &mut stored,
            "content-disposition",
            &disposition(T::FILE, self.content.day()),
        );
        Ok(stored)
    }
}

impl<T: Tabular> Responder for Table<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let audience = audience::of_request(request);
        let stored = match preferred(request, &[JSON, CSV]) {
            Some(CSV) => self.to_file(audience),
            _ => json(200, &self.content, "no-store", audience),
        };
        match stored {
            Ok(mut stored) => {
                add(&mut stored, "vary", "Authorization, Accept");
                problem::respond(&stored)
            }
            Err(error) => HttpResponse::from_error(error),
        }
    }
}

impl<T: Tabular> Output for Table<T> {
    fn describe(draft: &mut Draft) {
        let mut content = draft.content::<T>(JSON);
        content[CSV] = json!({
            "schema": {
                "type": "string", "maxLength": 10_000_000, "pattern": "^[^\\u0000]*$",
                "description": "The rows as a file (RFC 4180): a header, then one line a row, ended by CR LF, in \
                    UTF-8. Empty cells are null. A text that a spreadsheet would take for a formula begins with an \
                    apostrophe.",
                "x-csv-columns": T::COLUMNS,
            },
            "examples": {"file": {"summary": "A file", "value": T::EXAMPLE}},
        });
        draft.also_as(CSV);
        draft.success(
            200,
            "The report, as JSON or as a file.",
            &["Content-Disposition"],
            Some(content),
        );
    }
}

/// A row of a file: the members of `value` beside those of `common`.
///
/// # Errors
/// When the value cannot be written as JSON.
pub fn row_of(mut common: Value, value: &impl Serialize) -> Result<Value, Error> {
    let value = serde_json::to_value(value).or_internal()?;
    if let (Some(row), Value::Object(members)) = (common.as_object_mut(), value) {
        row.extend(members);
    }
    Ok(common)
}

fn written<T: Tabular>(
    table: &T,
    byte_order_mark: bool,
    audience: Audience,
) -> Result<Vec<u8>, Error> {
    // A row has members of several parts of the table; a file has no place to leave some out.
    if Plan::of::<T>().hides_from(audience) {
        return Err(ProblemCode::NotAcceptable.into());
    }
    let mark = if byte_order_mark {
        BYTE_ORDER_MARK
    } else {
        b""
    };
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(mark.to_vec());
    writer.write_record(T::COLUMNS).or_internal()?;
    for row in table.rows()? {
        for column in T::COLUMNS {
            let cell = cell(row.get(column).unwrap_or(&Value::Null))?;
            writer.write_field(cell.as_bytes()).or_internal()?;
        }
        writer.write_record(None::<&[u8]>).or_internal()?;
    }
    writer
        .into_inner()
        .map_err(|error| Error::internal(error.to_string()))
}

fn cell(value: &Value) -> Result<Cow<'_, str>, Error> {
    match value {
        Value::Null => Ok(Cow::Borrowed("")),
        Value::Bool(flag) => Ok(Cow::Owned(flag.to_string())),
        Value::Number(number) => Ok(Cow::Owned(number.to_string())),
        Value::String(text) => Ok(harmless(text)),
        Value::Array(_) | Value::Object(_) => Err(Error::internal("a cell that is no plain value")),
    }
}

/// A text that no spreadsheet program runs: what could begin a formula gets an apostrophe in
/// front, unless it is a plain number. The wide forms count as well where Chinese is typed.
fn harmless(text: &str) -> Cow<'_, str> {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if risky && !is_plain_number(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn is_plain_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, places)) => digits(whole) && digits(places),
        None => digits(unsigned),
    }
}

/// The name under which to save the file: plain, and in full for whoever can read it (RFC 6266).
fn disposition((ascii, chinese): (&str, &str), day: NaiveDate) -> String {
    let encoded: String = chinese.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("attachment; filename=\"{ascii}-{day}.csv\"; filename*=UTF-8''{encoded}-{day}.csv")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_formula_is_made_harmless_and_numbers_stay() {
        for (text, expected) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("＝1", "'＝1"),
            ("-", "'-"),
            ("-1.", "'-1."),
            ("-12.50", "-12.50"),
            ("-7", "-7"),
            ("12.50", "12.50"),
            ("上海=贸易", "上海=贸易"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), expected, "{text}");
        }
    }

    #[test]
    fn the_name_of_a_file_is_plain_and_in_full() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        assert_eq!(
            disposition(("portfolio", "组合"), day),
            "attachment; filename=\"portfolio-2026-03-02.csv\"; \
             filename*=UTF-8''%E7%BB%84%E5%90%88-2026-03-02.csv"
        );
    }
}
