//! Reports over the portfolio: figures that were worked out by hand, on any day, as JSON and as
//! files.

use serde_json::Value;

use crate::support::actors::{ELSEWHERE, SALES};
use crate::support::{
    Client, TestServer, a_customer, a_customer_of, a_group_line, a_group_of, a_member,
    a_product_line, a_receivable, a_reservation, a_unified_line, confirmed, figure_body,
};

mod days;
mod files;
mod sums;

pub const CONCENTRATION: &str = "/v1/reports/concentration";
pub const PORTFOLIO: &str = "/v1/reports/portfolio";

pub fn report(client: &Client, path: &str) -> Value {
    client.get(path).expect(200).json()
}

pub fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The rows as text: these members, separated by blanks.
pub fn rows(report: &Value, part: &str, members: &[&str]) -> Vec<String> {
    report[part]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let cells: Vec<String> = members.iter().map(|member| text(&row[member])).collect();
            cells.join(" ")
        })
        .collect()
}

pub fn portfolio(client: &Client, query: &str) -> Vec<String> {
    let members = [
        "key",
        "currency",
        "limit",
        "held",
        "drawn",
        "available",
        "lines",
        "customers",
    ];
    rows(
        &report(client, &format!("{PORTFOLIO}?{query}")),
        "rows",
        &members,
    )
}

/// Key, limit and exposure of every row.
pub fn briefly(client: &Client, query: &str) -> Vec<String> {
    let read = report(client, &format!("{PORTFOLIO}?{query}"));
    rows(&read, "rows", &["key", "limit", "exposure"])
}

pub fn risks(client: &Client, query: &str) -> Vec<String> {
    let read = report(client, &format!("{CONCENTRATION}?{query}"));
    let members = [
        "unit",
        "id",
        "currency",
        "limit",
        "exposure",
        "limit_percent",
        "exposure_percent",
    ];
    rows(&read, "rows", &members)
}

/// A group of two with a ceiling, a customer alone, and one of another branch:
///
/// | | group | unified | product | held | drawn |
/// |---|---|---|---|---|---|
/// | first | 1,000 | 300 | 200 | 50 | |
/// | second | 1,000 | | 400 | | 80 |
/// | alone | | | 500 | 100 | |
/// | far | | | 700 | | |
pub struct Company {
    pub group: String,
    pub first: String,
    pub second: String,
    pub alone: String,
    pub far: String,
}

impl Company {
    pub fn set_up(server: &TestServer) -> Self {
        let group = a_group_of(server, SALES).id();
        let [first, second, alone] = [(); 3].map(|()| a_customer(server).id());
        let far = a_customer_of(server, ELSEWHERE).id();
        a_group_line(server, &group, "1000.00");
        a_unified_line(server, &first, "300.00");
        for (customer, limit) in [
            (&first, "200.00"),
            (&second, "400.00"),
            (&alone, "500.00"),
            (&far, "700.00"),
        ] {
            a_product_line(server, customer, limit);
        }
        for member in [&first, &second] {
            a_member(server, &group, member);
        }
        a_reservation(server, &first, "50.00");
        a_receivable(server, &second, "80.00");
        a_reservation(server, &alone, "100.00");
        Self {
            group,
            first,
            second,
            alone,
            far,
        }
    }
}

pub fn record_net_capital(server: &TestServer, as_of: &str, amount: &str) {
    let body = figure_body(as_of, amount);
    let asked = server.with_everything().post("/v1/company-figures", &body);
    confirmed(server, asked.expect(202));
}
