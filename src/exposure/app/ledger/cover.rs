//! Money on account of customers about whom is decided, and of others that share a ceiling with them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::bounds::Bounds;
use crate::catalogue::app::exchange_rates;
use crate::catalogue::domain::exchange_rates::Rates;
use crate::catalogue::domain::products::ProductCode;
use crate::error::Error;
use crate::exposure::domain::lines::{LineFacts, applicable};
use crate::exposure::domain::money_on_account::{Cover, Item, OnAccount, for_others};
use crate::exposure::store::counted::Counts;
use crate::exposure::store::lines::LineRow;
use crate::exposure::store::{payments, receivables, reservations};
use crate::platform::store::tx::Reader;
use crate::values::currency::Currency;
use crate::values::ids::{CustomerId, LineId};
use crate::values::level::Level;

/// Money of one customer.
#[derive(Debug, Default)]
struct Account {
    on_account: OnAccount,
    cover: Cover,
    /// What it uses of lines of groups.
    uses: BTreeMap<LineId, i64>,
}

impl Account {
    /// What paying with it would give back on lines.
    fn covers(&self, lines: &[LineId]) -> i64 {
        let on = lines.iter().filter_map(|id| self.cover.by_line.get(id));
        on.fold(0, |sum, minor| sum.saturating_add(*minor))
    }

    fn used_on(&self, lines: &[LineId]) -> i64 {
        let on = lines.iter().filter_map(|id| self.uses.get(id));
        on.fold(0, |sum, minor| sum.saturating_add(*minor))
    }
}

/// Whose money counts, and what it comes to.
#[derive(Debug, Default)]
pub struct Covers {
    accounts: BTreeMap<CustomerId, Account>,
    rates: Rates,
}

impl Covers {
    /// Loads the money of customers that have some, for lines in some currencies.
    ///
    /// # Errors
    /// When the database cannot serve.
    pub fn load(
        reader: &mut Reader<'_>,
        customers: &BTreeSet<CustomerId>,
        currencies: &BTreeSet<Currency>,
    ) -> Result<Self, Error> {
        let customers: Vec<CustomerId> = customers.iter().copied().collect();
        let mut accounts: BTreeMap<CustomerId, Account> = BTreeMap::new();
        let mut into = currencies.clone();
        for (id, currency, minor) in payments::unapplied_of_many(reader.connection, &customers)? {
            let money = &mut accounts.entry(id).or_default().on_account.money;
            let sum = money.entry(currency).or_default();
            *sum = sum.saturating_add(minor);
            into.insert(currency);
        }
        for row in receivables::open_of_many(reader.connection, &customers)? {
            if let Some(account) = accounts.get_mut(&row.customer_id) {
                account.uses_more(&row);
                account.on_account.items.push(row.item());
            }
        }
        let now = reader.now;
        for row in reservations::open_on_groups(reader.connection, &customers, now)? {
            if let Some(account) = accounts.get_mut(&row.customer_id) {
                account.uses_more(&row);
            }
        }
        let pairs = into
            .iter()
            .flat_map(|from| currencies.iter().map(|to| (*from, *to)));
        let rates = exchange_rates::of_today(reader, pairs)?;
        for account in accounts.values_mut() {
            account.cover = account.on_account.cover();
        }
        Ok(Self { accounts, rates })
    }

    /// Whether nobody has any.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// Whether a customer has some.
    pub fn has(&self, id: CustomerId) -> bool {
        self.accounts.contains_key(&id)
    }

    /// Takes note of what a customer owes besides.
    pub fn note_owed(&mut self, id: CustomerId, item: Item) {
        if let Some(account) = self.accounts.get_mut(&id) {
            account.on_account.items.push(item);
            account.cover = account.on_account.cover();
        }
    }

    /// Takes note of what a customer uses more, or less, of the line of a group.
    pub fn note_use(&mut self, id: CustomerId, line_id: LineId, delta_minor: i64) {
        if let Some(account) = self.accounts.get_mut(&id) {
            let used = account.uses.entry(line_id).or_default();
            *used = used.saturating_add(delta_minor);
        }
    }

    /// Lines of a customer as the decision about a product sees them, with what money takes off them.
    pub fn line_facts(
        &self,
        id: CustomerId,
        bounds: &Bounds,
        rows: &[&LineRow],
        (product, today): (Option<&ProductCode>, NaiveDate),
    ) -> Vec<LineFacts> {
        let mut facts = bounds.line_facts(rows, product);
        if self.is_empty() {
            return facts;
        }
        let covered: Vec<i64> = facts
            .iter()
            .map(|line| {
                let taken =
                    || self.taken_elsewhere(id, bounds, rows, (product, line.currency, today));
                self.covered(id, line, &same_level(line, &facts), &taken)
            })
            .collect();
        for (line, covered_minor) in facts.iter_mut().zip(covered) {
            line.covered_minor = covered_minor;
        }
        facts
    }

    /// What the money of everybody takes off a shared ceiling, for whoever looks at all of it.
    pub fn of_everybody(&self, lines: &[LineId], currency: Currency) -> i64 {
        self.accounts
            .values()
            .map(|account| self.of_other(account, lines, currency))
            .fold(0, i64::saturating_add)
    }

    /// What comes off what is used of a line: of its own money what covers its receivables there, and
    /// what is free; at a shared ceiling what the others' money covers of theirs. `taken` is what
    /// its other products stand on already. A line that does not revolve gets nothing back.
    fn covered(
        &self,
        id: CustomerId,
        line: &LineFacts,
        lines: &[LineId],
        taken: &dyn Fn() -> i64,
    ) -> i64 {
        let own = self.accounts.get(&id);
        let allocated = own.map_or(0, |account| account.covers(lines));
        if !line.revolving {
            return allocated;
        }
        let free = own.map_or(0, |account| self.free_in(account, line.currency));
        let free = match line.level {
            Level::Product if free > 0 => free.saturating_sub(taken()).max(0),
            _ => free,
        };
        let mut covered = allocated.saturating_add(free);
        if line.level == Level::Group && line.own_use_minor.is_none() {
            let others = self.accounts.iter().filter(|(other, _)| **other != id);
            for (_, account) in others {
                covered = covered.saturating_add(self.of_other(account, lines, line.currency));
            }
        }
        covered
    }

    fn of_other(&self, account: &Account, lines: &[LineId], currency: Currency) -> i64 {
        let used = account.used_on(lines);
        match used {
            0 => 0,
            _ => for_others(used, account.covers(lines), self.free_in(account, currency)),
        }
    }

    /// What is free, in a currency: nothing of what has no rate into it.
    fn free_in(&self, account: &Account, to: Currency) -> i64 {
        let worth = |(from, minor): (&Currency, &i64)| match self.rates.between(*from, to) {
            Ok(None) => *minor,
            Ok(Some(known)) => known.rate_e10.convert_down(*minor, *from, to),
            Err(_) => 0,
        };
        let free = account.cover.free.iter().map(worth);
        free.fold(0, i64::saturating_add)
    }

    /// What the other products of a customer use beyond their limits: that stands on its free money.
    fn taken_elsewhere(
        &self,
        id: CustomerId,
        bounds: &Bounds,
        rows: &[&LineRow],
        (product, currency, today): (Option<&ProductCode>, Currency, NaiveDate),
    ) -> i64 {
        let others: BTreeSet<&ProductCode> = rows
            .iter()
            .filter_map(|row| row.product.as_ref())
            .filter(|other| Some(*other) != product)
            .collect();
        let account = self.accounts.get(&id);
        let beyond = |other: &ProductCode| {
            let facts = bounds.line_facts(rows, Some(other));
            let line = applicable(&facts, Level::Product, today)?;
            let allocated = account.map_or(0, |own| own.covers(&same_level(line, &facts)));
            let room = line.available_on(today)?.saturating_add(allocated);
            let over = room.saturating_neg().max(0);
            Some(match self.rates.between(line.currency, currency) {
                _ if over == 0 => 0,
                Ok(None) => over,
                Ok(Some(known)) => known
                    .rate_e10
                    .convert_up(over, line.currency, currency)
                    .unwrap_or(i64::MAX),
                // What cannot be measured leaves nothing.
                Err(_) => i64::MAX,
            })
        };
        let taken = others.into_iter().filter_map(beyond);
        taken.fold(0, i64::saturating_add)
    }
}

impl Account {
    fn uses_more(&mut self, row: &dyn Counts) {
        if let Some(counted) = row.counted_at(Level::Group) {
            let used = self.uses.entry(counted.line_id).or_default();
            *used = used.saturating_add(row.rest().share_of(counted.exposure_minor));
        }
    }
}

/// The lines whose business counts against the limit of a line, as far as they revolve.
fn same_level(line: &LineFacts, facts: &[LineFacts]) -> Vec<LineId> {
    facts
        .iter()
        .filter(|other| other.level == line.level && other.currency == line.currency)
        .filter(|other| other.revolving)
        .map(|other| other.id)
        .collect()
}
