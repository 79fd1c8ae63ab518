//! Personal fields of an archive on their way in, and on their way to be found.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use crate::crypto::{
    AccessGrant, BlindIndexKey, DataKey, MasterKeys, SealContext, Sealed, open, seal,
};
use crate::customers::domain::customers::CustomerKind;
use crate::customers::domain::personal::{
    self, CONTACTS, Contact, NAME, OF_PERSONS, PersonalField, Sought,
};
use crate::customers::store::customers::{self as store, CustomerRow};
use crate::customers::store::personal::{self as rows, Digest, IndexRow};
use crate::error::{Error, OrInternal, Problem};
use crate::platform::store::tx::Tx;
use crate::values::ids::CustomerId;
use crate::values::masking;
use crate::values::names::similarity_key;

/// Class of the personal fields of an archive.
const PERSONAL: &str = "personal";

/// Personal fields on their way into the archive: the mask is shown, the value is sealed, a digest of
/// it is found.
#[derive(Default)]
pub(super) struct Personal {
    to_seal: Vec<(&'static str, Option<String>)>,
    to_index: Vec<(&'static str, Vec<String>)>,
}

impl Personal {
    /// Whether there is nothing of them.
    pub(super) fn is_empty(&self) -> bool {
        self.to_seal.is_empty() && self.to_index.is_empty()
    }

    pub(super) fn name(&mut self, row: &mut CustomerRow, name: &str) {
        if row.kind == CustomerKind::Individual {
            row.name = masking::mask_person_name(name);
            row.name_key = String::new();
            self.to_seal.push((NAME, Some(name.to_owned())));
            self.index(NAME, personal::name_key(name));
        } else {
            row.name = name.to_owned();
            row.name_key = similarity_key(name);
        }
    }

    pub(super) fn legal_representative(&mut self, row: &mut CustomerRow, name: Option<&str>) {
        let mask = name.map_or(Value::Null, |name| masking::mask_person_name(name).into());
        set(&mut row.profile, "legal_representative", mask);
        self.to_seal
            .push(("legal_representative", name.map(str::to_owned)));
    }

    pub(super) fn contacts(
        &mut self,
        row: &mut CustomerRow,
        contacts: &[Contact],
    ) -> Result<(), Error> {
        let masked: Vec<Value> = contacts
            .iter()
            .map(|contact| {
                json!({
                    "name": masking::mask_person_name(&contact.name),
                    "title": contact.title,
                    "phone": contact.phone.as_deref().map(masking::mask_phone),
                    "email": contact.email.as_deref().map(masking::mask_email),
                })
            })
            .collect();
        let plain = serde_json::to_string(contacts).or_internal()?;
        set(&mut row.profile, CONTACTS, Value::Array(masked));
        self.to_seal
            .push((CONTACTS, (!contacts.is_empty()).then_some(plain)));
        self.index_contacts(contacts);
        Ok(())
    }

    fn index_contacts(&mut self, contacts: &[Contact]) {
        let phones = contacts
            .iter()
            .filter_map(|contact| personal::phone_key(contact.phone.as_deref()?));
        self.to_index.push((CONTACTS, phones.collect()));
    }

    /// A field that describes the customer; null clears.
    ///
    /// # Errors
    /// 422 where it is personal, and a mask came back instead of the value.
    pub(super) fn detail(
        &mut self,
        row: &mut CustomerRow,
        name: &str,
        value: Value,
    ) -> Result<(), Error> {
        let Some(field) = personal::field(name) else {
            set(&mut row.profile, name, value);
            return Ok(());
        };
        if row.kind == CustomerKind::Individual && personal::holds_a_mask(&value) {
            let detail = "is a mask, not a value";
            return Err(Problem::field(name, detail, "是掩码而非真实值").into());
        }
        self.take(row, field, value)
    }

    fn take(
        &mut self,
        row: &mut CustomerRow,
        field: &PersonalField,
        value: Value,
    ) -> Result<(), Error> {
        self.index(field.name, field.key(&value));
        if row.kind == CustomerKind::Individual {
            self.to_seal.push((field.name, plain_text(&value)?));
            set(&mut row.profile, field.name, field.masked(&value));
        } else {
            set(&mut row.profile, field.name, value);
        }
        Ok(())
    }

    fn index(&mut self, field: &'static str, key: Option<String>) {
        self.to_index.push((field, key.into_iter().collect()));
    }

    /// Seals what came in, indexes it, and says whether anything was sealed.
    pub(super) fn seal_into(&self, tx: &mut Tx<'_>, row: &mut CustomerRow) -> Result<bool, Error> {
        self.write_digests(tx, row.id)?;
        if self.to_seal.is_empty() {
            return Ok(false);
        }
        let (key_version, key) = data_key(tx, row.id)?;
        let sealed = &mut row.personal_sealed;
        for (column, value) in &self.to_seal {
            let value = value.as_deref();
            seal_one(sealed, (row.id, *column), value, (key_version, &key))?;
        }
        Ok(true)
    }

    fn write_digests(&self, tx: &mut Tx<'_>, id: CustomerId) -> Result<(), Error> {
        if self.to_index.is_empty() {
            return Ok(());
        }
        let key = BlindIndexKey::derive(tx.keys).or_internal()?;
        let fields: Vec<&str> = self.to_index.iter().map(|(field, _)| *field).collect();
        let digests: Vec<IndexRow> = self
            .to_index
            .iter()
            .flat_map(|(field, keys)| keys.iter().map(|one| (*field, key.index(field, one))))
            .map(|(field, digest)| IndexRow::new(id, field, digest))
            .collect();
        rows::replace(tx.connection, id, &fields, &digests)?;
        Ok(())
    }
}

/// The digests of what is sought, in each field that may hold it.
///
/// # Errors
/// When the keys give none.
pub fn digests(keys: &MasterKeys, sought: Sought, text: &str) -> Result<Vec<Digest>, Error> {
    let key = BlindIndexKey::derive(keys).or_internal()?;
    let Some(form) = sought.key(text) else {
        return Ok(Vec::new());
    };
    let of_field = |field: &&'static str| Digest::from(key.index(field, &form));
    Ok(sought.fields().iter().map(of_field).collect())
}

/// Seals and indexes what is there from before that was done, past versions as well. What is shown
/// stays the same, so this is no version of its own.
///
/// # Errors
/// When what is sealed does not open.
pub fn seal_up(tx: &mut Tx<'_>, id: CustomerId) -> Result<(), Error> {
    let Some(mut row) = store::find_locked(tx, id)? else {
        return Err(Error::not_found());
    };
    let plain = personal::unsealed(row.kind, &row.profile, &row.personal_sealed);
    let fields: Vec<&str> = plain.keys().copied().collect();
    // Names and contacts are opened to be indexed; this is the record of it.
    let grant = tx.record_access("customer.seal", row.id.subject(), json!({"fields": fields}))?;
    let mut personal = Personal::default();
    let opened = Opened::of(tx, &row, &grant)?;
    for (field, text) in &opened.0 {
        match *field {
            NAME => personal.index(NAME, personal::name_key(text)),
            CONTACTS => {
                personal.index_contacts(&serde_json::from_str::<Vec<Contact>>(text).or_internal()?)
            }
            other => {
                let parts = serde_json::from_str::<Map<String, Value>>(text);
                let value = parts.map_or_else(|_| text.clone().into(), Value::Object);
                let key = personal::field(other).and_then(|field| field.key(&value));
                personal.index(other, key);
            }
        }
    }
    for field in OF_PERSONS {
        let value = match row.profile.get(field.name) {
            Some(value) if !opened.holds(field.name) => value.clone(),
            _ => continue,
        };
        personal.take(&mut row, field, value)?;
    }
    personal.seal_into(tx, &mut row)?;
    row.is_sealed = true;
    if !store::update(tx.connection, &row, row.version)? {
        return Err(Error::internal("a row that is locked has changed"));
    }
    seal_versions(tx, &row)
}

/// Sealed fields that are found, opened.
struct Opened(Vec<(&'static str, String)>);

impl Opened {
    fn of(tx: &mut Tx<'_>, row: &CustomerRow, grant: &AccessGrant) -> Result<Self, Error> {
        let found = OF_PERSONS.iter().map(|field| field.name);
        let fields = found.chain([NAME, CONTACTS]).filter_map(|field| {
            let sealed = row.personal_sealed.get(field)?.as_str()?;
            Some((field, sealed.to_owned()))
        });
        let fields: Vec<(&'static str, String)> = fields.collect();
        if fields.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let (_, key) = data_key(tx, row.id)?;
        let opened = fields.into_iter().map(|(column, sealed)| {
            let sealed = Sealed::from_bytes(BASE64.decode(sealed).or_internal()?).or_internal()?;
            let plain = open(&key, &sealed, &place(row.id, column), grant).or_internal()?;
            let text = std::str::from_utf8(plain.as_bytes())
                .or_internal()?
                .to_owned();
            Ok((column, text))
        });
        opened.collect::<Result<_, Error>>().map(Self)
    }

    fn holds(&self, field: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == field)
    }
}

fn seal_versions(tx: &mut Tx<'_>, row: &CustomerRow) -> Result<(), Error> {
    for mut version in store::unsealed_versions(tx.connection, row.id)? {
        let plain = personal::unsealed(row.kind, &version.snapshot, &version.personal_sealed);
        version.snapshot = personal::shown(row.kind, &version.snapshot, &version.personal_sealed);
        if !plain.is_empty() {
            let (key_version, key) = data_key(tx, row.id)?;
            for (column, value) in &plain {
                let value = plain_text(value)?;
                let sealed = &mut version.personal_sealed;
                seal_one(
                    sealed,
                    (row.id, *column),
                    value.as_deref(),
                    (key_version, &key),
                )?;
            }
        }
        store::seal_version(tx.connection, &version)?;
    }
    Ok(())
}

fn seal_one(
    sealed: &mut Value,
    (id, column): (CustomerId, &'static str),
    value: Option<&str>,
    (key_version, key): (u32, &DataKey),
) -> Result<(), Error> {
    let value = match value {
        None => Value::Null,
        Some(value) => {
            let place = place(id, column);
            let closed = seal(key, key_version, value.as_bytes(), &place).or_internal()?;
            BASE64.encode(closed.as_bytes()).into()
        }
    };
    if !sealed.is_object() {
        return Err(Error::internal("sealed fields are not an object"));
    }
    set(sealed, column, value);
    Ok(())
}

fn place(id: CustomerId, column: &'static str) -> SealContext {
    SealContext {
        table: "customers",
        row_id: id.uuid(),
        column,
    }
}

/// A value as it is sealed: a text as it is, anything else as JSON.
fn plain_text(value: &Value) -> Result<Option<String>, Error> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        other => serde_json::to_string(other).or_internal().map(Some),
    }
}

fn data_key(tx: &mut Tx<'_>, id: CustomerId) -> Result<(u32, DataKey), Error> {
    if let Some((version, wrapped)) = store::newest_key(tx.connection, id, PERSONAL)? {
        let key = tx
            .keys
            .unwrap_data_key(&wrapped, id.uuid(), PERSONAL)
            .or_internal()?;
        return Ok((u32::try_from(version).unwrap_or(1), key));
    }
    let (key, wrapped) = tx.keys.new_data_key(id.uuid(), PERSONAL).or_internal()?;
    store::insert_key(tx.connection, id, PERSONAL, 1, &wrapped, tx.now)?;
    Ok((1, key))
}

/// Sets a member of an object; null removes it.
fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.to_owned(), value);
        }
    }
}
