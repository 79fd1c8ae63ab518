//! The company under load: customers in groups, with lines at three levels.
//!
//! One group with one customer is made by the use cases; the others are copies of its rows, made
//! by SQL, so that ten thousand customers take seconds and are still what the service writes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use shouxin::applications::app::applications::{self, Grounds, NewApplication, Target};
use shouxin::approvals::domain::approvals::Verdict;
use shouxin::approvals::domain::authority_rules as rules;
use shouxin::catalogue::app::products;
use shouxin::catalogue::domain::products::{ExposureTreatment, ProductCode, ProductKind};
use shouxin::clock::SystemClock;
use shouxin::crypto::MasterKeys;
use shouxin::customers::app::customers;
use shouxin::customers::domain::customers::{
    CustomerKind, CustomerNature, CustomerRole, MarketWeight, TimeClass, TradingClass,
};
use shouxin::error::Error;
use shouxin::exposure::app::groups;
use shouxin::exposure::domain::groups::{GroupBasis, GroupLimitMode};
use shouxin::exposure::domain::line_terms::{ApplicationAction, Asked};
use shouxin::platform::store::db::{Db, DbOptions};
use shouxin::platform::store::documents::{VersionRow, Versioned};
use shouxin::platform::store::seen::as_it_is;
use shouxin::platform::store::tx::RateBounds;
use shouxin::platform::store::tx::Tx;
use shouxin::values::actor::Actor;
use shouxin::values::currency::Currency;
use shouxin::values::ids::{ApplicationId, CustomerId, GroupId, LineId};
use shouxin::values::organisation::OrgPath;
use uuid::Uuid;

/// Customers of each group.
pub const CUSTOMERS_OF_A_GROUP: usize = 10;
/// The product everybody has a line for.
pub const PRODUCT: &str = "goods_on_credit";

/// Makes the company in an empty database.
pub fn found(url: &str, groups: usize) {
    let model = make_model(url);
    let mut connection = connect(url);
    connection
        .batch_execute(&copies(&model, groups))
        .expect("copies of the model");
}

/// A connection as the owner of a database.
pub fn connect(url: &str) -> PgConnection {
    PgConnection::establish(url).expect("a connection")
}

/// The customers, in the order of their numbers: those of a group stand together.
pub fn customers(url: &str) -> Vec<Uuid> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        customer_id: Uuid,
    }
    diesel::sql_query("SELECT customer_id FROM bench_rows ORDER BY n")
        .load::<Row>(&mut connect(url))
        .unwrap()
        .into_iter()
        .map(|row| row.customer_id)
        .collect()
}

/// SQL that mints an identifier at home in a bucket.
pub fn minted(bucket: &str) -> String {
    format!(
        "(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') \
         || lpad(to_hex(28672 + ({bucket}::int << 2)), 4, '0') || '8' || substr(md5(random()::text), 1, 15))::uuid"
    )
}

/// What the others are copies of.
struct Model {
    group: GroupId,
    customer: CustomerId,
    /// Lines of the group, of the customer, and for the product.
    lines: [LineId; 3],
}

fn make_model(url: &str) -> Model {
    let db = Db::new(
        DbOptions {
            url: url.to_owned(),
            replica_url: None,
            pool_size: 2,
            together: 0,
            queue_max: 1,
            queue_wait: Duration::from_secs(1),
            connection_wait: Duration::from_secs(10),
            deadline: Duration::from_secs(600),
            statement_timeout: Duration::from_secs(600),
            lock_timeout: Duration::from_secs(600),
        },
        Arc::new(SystemClock),
        chrono_tz::Asia::Shanghai,
        RateBounds {
            age_days_max: 7,
            departure_bp: 1_000,
        },
        Arc::new(MasterKeys::parse(&MasterKeys::generate().unwrap()).unwrap()),
    );
    let (manager, officer) = (actor("manager"), actor("officer"));
    let (group, customer, applications) = db
        .write_blocking(&manager, "bench.seed", &|tx| {
            offer_the_product(tx)?;
            draw_up(tx)
        })
        .unwrap();
    let lines = db
        .write_blocking(&officer, "bench.seed", &|tx| {
            let [ceiling, unified, product] = applications;
            Ok([
                approve(tx, ceiling)?,
                approve(tx, unified)?,
                approve(tx, product)?,
            ])
        })
        .unwrap();
    Model {
        group,
        customer,
        lines,
    }
}

fn product() -> ProductCode {
    ProductCode::parse(PRODUCT).unwrap()
}

fn offer_the_product(tx: &mut Tx<'_>) -> Result<(), Error> {
    products::create(
        tx,
        &products::NewProduct {
            code: product(),
            name_en: "Goods on credit".to_owned(),
            name_zh: "赊销".to_owned(),
            kind: ProductKind::Receivable,
            exposure_treatment: ExposureTreatment::Gross,
            default_payment_term_days: 30,
            active: true,
            deposit_share_bp: 0,
            released_by: None,
        },
    )?;
    // One officer decides everything here, which nobody could publish.
    let mut all = rules::built_in();
    all.retain(|rule| rule.name == "branch");
    all[0].amount_max_minor = None;
    let row = VersionRow {
        version: 1,
        effective_from: tx.today,
        document: serde_json::json!(all),
        note: None,
        published_by: tx.actor.principal.clone(),
        published_at: tx.now,
        confirmed_by: None,
    };
    <Vec<rules::AuthorityRule> as Versioned>::insert(tx.connection, &row)?;
    Ok(())
}

fn draw_up(tx: &mut Tx<'_>) -> Result<(GroupId, CustomerId, [ApplicationId; 3]), Error> {
    let group: GroupId = groups::create(
        tx,
        &groups::NewGroup {
            name: "Group".to_owned(),
            basis: GroupBasis::Control,
            limit_mode: GroupLimitMode::Pooled,
            org_path: None,
        },
    )?
    .id;
    let customer = customers::create(
        tx,
        &customers::NewCustomer {
            name: "Customer".to_owned(),
            kind: CustomerKind::Company,
            unified_social_credit_code: None,
            org_path: OrgPath::root(),
            roles: vec![CustomerRole::Buyer],
            time_class: TimeClass::Existing,
            trading_class: TradingClass::Current,
            nature: CustomerNature::Ordinary,
            market_weight: MarketWeight::Regular,
            value_class: None,
            service_tier: None,
            industry: None,
            related_party: false,
            legal_representative: None,
            contacts: Vec::new(),
            details: serde_json::Map::new(),
        },
    )?
    .id;
    let joining = groups::NewMember {
        customer_id: customer,
        from: tx.today,
        evidence: None,
    };
    groups::join(tx, group, &joining)?;
    let applications = [
        apply(tx, Target::Group(group), None)?,
        apply(tx, Target::Customer(customer), None)?,
        apply(tx, Target::Customer(customer), Some(product()))?,
    ];
    Ok((group, customer, applications))
}

/// A year's limit that nothing in the run uses up.
fn apply(
    tx: &mut Tx<'_>,
    target: Target,
    product: Option<ProductCode>,
) -> Result<ApplicationId, Error> {
    let new = NewApplication {
        target,
        action: ApplicationAction::Open,
        product,
        currency: Some(Currency::CNY),
        asked: Asked {
            amount_minor: Some(900_000_000_000_000),
            valid_from: Some(tx.today),
            valid_until: Some(tx.today + chrono::TimeDelta::days(365)),
            payment_term_days: Some(30),
            ..Asked::default()
        },
        grounds: Grounds::default(),
    };
    let id = applications::draw_up(tx, &new)?.id;
    applications::submit(tx, id, &as_it_is)?;
    Ok(id)
}

fn approve(tx: &mut Tx<'_>, id: ApplicationId) -> Result<LineId, Error> {
    let approved = applications::approve(tx, id, &as_it_is, &Verdict::default())?;
    approved
        .credit_line_id
        .ok_or_else(|| Error::internal("one step opens the line"))
}

fn actor(name: &str) -> Actor {
    Actor {
        principal: format!("bench|{name}"),
        client_id: "bench".to_owned(),
        scopes: shouxin::auth::scopes::ALL
            .iter()
            .map(|scope| scope.name.to_owned())
            .collect::<BTreeSet<_>>()
            .into(),
        org_path: OrgPath::root(),
        customer_id: None,
        request_id: Uuid::nil(),
    }
}

/// Numbers the groups and customers to be, and copies the rows of the model for each. pgbench has
/// no arrays: `bench_rows` leads it from a random number to the rows, as the identifiers in a
/// request lead the service.
fn copies(model: &Model, groups: usize) -> String {
    let Model {
        group,
        customer,
        lines: [ceiling, unified, product],
    } = model;
    let id = minted("bucket");
    let mut sql = format!(
        "CREATE TABLE bench_groups AS SELECT number, bucket, {id} AS group_id, {id} AS line, {id} AS application, {id} AS approval \
             FROM (SELECT number, floor(random() * 1024)::smallint AS bucket FROM generate_series(0, {groups} - 1) AS number) g; \
         CREATE TABLE bench_rows AS SELECT n, bucket, {id} AS customer_id, {id} AS product_line, {id} AS customer_line, \
                group_bucket, group_line, group_id, {id} AS membership, {id} AS product_application, {id} AS product_approval, \
                {id} AS customer_application, {id} AS customer_approval \
             FROM (SELECT g.number * {CUSTOMERS_OF_A_GROUP} + member AS n, floor(random() * 1024)::smallint AS bucket, \
                g.bucket AS group_bucket, g.line AS group_line, g.group_id \
                FROM bench_groups g, generate_series(1, {CUSTOMERS_OF_A_GROUP}) AS member) c; \
         ALTER TABLE bench_rows ADD PRIMARY KEY (n); ANALYZE bench_rows;"
    );
    let mut copy = |table: &str, which: &str, numbered: &str, fields: &str| {
        let number = match numbered {
            "bench_groups" => "number",
            _ => "n",
        };
        sql.push_str(&format!(
            "INSERT INTO {table} SELECT r.* FROM (SELECT * FROM {numbered} ORDER BY {number}) b, {table} m, \
             LATERAL jsonb_populate_record(m, jsonb_build_object({fields})) r WHERE m.{which};"
        ));
    };
    copy(
        "customers",
        &format!("id = '{customer}'"),
        "bench_rows",
        "'bucket', b.bucket, 'id', b.customer_id, 'name', 'Customer ' || b.n, 'name_key', 'customer' || b.n",
    );
    copy(
        "customer_versions",
        &format!("customer_id = '{customer}'"),
        "bench_rows",
        "'bucket', b.bucket, 'customer_id', b.customer_id",
    );
    copy(
        "credit_groups",
        &format!("id = '{group}'"),
        "bench_groups",
        "'bucket', b.bucket, 'id', b.group_id, 'name', 'Group ' || b.number",
    );
    copy(
        "credit_group_members",
        &format!("customer_id = '{customer}'"),
        "bench_rows",
        "'bucket', b.bucket, 'id', b.membership, 'customer_id', b.customer_id, 'group_id', b.group_id",
    );
    for (model_line, numbered, owner, line, application, approval) in [
        (
            ceiling,
            "bench_groups",
            "'group_id', b.group_id",
            "b.line",
            "b.application",
            "b.approval",
        ),
        (
            unified,
            "bench_rows",
            "'customer_id', b.customer_id",
            "b.customer_line",
            "b.customer_application",
            "b.customer_approval",
        ),
        (
            product,
            "bench_rows",
            "'customer_id', b.customer_id",
            "b.product_line",
            "b.product_application",
            "b.product_approval",
        ),
    ] {
        copy(
            "approval_cases",
            &format!(
                "id = (SELECT case_id FROM credit_applications WHERE credit_line_id = '{model_line}')"
            ),
            numbered,
            &format!(
                "'bucket', b.bucket, 'id', {approval}, 'subject', 'application/' || {application}"
            ),
        );
        copy(
            "credit_applications",
            &format!("credit_line_id = '{model_line}'"),
            numbered,
            &format!(
                "'bucket', b.bucket, 'id', {application}, {owner}, 'case_id', {approval}, 'credit_line_id', {line}"
            ),
        );
        copy(
            "credit_lines",
            &format!("id = '{model_line}'"),
            numbered,
            &format!("'bucket', b.bucket, 'id', {line}, {owner}, 'application_id', {application}"),
        );
        copy(
            "credit_line_versions",
            &format!("line_id = '{model_line}'"),
            numbered,
            &format!("'bucket', b.bucket, 'line_id', {line}"),
        );
    }
    sql
}
