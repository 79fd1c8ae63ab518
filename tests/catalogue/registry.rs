//! What the tests that are driven by the document know about the catalogue.

use serde_json::json;

use super::Write;
use crate::support::{a_product, a_product_code, a_rate, figure_body, product_body, rate_body};

/// Its writes.
pub const WRITES: &[Write] = &[
    Write {
        operation: "recordCompanyFigure",
        action: "pending_change.propose",
        events: &["approval.requested", "pending_change.proposed"],
        succeed: |_, client| {
            let body = figure_body("2025-12-31", "1000000.00");
            client.post("/v1/company-figures", &body).send()
        },
        refuse: Some(|_, client| {
            let body = figure_body("2999-12-31", "1000000.00");
            client.post("/v1/company-figures", &body).send()
        }),
    },
    Write {
        operation: "createProduct",
        action: "product.create",
        events: &["product.created"],
        succeed: |_, client| {
            let body = product_body(&a_product_code());
            client.post("/v1/products", &body).send()
        },
        refuse: Some(|server, client| {
            let taken = a_product(server, &a_product_code()).field("code");
            client.post("/v1/products", &product_body(&taken)).send()
        }),
    },
    Write {
        operation: "patchProduct",
        action: "product.change",
        events: &["product.changed"],
        succeed: |server, client| {
            let product = a_product(server, &a_product_code());
            let path = format!("/v1/products/{}", product.field("code"));
            let body = json!({"active": false});
            client.patch(&path, &product.etag(), &body).send()
        },
        refuse: None,
    },
    Write {
        operation: "publishExchangeRate",
        action: "exchange_rate.publish",
        events: &["exchange_rates.published"],
        succeed: |server, client| {
            a_rate(server, ["USD", "CNY"], "7.0");
            server.advance(chrono::TimeDelta::days(1));
            let body = rate_body(server, ["USD", "CNY"], "7.1");
            client.post("/v1/exchange-rates", &body).send()
        },
        refuse: Some(|server, client| {
            let body = rate_body(server, ["USD", "CNY"], "0");
            client.post("/v1/exchange-rates", &body).send()
        }),
    },
    Write {
        operation: "importExchangeRates",
        action: "exchange_rate.import",
        events: &["exchange_rates.published"],
        succeed: |server, client| {
            for from in ["USD", "EUR"] {
                a_rate(server, [from, "CNY"], "7.0");
            }
            server.advance(chrono::TimeDelta::days(1));
            let rates = ["USD", "EUR"].map(|from| rate_body(server, [from, "CNY"], "7.1"));
            let body = json!({"rates": rates});
            client.post("/v1/exchange-rate-imports", &body).send()
        },
        refuse: Some(|server, client| {
            let body = json!({"rates": [rate_body(server, ["CNY", "CNY"], "1")]});
            client.post("/v1/exchange-rate-imports", &body).send()
        }),
    },
];
