//! Who is how large a risk, and what is counted where.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{
    CONCENTRATION, Company, PORTFOLIO, briefly, portfolio, record_net_capital, report, risks, rows,
};
use crate::support::actors::SALES;
use crate::support::{
    GOODS, Owner, TestServer, a_customer, a_customer_with_credit, a_group_line, a_group_of, a_line,
    a_member, a_payment, a_product, a_product_line, a_receivable, application_body, product_body,
    the_goods,
};

#[test]
fn concentration_is_worked_out_by_group_and_single_customer() {
    let server = TestServer::start();
    let Company {
        group, alone, far, ..
    } = Company::set_up(&server);
    record_net_capital(&server, "2025-12-31", "10000.00");
    let client = server.with_everything();
    assert_eq!(
        risks(&client, ""),
        [
            format!("group {group} CNY 1000.00 130.00 10.00 1.30"),
            format!("customer {far} CNY 700.00 0.00 7.00 0.00"),
            format!("customer {alone} CNY 500.00 100.00 5.00 1.00"),
        ]
    );
    let read = report(&client, CONCENTRATION);
    assert_eq!(read["net_capital"]["amount"], "10000.00");
    assert_eq!(read["net_capital"]["as_of"], "2025-12-31");
    assert_eq!(read["net_capital"]["source"], "年度审计报告");
    let counts = ["name", "lines", "customers", "utilisation_percent"];
    assert_eq!(rows(&read, "rows", &counts)[0], "测试集团 1 2 13.00");
    let members = [
        "currency",
        "limit",
        "exposure",
        "limit_percent",
        "exposure_percent",
        "lines",
        "customers",
    ];
    assert_eq!(
        rows(&read, "totals", &members),
        ["CNY 2200.00 230.00 22.00 2.30 3 4"]
    );
    assert_eq!(
        [&read["row_count"], &read["truncated"]],
        [&json!(3), &json!(false)]
    );
    // Fewer rows, the same totals.
    let short = report(&client, &format!("{CONCENTRATION}?limit=1"));
    assert_eq!(short["rows"].as_array().unwrap().len(), 1);
    assert_eq!(short["rows"][0], read["rows"][0]);
    assert_eq!(short["totals"], read["totals"]);
    assert_eq!(
        [&short["row_count"], &short["truncated"]],
        [&json!(3), &json!(true)]
    );
}

#[test]
fn without_a_net_capital_there_are_no_shares() {
    let server = TestServer::start();
    let customer = a_customer_with_credit(&server, SALES);
    let client = server.with_everything();
    record_net_capital(&server, "2026-03-02", "4000.00");
    server.advance(TimeDelta::days(1));
    let line = format!("customer {customer} CNY 1000.00 0.00");
    assert_eq!(risks(&client, ""), [format!("{line} 25.00 0.00")]);
    // A figure of a later day is not in force on an earlier one.
    server.sql(
        "SET session_replication_role = replica; UPDATE company_figures SET as_of = '2026-03-03'",
    );
    assert_eq!(risks(&client, "as_of=2026-03-02"), [format!("{line} - -")]);
    let read = report(&client, &format!("{CONCENTRATION}?as_of=2026-03-02"));
    assert_eq!(read["net_capital"], Value::Null);
    assert_eq!(read["totals"][0]["limit_percent"], Value::Null);
}

#[test]
fn currencies_are_never_added_up() {
    let server = TestServer::start();
    let home = a_customer_with_credit(&server, SALES);
    let abroad = a_customer(&server).id();
    for (product, amount, currency) in [("freight", "9000.00", "USD"), ("storage", "500", "JPY")] {
        a_product(&server, product);
        let mut body = application_body(Owner::Customer(&abroad), Some(product), amount);
        body["currency"] = json!(currency);
        a_line(&server, &body);
    }
    record_net_capital(&server, "2025-12-31", "4000.00");
    let client = server.with_everything();
    assert_eq!(
        risks(&client, ""),
        [
            format!("customer {home} CNY 1000.00 0.00 25.00 0.00"),
            format!("customer {abroad} JPY 500 0 - -"),
            format!("customer {abroad} USD 9000.00 0.00 - -"),
        ]
    );
    let read = report(&client, &format!("{PORTFOLIO}?by=currency"));
    let members = ["currency", "limit", "lines", "customers"];
    let expected = ["CNY 1000.00 1 1", "JPY 500 1 1", "USD 9000.00 1 1"];
    assert_eq!(rows(&read, "rows", &members), expected);
    assert_eq!(rows(&read, "totals", &members), expected);
}

#[test]
fn the_portfolio_is_worked_out_on_every_axis() {
    let server = TestServer::start();
    let Company {
        group,
        first,
        second,
        alone,
        far,
    } = Company::set_up(&server);
    let client = server.with_everything();
    assert_eq!(
        portfolio(&client, "by=group"),
        [
            "- CNY 1200.00 100.00 0.00 1100.00 2 2".to_owned(),
            format!("{group} CNY 1000.00 50.00 80.00 870.00 1 2"),
        ]
    );
    assert_eq!(
        portfolio(&client, "by=customer"),
        [
            format!("{far} CNY 700.00 0.00 0.00 700.00 1 1"),
            format!("{alone} CNY 500.00 100.00 0.00 400.00 1 1"),
            format!("{second} CNY 400.00 0.00 80.00 320.00 1 1"),
            format!("{first} CNY 300.00 50.00 0.00 250.00 1 1"),
        ]
    );
    assert_eq!(
        portfolio(&client, "by=product"),
        [format!("{GOODS} CNY 1800.00 150.00 80.00 1570.00 4 4")]
    );
    assert_eq!(
        portfolio(&client, "by=currency"),
        ["CNY CNY 1900.00 150.00 80.00 1670.00 4 4"]
    );
    assert_eq!(
        briefly(&client, "by=branch"),
        [
            "head-office/east 1200.00 230.00",
            "head-office/west 700.00 0.00"
        ]
    );
    assert_eq!(
        briefly(&client, "by=branch&depth=1"),
        ["head-office 1900.00 230.00"]
    );
    assert_eq!(
        briefly(&client, "by=branch&depth=10")[0],
        format!("{SALES} 1200.00 230.00")
    );
    assert_eq!(briefly(&client, "by=grade"), ["ungraded 1900.00 230.00"]);
    assert_eq!(briefly(&client, "by=industry"), ["- 1900.00 230.00"]);
    let members = [
        "currency",
        "limit",
        "exposure",
        "utilisation_percent",
        "lines",
    ];
    for (query, expected) in [
        ("by=group", "CNY 2200.00 230.00 10.45 3"),
        ("by=customer&limit=1", "CNY 1900.00 230.00 12.11 4"),
        ("by=product", "CNY 1800.00 230.00 12.78 4"),
    ] {
        let read = report(&client, &format!("{PORTFOLIO}?{query}"));
        assert_eq!(rows(&read, "totals", &members), [expected], "{query}");
    }
}

#[test]
fn a_group_without_a_ceiling_is_the_sum_of_its_members() {
    let server = TestServer::start();
    let group = a_group_of(&server, SALES).id();
    for limit in ["30.00", "50.00"] {
        let member = a_customer(&server).id();
        a_product_line(&server, &member, limit);
        a_member(&server, &group, &member);
        a_receivable(&server, &member, "10.00");
    }
    let client = server.with_everything();
    let expected = [format!("{group} CNY 80.00 0.00 20.00 60.00 2 2")];
    assert_eq!(portfolio(&client, "by=group"), expected);
    // A ceiling that bounds each member by itself is no pot that they share.
    a_group_line(&server, &group, "1000.00");
    server.sql("UPDATE credit_groups SET limit_mode = 'per_member_minimum'");
    assert_eq!(portfolio(&client, "by=group"), expected);
}

#[test]
fn what_a_line_that_does_not_revolve_has_used_up_is_not_available() {
    let server = TestServer::start();
    the_goods(&server);
    let customer = a_customer(&server).id();
    let mut body = application_body(Owner::Customer(&customer), Some(GOODS), "100.00");
    body["revolving"] = json!(false);
    a_line(&server, &body);
    let owed = a_receivable(&server, &customer, "60.00").id();
    a_payment(&server, &customer, "60.00", &[(&owed, "60.00")]);
    let rows = portfolio(&server.with_everything(), "by=product");
    assert_eq!(rows, [format!("{GOODS} CNY 100.00 0.00 0.00 40.00 1 1")]);
}

#[test]
fn a_branch_sees_its_own_and_nothing_else() {
    let server = TestServer::start();
    let Company {
        group,
        first,
        second,
        alone,
        far,
    } = Company::set_up(&server);
    let here = server.as_tier("department_head");
    assert_eq!(
        risks(&here, ""),
        [
            format!("group {group} CNY 1000.00 130.00 - -"),
            format!("customer {alone} CNY 500.00 100.00 - -"),
        ]
    );
    assert_eq!(
        briefly(&here, "by=branch"),
        ["head-office/east 1200.00 230.00"]
    );
    let there = server.as_tier_at("department_head", "head-office/west");
    assert_eq!(
        risks(&there, ""),
        [format!("customer {far} CNY 700.00 0.00 - -")]
    );
    for query in ["by=group", "by=grade", "by=product", "by=customer"] {
        let read = report(&there, &format!("{PORTFOLIO}?{query}"));
        assert_eq!(rows(&read, "totals", &["limit"]), ["700.00"], "{query}");
        assert!(!read.to_string().contains(&first), "{query}");
    }
    // The group of a higher unit is not known below it: its members stand for themselves.
    server.sql("UPDATE credit_groups SET org_path = 'head-office'; UPDATE credit_lines SET org_path = 'head-office' WHERE group_id IS NOT NULL");
    let mut expected = [
        format!("customer {alone} CNY 500.00 100.00 - -"),
        format!("customer {second} CNY 400.00 80.00 - -"),
        format!("customer {first} CNY 300.00 50.00 - -"),
    ];
    assert_eq!(risks(&here, ""), expected);
    // And a customer of another branch is no member that a branch counts.
    a_member(&server, &group, &far);
    server.sql(&format!(
        "UPDATE credit_groups SET org_path = '{SALES}'; UPDATE credit_lines SET org_path = '{SALES}' WHERE group_id IS NOT NULL"
    ));
    let read = report(&here, CONCENTRATION);
    assert_eq!(read["rows"][0]["id"], group);
    assert_eq!(read["rows"][0]["customers"], 2);
    // A customer with the scope sees itself alone.
    let mut identity = server.with_everything().identity().clone();
    identity.customer_id = Some(first.parse().unwrap());
    let own = server.client_of(identity);
    expected.reverse();
    assert_eq!(risks(&own, ""), expected[..1]);
}

#[test]
fn unknown_parameters_and_days_to_come_are_refused_by_name() {
    let server = TestServer::start();
    let client = server.with_everything();
    for path in [CONCENTRATION, PORTFOLIO] {
        for (query, code, name) in [
            ("format=csv", "unknown_parameter", "format"),
            ("as_of=2026-03-03", "invalid_parameter", "as_of"),
        ] {
            let refused = client.get(&format!("{path}?{query}")).expect_problem(code);
            assert_eq!(refused.json()["errors"][0]["parameter"], name);
        }
        for query in [
            "as_of=yesterday",
            "limit=1001",
            "limit=0",
            "bom=yes",
            "bom=",
        ] {
            client
                .get(&format!("{path}?{query}"))
                .expect_problem("invalid_parameter");
        }
    }
    for query in [
        "by=colour",
        "by=branch&depth=0",
        "depth=11",
        "by=group&by=grade",
    ] {
        client
            .get(&format!("{PORTFOLIO}?{query}"))
            .expect_problem("invalid_parameter");
    }
}

#[test]
fn products_of_the_catalogue_do_not_mix() {
    let server = TestServer::start();
    let client = server.with_everything();
    let customer = a_customer_with_credit(&server, SALES);
    client
        .post("/v1/products", &product_body("freight"))
        .expect(201);
    let owner = Owner::Customer(&customer);
    a_line(&server, &application_body(owner, Some("freight"), "40.00"));
    assert_eq!(
        briefly(&client, "by=product"),
        [
            format!("{GOODS} 1000.00 0.00"),
            "freight 40.00 0.00".to_owned()
        ]
    );
    assert_eq!(
        briefly(&client, "by=customer"),
        [format!("{customer} 1040.00 0.00")]
    );
}
