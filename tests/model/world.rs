//! Tiny companies, each for one history: one is made over HTTP, the others are copies of its rows,
//! because a history takes less time than making a company does.

use std::collections::BTreeMap;

use diesel::PgConnection;
use diesel::connection::SimpleConnection;

use super::history::{Minor, Name, decimal};
use super::reference::{Company, Membership, State};
use crate::support::actors::SALES;
use crate::support::server::texts;
use crate::support::{
    GOODS, Owner, TestServer, a_customer, a_group_of, a_line, terms_between, the_goods,
};

/// Customers of each company.
pub const CUSTOMERS: usize = 3;

/// Limits so small that refusals are frequent: product lines, unified lines, ceilings.
const PRODUCT: Minor = 10_000;
const UNIFIED: Minor = 8_000;
const CEILINGS: [Minor; 2] = [12_000, 6_000];
/// Two customers are in the first group, the third in none; the third has no unified limit.
const UNIFIED_OF: [bool; CUSTOMERS] = [true, true, false];
const MEMBERS: [usize; 2] = [0, 1];

/// The identifiers of a company.
#[derive(Debug, Clone)]
pub struct World {
    pub number: u32,
    pub customers: Vec<String>,
    pub groups: Vec<String>,
    /// By the numbers that the company gives them; empty where there is none.
    pub lines: Vec<String>,
    /// Paths of the memberships there are from the beginning.
    pub memberships: BTreeMap<Name, String>,
}

/// Makes the company that the others are copies of. `day` is the first of its lines.
pub fn model(server: &TestServer) -> World {
    the_goods(server);
    let today = server.db().today();
    let days = [today, today + chrono::TimeDelta::days(300)].map(|day| day.to_string());
    let line = |owner: Owner<'_>, product: Option<&str>, amount: Minor| {
        let [from, until] = [days[0].as_str(), days[1].as_str()];
        let body = terms_between(owner, product, &decimal(amount), [from, until]);
        a_line(server, &body).id()
    };
    let customers: Vec<String> = UNIFIED_OF.iter().map(|_| a_customer(server).id()).collect();
    let groups: Vec<String> = CEILINGS
        .iter()
        .map(|_| a_group_of(server, SALES).id())
        .collect();
    let products = customers
        .iter()
        .map(|id| line(Owner::Customer(id), Some(GOODS), PRODUCT));
    let unified = customers.iter().zip(UNIFIED_OF).map(|(id, has)| {
        if has {
            line(Owner::Customer(id), None, UNIFIED)
        } else {
            String::new()
        }
    });
    let ceilings = groups
        .iter()
        .zip(CEILINGS)
        .map(|(id, amount)| line(Owner::Group(id), None, amount));
    let lines = products.chain(unified).chain(ceilings).collect();
    // Since before today, so that whoever leaves may join again.
    let from = (today - chrono::TimeDelta::days(30)).to_string();
    let memberships = MEMBERS.iter().map(|customer| {
        let path = format!("/v1/credit-groups/{}/members", groups[0]);
        let body = serde_json::json!({"customer_id": customers[*customer], "from": from});
        let joined = server.with_everything().post(&path, &body).expect(201);
        let name = Name::try_from(*customer).unwrap();
        (name, joined.header("location").unwrap().to_owned())
    });
    World {
        number: 0,
        memberships: memberships.collect(),
        customers,
        groups,
        lines,
    }
}

/// What the reference model knows of every such company.
pub fn company() -> Company {
    Company {
        customers: UNIFIED_OF.len(),
        groups: CEILINGS.len(),
        unified: UNIFIED_OF.to_vec(),
        ids: BTreeMap::new(),
    }
}

/// How it begins.
pub fn beginning() -> State {
    let limits: Vec<Minor> = UNIFIED_OF
        .iter()
        .map(|_| PRODUCT)
        .chain(UNIFIED_OF.iter().map(|_| UNIFIED))
        .chain(CEILINGS)
        .collect();
    let members = MEMBERS.iter().map(|customer| {
        let membership = Membership {
            customer: *customer,
            group: 0,
            from: -30,
            until: None,
        };
        (Name::try_from(*customer).unwrap(), membership)
    });
    State::new(&limits, members.collect())
}

impl World {
    /// The copy with a number.
    fn copy(&self, number: u32) -> Self {
        let all = |ids: &[String]| ids.iter().map(|id| copied(id, number)).collect();
        let memberships = self.memberships.iter().map(|(name, path)| {
            let parts: Vec<String> = path.split('/').map(|part| copied(part, number)).collect();
            (*name, parts.join("/"))
        });
        Self {
            number,
            customers: all(&self.customers),
            groups: all(&self.groups),
            lines: all(&self.lines),
            memberships: memberships.collect(),
        }
    }

    /// Copies with these numbers.
    pub fn copies(&self, server: &TestServer, numbers: std::ops::Range<u32>) -> Vec<Self> {
        let id_list = |ids: &[String]| {
            let quoted: Vec<String> = ids
                .iter()
                .filter(|id| !id.is_empty())
                .map(|id| format!("'{id}'"))
                .collect();
            quoted.join(",")
        };
        let customers = id_list(&self.customers);
        let groups = id_list(&self.groups);
        let lines = id_list(&self.lines);
        let applications =
            format!("(SELECT application_id FROM credit_lines WHERE id IN ({lines}))");
        let cases = format!("(SELECT case_id FROM credit_applications WHERE id IN {applications})");
        let (first, last) = (numbers.start, numbers.end - 1);
        // The last eight digits of every identifier are the number of the copy; the bucket stands
        // before them.
        let mut sql = "CREATE FUNCTION pg_temp.copied(id uuid, number integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS \
             $$ SELECT (left(id::text, 28) || lpad(to_hex(number), 8, '0'))::uuid $$;"
            .to_owned();
        for (table, which, ids, others) in [
            (
                "customers",
                format!("id IN ({customers})"),
                &["id"][..],
                ", 'unified_social_credit_code', NULL",
            ),
            ("credit_groups", format!("id IN ({groups})"), &["id"], ""),
            (
                "credit_group_members",
                format!("customer_id IN ({customers})"),
                &["id", "customer_id", "group_id"],
                "",
            ),
            ("approval_cases", format!("id IN {cases}"), &["id"], ""),
            (
                "credit_applications",
                format!("id IN {applications}"),
                &["id", "customer_id", "group_id", "case_id", "credit_line_id"],
                "",
            ),
            (
                "credit_lines",
                format!("id IN ({lines})"),
                &["id", "customer_id", "group_id", "application_id"],
                "",
            ),
            (
                "credit_line_versions",
                format!("line_id IN ({lines})"),
                &["line_id", "application_id"],
                "",
            ),
        ] {
            let fields: Vec<String> = ids
                .iter()
                .map(|id| format!("'{id}', pg_temp.copied(m.{id}, number)"))
                .collect();
            sql.push_str(&format!(
                "INSERT INTO {table} SELECT r.* FROM generate_series({first}, {last}) AS number, \
                 (SELECT * FROM {table} WHERE {which}) AS m, \
                 LATERAL jsonb_populate_record(NULL::{table}, to_jsonb(m) || jsonb_build_object({}{others})) AS r;",
                fields.join(", ")
            ));
        }
        // Nobody else tells PostgreSQL how large its tables have become.
        sql.push_str("ANALYZE;");
        server.owner().batch_execute(&sql).unwrap();
        numbers.map(|number| self.copy(number)).collect()
    }

    /// Everything that is on record about the company, as JSON.
    pub fn books(&self, connection: &mut PgConnection) -> serde_json::Value {
        let customers: Vec<String> = self.customers.iter().map(|id| format!("'{id}'")).collect();
        let lines: Vec<String> = self
            .lines
            .iter()
            .filter(|id| !id.is_empty())
            .map(|id| format!("'{id}'"))
            .collect();
        let (customers, lines) = (customers.join(","), lines.join(","));
        let all = |table: &str, which: &str| {
            format!("(SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM {table} t WHERE {which})")
        };
        let of_customers = format!("customer_id IN ({customers})");
        let query = format!(
            "SELECT jsonb_build_object('reservations', {}, 'receivables', {}, 'payments', {}, 'lines', {}, 'members', {})",
            all("reservations", &of_customers),
            all("receivables", &of_customers),
            all("payments", &of_customers),
            all("credit_lines", &format!("id IN ({lines})")),
            all(
                "credit_group_members",
                &format!("{of_customers} AND member_until IS NULL")
            ),
        );
        serde_json::from_str(&texts(connection, &query)[0]).unwrap()
    }
}

/// An identifier in the copy with a number; what is none stays.
fn copied(id: &str, number: u32) -> String {
    match id.len() {
        36 => format!("{}{number:08x}", &id[..28]),
        _ => id.to_owned(),
    }
}
