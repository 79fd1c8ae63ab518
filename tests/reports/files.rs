//! Reports as files.

use serde_json::{Value, json};

use super::{CONCENTRATION, Company, PORTFOLIO, record_net_capital, report, text};
use crate::support::actors::SALES;
use crate::support::{
    Answer, Client, TestServer, a_customer, a_customer_with_credit, a_product_line, a_receivable,
};

pub fn file(client: &Client, path: &str) -> Answer {
    client.get(path).header("Accept", "text/csv").expect(200)
}

/// The records of a file, each as column and cell.
fn records(file: &Answer) -> Vec<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_reader(file.body.as_slice());
    let columns = reader.headers().unwrap().clone();
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            columns
                .iter()
                .map(str::to_owned)
                .zip(record.iter().map(str::to_owned))
                .collect()
        })
        .collect()
}

/// Every cell of the file is the member of that name in the report, or stands for the whole.
fn assert_same(file: &Answer, report: &Value) {
    let of = |part: &str| report[part].as_array().unwrap().clone();
    let expected: Vec<(String, Value)> =
        (of("rows").into_iter().map(|row| ("item".to_owned(), row)))
            .chain(
                of("totals")
                    .into_iter()
                    .map(|row| ("total".to_owned(), row)),
            )
            .collect();
    let found = records(file);
    assert_eq!(found.len(), expected.len());
    for (record, (kind, row)) in found.iter().zip(&expected) {
        let capital = &report["net_capital"];
        for (column, cell) in record {
            let value = match column.as_str() {
                "row" => json!(kind),
                "as_of" => report["as_of"].clone(),
                "net_capital" => capital["amount"].clone(),
                "net_capital_currency" => capital["currency"].clone(),
                "net_capital_as_of" => capital["as_of"].clone(),
                _ => row[column].clone(),
            };
            let value = match value {
                Value::Null => String::new(),
                other => text(&other),
            };
            assert_eq!(cell.strip_prefix('\'').unwrap_or(cell), value, "{column}");
        }
        for member in row.as_object().unwrap().keys() {
            assert!(
                record.iter().any(|(column, _)| column == member),
                "{member} is in no column"
            );
        }
    }
}

#[test]
fn a_file_says_the_same_as_the_report() {
    let server = TestServer::start();
    Company::set_up(&server);
    record_net_capital(&server, "2025-12-31", "10000.00");
    let client = server.with_everything();
    for path in [
        CONCENTRATION.to_owned(),
        format!("{CONCENTRATION}?limit=1"),
        format!("{PORTFOLIO}?by=group"),
        format!("{PORTFOLIO}?by=customer&limit=2"),
        format!("{PORTFOLIO}?by=branch"),
    ] {
        let file = file(&client, &path);
        assert_same(&file, &report(&client, &path));
        assert_eq!(
            file.header("content-type"),
            Some("text/csv; charset=utf-8; header=present")
        );
        assert_eq!(file.header("vary"), Some("Authorization, Accept"));
        assert!(!file.text().replace("\r\n", "").contains(['\r', '\n']));
        let head = client.call("HEAD", &path).header("Accept", "text/csv");
        assert_eq!(
            head.expect(200).header("content-disposition"),
            file.header("content-disposition")
        );
    }
    let name = file(&client, CONCENTRATION);
    assert_eq!(
        name.header("content-disposition"),
        Some(
            "attachment; filename=\"concentration-2026-03-02.csv\"; \
             filename*=UTF-8''%E6%8E%88%E4%BF%A1%E9%9B%86%E4%B8%AD%E5%BA%A6-2026-03-02.csv"
        )
    );
}

#[test]
fn the_caller_chooses_between_json_and_a_file() {
    let server = TestServer::start();
    let client = server.with_everything();
    let kind = |accept: &str| {
        let answer = client.get(PORTFOLIO).header("Accept", accept).expect(200);
        let kind = answer.header("content-type").unwrap();
        kind.split(';').next().unwrap().to_owned()
    };
    for accept in [
        "",
        "*/*",
        "application/json",
        "text/html, */*;q=0.1",
        "text/csv;q=0.5, application/json",
    ] {
        assert_eq!(kind(accept), "application/json", "{accept}");
    }
    for accept in [
        "text/csv",
        "text/csv; header=present",
        "text/csv, application/problem+json",
        "text/csv, */*;q=0.1",
    ] {
        assert_eq!(kind(accept), "text/csv", "{accept}");
    }
    // A refusal is a problem, whatever was asked for.
    let refused = client.get(&format!("{PORTFOLIO}?limit=0"));
    refused
        .header("Accept", "text/csv")
        .expect_problem("invalid_parameter");
    for accept in ["text/html", "text/csv;q=0", "application/xml"] {
        let refused = client.get(PORTFOLIO).header("Accept", accept);
        refused.expect_problem("not_acceptable");
    }
    let marked = file(&client, &format!("{PORTFOLIO}?bom=true"));
    assert!(marked.body.starts_with(b"\xef\xbb\xbfrow,as_of,"));
    assert!(file(&client, PORTFOLIO).body.starts_with(b"row,as_of,"));
    report(&client, &format!("{PORTFOLIO}?bom=true"));
}

#[test]
fn names_that_want_to_be_formulas_or_break_the_table_do_neither() {
    let server = TestServer::start();
    let hostile = [
        "=cmd|' /C calc'!A0",
        "+SUM(1,2)",
        "-2+3",
        "@上海",
        "＝全角公式",
        "\t制表",
        "引号\"逗号,贸易",
        "换行\r\n第二行",
        "上海示例贸易有限公司",
    ];
    for name in hostile {
        let customer = a_customer_with_credit(&server, SALES);
        // The API takes no such names; whoever restores a database may bring them.
        server.sql(&format!(
            "INSERT INTO customer_versions SELECT bucket, customer_id, 2, recorded_at, changed_by, request_id, \
             jsonb_set(snapshot, '{{name}}', to_jsonb('{name}'::text)), personal_sealed FROM customer_versions \
             WHERE customer_id = '{customer}'; UPDATE customers SET name = '{name}' WHERE id = '{customer}'",
            name = name.replace('\'', "''")
        ));
    }
    let client = server.with_everything();
    for path in [format!("{PORTFOLIO}?by=customer"), CONCENTRATION.to_owned()] {
        let file = file(&client, &path);
        assert_same(&file, &report(&client, &path));
        let mut names: Vec<String> = records(&file)
            .into_iter()
            .flatten()
            .filter(|(column, cell)| column == "name" && !cell.is_empty())
            .map(|(_, cell)| cell)
            .collect();
        let mut expected: Vec<String> = hostile[..6]
            .iter()
            .map(|name| format!("'{name}"))
            .chain(hostile[6..].iter().map(|&name| name.to_owned()))
            .collect();
        names.sort();
        expected.sort();
        assert_eq!(names, expected);
    }
}

#[test]
fn negative_amounts_stay_numbers_in_a_file() {
    let server = TestServer::start();
    let customer = a_customer(&server).id();
    a_product_line(&server, &customer, "10.00");
    a_receivable(&server, &customer, "15.00");
    let file = file(
        &server.with_everything(),
        &format!("{PORTFOLIO}?by=product"),
    );
    assert!(
        file.text().contains(",15.00,0.00,-5.00,150.00,"),
        "{}",
        file.text()
    );
}
