//! Keeping customer archives (policies P05, P06, P15, P17, P19).

use serde_json::{Map, Value, json};

use super::personal::Personal;
use super::standing::{self, Standing};
use crate::approvals::app::pending_changes::Done;
use crate::approvals::store::pending_changes::PendingChangeRow;
use crate::customers::domain::customers::{
    self, CustomerKind, CustomerNature, CustomerRole, CustomerStatus, MarketWeight, ServiceTier,
    TimeClass, TradingClass, ValueClass,
};
use crate::customers::domain::events;
use crate::customers::domain::personal::Contact;
use crate::customers::domain::social_credit_code::SocialCreditCode;
use crate::customers::store::customers::{self as store, CustomerRow, CustomerVersionRow};
use crate::customers::store::standstill;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::errors::on_violation;
use crate::platform::store::made::Made;
use crate::platform::store::seen::Seen;
use crate::platform::store::tx::Tx;
use crate::values::ids::CustomerId;
use crate::values::organisation::OrgPath;

/// What a new archive starts with.
#[derive(Debug, Clone)]
pub struct NewCustomer {
    /// Registered name, or the name of the natural person.
    pub name: String,
    /// Legal kind.
    pub kind: CustomerKind,
    /// Social credit code.
    pub unified_social_credit_code: Option<String>,
    /// Organisation that looks after it.
    pub org_path: OrgPath,
    /// Roles, at least one.
    pub roles: Vec<CustomerRole>,
    /// Classification by time.
    pub time_class: TimeClass,
    /// Classification by trading.
    pub trading_class: TradingClass,
    /// Classification by nature.
    pub nature: CustomerNature,
    /// Classification by market weight.
    pub market_weight: MarketWeight,
    /// A, B or C.
    pub value_class: Option<ValueClass>,
    /// Service tier.
    pub service_tier: Option<ServiceTier>,
    /// Industry.
    pub industry: Option<String>,
    /// Whether it is related to the company (P12).
    pub related_party: bool,
    /// Legal representative; classified.
    pub legal_representative: Option<String>,
    /// Contacts; classified.
    pub contacts: Vec<Contact>,
    /// Fields that nothing decides on; those of a person are classified in part.
    pub details: Map<String, Value>,
}

/// What a change does: absent fields stay, `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct CustomerChange {
    /// Name.
    pub name: Option<String>,
    /// Social credit code.
    pub unified_social_credit_code: Option<Option<String>>,
    /// Roles.
    pub roles: Option<Vec<CustomerRole>>,
    /// Open or closed.
    pub status: Option<CustomerStatus>,
    /// Classification by time.
    pub time_class: Option<TimeClass>,
    /// Classification by trading.
    pub trading_class: Option<TradingClass>,
    /// Classification by nature.
    pub nature: Option<CustomerNature>,
    /// Classification by market weight.
    pub market_weight: Option<MarketWeight>,
    /// A, B or C.
    pub value_class: Option<Option<ValueClass>>,
    /// Service tier.
    pub service_tier: Option<Option<ServiceTier>>,
    /// Industry.
    pub industry: Option<Option<String>>,
    /// Whether it is related to the company.
    pub related_party: Option<bool>,
    /// Legal representative.
    pub legal_representative: Option<Option<String>>,
    /// Contacts, all of them.
    pub contacts: Option<Vec<Contact>>,
    /// The same fields; null clears.
    pub details: Map<String, Value>,
}

/// Opens an archive.
///
/// # Errors
/// 403 outside the caller's organisation, 422 for a wrong social credit code, 409 for one that is
/// taken.
pub fn create(tx: &mut Tx<'_>, new: &NewCustomer) -> Result<CustomerRow, Error> {
    if !tx.actor.reaches(&new.org_path) {
        return Err(ProblemCode::OutsideOrganisation.into());
    }
    let id: CustomerId = tx.mint_home()?;
    let code = parse_code(new.unified_social_credit_code.as_deref())?;
    let mut row = CustomerRow {
        bucket: id.bucket().as_i16(),
        id,
        name: String::new(),
        name_key: String::new(),
        kind: new.kind,
        roles: words(&new.roles),
        unified_social_credit_code: code,
        org_path: new.org_path.clone(),
        status: CustomerStatus::Active,
        time_class: new.time_class,
        trading_class: new.trading_class,
        nature: new.nature,
        market_weight: new.market_weight,
        value_class: new.value_class,
        service_tier: new.service_tier,
        industry: new.industry.clone(),
        profile: json!({}),
        personal_sealed: json!({}),
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
        related_party: new.related_party,
        is_sealed: true,
    };
    let mut personal = Personal::default();
    personal.name(&mut row, &new.name);
    if let Some(name) = &new.legal_representative {
        personal.legal_representative(&mut row, Some(name));
    }
    if !new.contacts.is_empty() {
        personal.contacts(&mut row, &new.contacts)?;
    }
    for (field, value) in &new.details {
        personal.detail(&mut row, field, value.clone())?;
    }
    store::insert(tx.connection, &row)?;
    if let Some(code) = &row.unified_social_credit_code {
        take_code(tx, code, id)?;
    }
    if personal.seal_into(tx, &mut row)? && !store::update(tx.connection, &row, 1)? {
        return Err(Error::internal("a row written in this transaction is gone"));
    }
    let by = tx.actor.principal.clone();
    append_version(tx, &row, by)?;
    tx.tell(
        "customer.create",
        events::CUSTOMER_CREATED,
        &row,
        json!({"version": 1}),
    )?;
    Ok(row)
}

/// Changes an archive. To open it again, or to say that it is no related party any more, waits for a
/// second person, and is asked for by itself.
///
/// # Errors
/// 404 when it is not visible, 412 when it is not what was seen, 422 and 409 as
/// [`create`].
pub fn change(
    tx: &mut Tx<'_>,
    id: CustomerId,
    seen: Seen<'_, CustomerRow>,
    change: &CustomerChange,
) -> Result<Done<CustomerRow>, Error> {
    let before = store::find_locked(tx, id)?.ok_or_else(Error::not_found)?;
    seen(&mut tx.reader(), &before)?;
    let mut row = before.clone();
    let mut personal = Personal::default();
    apply(&mut row, &mut personal, change)?;
    if let Some(code) = &change.unified_social_credit_code {
        row.unified_social_credit_code = parse_code(code.as_deref())?;
    }
    let standing = |row: &CustomerRow| (row.status, row.related_party);
    if !customers::loosens(standing(&before), standing(&row)) {
        let made = Made::alone(tx);
        return write(tx, &before, (row, &personal), made).map(Done::Now);
    }
    let mut others = customers::changes(&snapshot(&before), &snapshot(&row));
    others.retain(|change| !["status", "related_party"].contains(&change.field.as_str()));
    if !others.is_empty() || !personal.is_empty() {
        let detail = "is changed by itself where that loosens";
        return Err(Problem::field("status", detail, "放宽时须单独提交").into());
    }
    let asked = Standing {
        status: change.status,
        related_party: change.related_party,
    };
    standing::propose(tx, &before, asked, &row).map(|change| Done::Waits(Box::new(change)))
}

/// Changes where a customer stands, as it was proposed.
///
/// # Errors
/// 409 when it stands elsewhere by now.
pub fn carry_out(tx: &mut Tx<'_>, change: &PendingChangeRow) -> Result<String, Error> {
    let asked: Standing = change.asked()?;
    let id = change.customer_id.ok_or_else(Error::not_found)?;
    let before = store::find_locked(tx, id)?.ok_or_else(Error::not_found)?;
    change.as_seen(&json!(Standing::of(&before)))?;
    let mut row = before.clone();
    row.status = asked.status.unwrap_or(row.status);
    row.related_party = asked.related_party.unwrap_or(row.related_party);
    let made = change.made(tx);
    write(tx, &before, (row, &Personal::default()), made)?;
    Ok(id.subject())
}

fn write(
    tx: &mut Tx<'_>,
    before: &CustomerRow,
    (mut row, personal): (CustomerRow, &Personal),
    made: Made,
) -> Result<CustomerRow, Error> {
    let id = row.id;
    personal.seal_into(tx, &mut row)?;
    let changes = customers::changes(&snapshot(before), &snapshot(&row));
    if changes.is_empty() && row.personal_sealed == before.personal_sealed {
        // Asking for what is already so is done; it is still on record that it was asked.
        tx.record(
            "customer.change",
            id.subject(),
            json!({"version": row.version, "fields": []}),
        )?;
        return Ok(row);
    }
    if row.unified_social_credit_code != before.unified_social_credit_code {
        if let Some(code) = &before.unified_social_credit_code {
            store::free_code(tx.connection, code)?;
        }
        if let Some(code) = &row.unified_social_credit_code {
            take_code(tx, code, id)?;
        }
    }
    if row.status != before.status {
        standstill::lock_decisions(tx, id)?;
    }
    row.version += 1;
    row.updated_at = tx.now;
    if !store::update(tx.connection, &row, before.version)? {
        return Err(ProblemCode::PreconditionFailed.into());
    }
    append_version(tx, &row, made.by)?;
    let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
    let details = json!({
        "version": row.version, "fields": fields, "major": customers::is_major(&changes),
        "confirmed_by": made.confirmed_by,
    });
    tx.tell("customer.change", events::CUSTOMER_CHANGED, &row, details)?;
    Ok(row)
}

fn apply(
    row: &mut CustomerRow,
    personal: &mut Personal,
    change: &CustomerChange,
) -> Result<(), Error> {
    macro_rules! set {
        ($($field:ident),*) => {$(
            if let Some(value) = &change.$field {
                row.$field = value.clone();
            }
        )*};
    }
    set!(
        status,
        time_class,
        trading_class,
        nature,
        market_weight,
        value_class,
        service_tier,
        industry,
        related_party
    );
    if let Some(roles) = &change.roles {
        row.roles = words(roles);
    }
    if let Some(name) = &change.name {
        personal.name(row, name);
    }
    if let Some(name) = &change.legal_representative {
        personal.legal_representative(row, name.as_deref());
    }
    if let Some(contacts) = &change.contacts {
        personal.contacts(row, contacts)?;
    }
    for (field, value) in &change.details {
        personal.detail(row, field, value.clone())?;
    }
    Ok(())
}

fn parse_code(code: Option<&str>) -> Result<Option<String>, Error> {
    code.map(|code| {
        SocialCreditCode::parse(code)
            .map(|code| code.as_str().to_owned())
            .map_err(|error| {
                Problem::field(
                    "unified_social_credit_code",
                    error.to_string(),
                    "不是有效的统一社会信用代码（GB 32100-2015 校验不通过）",
                )
                .into()
            })
    })
    .transpose()
}

fn take_code(tx: &mut Tx<'_>, code: &str, id: CustomerId) -> Result<(), Error> {
    store::take_code(tx.connection, code, id).map_err(|error| {
        on_violation(error, "customer_codes_pkey", || {
            Problem::new(ProblemCode::DuplicateSocialCreditCode)
        })
    })
}

fn words(roles: &[CustomerRole]) -> Vec<Option<String>> {
    let mut words: Vec<_> = roles
        .iter()
        .map(|role| Some(role.as_str().to_owned()))
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn append_version(tx: &mut Tx<'_>, row: &CustomerRow, changed_by: String) -> Result<(), Error> {
    store::append_version(
        tx.connection,
        &CustomerVersionRow {
            bucket: row.bucket,
            customer_id: row.id,
            version: row.version,
            recorded_at: tx.now,
            changed_by,
            request_id: tx.actor.request_id,
            snapshot: snapshot(row),
            personal_sealed: row.personal_sealed.clone(),
            is_sealed: row.is_sealed,
        },
    )?;
    Ok(())
}

/// The archive as history keeps it: every field under its public name, classified ones masked.
fn snapshot(row: &CustomerRow) -> Value {
    let mut snapshot = row.profile.as_object().cloned().unwrap_or_default();
    let fixed = json!({
        "name": row.name,
        "kind": row.kind,
        "roles": row.roles,
        "unified_social_credit_code": row.unified_social_credit_code,
        "org_path": row.org_path,
        "status": row.status,
        "time_class": row.time_class,
        "trading_class": row.trading_class,
        "nature": row.nature,
        "market_weight": row.market_weight,
        "value_class": row.value_class,
        "service_tier": row.service_tier,
        "industry": row.industry,
        "related_party": row.related_party,
    });
    if let Value::Object(fixed) = fixed {
        snapshot.extend(fixed.into_iter().filter(|(_, value)| !value.is_null()));
    }
    Value::Object(snapshot)
}
