//! Money that has come and settles nothing yet.
//!
//! It covers what is owed in its currency, the oldest due first, as if it were allocated: so allocating
//! it that way changes no room. What is left over is free, and takes off what is used wherever the
//! customer has something; it never secures what somebody else owes.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::catalogue::domain::counted::{Counted, Part};
use crate::values::currency::Currency;
use crate::values::ids::{LineId, ReceivableId};

/// An open receivable as money on account sees it.
#[derive(Debug, Clone)]
pub struct Item {
    /// Identifier: equal due days are settled in its order.
    pub id: ReceivableId,
    /// Due day.
    pub due_on: NaiveDate,
    /// Currency.
    pub currency: Currency,
    /// The whole amount.
    pub amount_minor: i64,
    /// Still owed.
    pub outstanding_minor: i64,
    /// What the whole counts on each of its lines.
    pub counted: Vec<Counted>,
}

/// Money of a customer that settles nothing yet, and what it owes.
#[derive(Debug, Clone, Default)]
pub struct OnAccount {
    /// Unapplied, by currency.
    pub money: BTreeMap<Currency, i64>,
    /// Open receivables.
    pub items: Vec<Item>,
}

/// What the money comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cover {
    /// What of each receivable it covers, in the currency of that.
    pub by_item: BTreeMap<ReceivableId, i64>,
    /// What paying with it would give back on each line, were the line to revolve.
    pub by_line: BTreeMap<LineId, i64>,
    /// What is left over, by currency.
    pub free: BTreeMap<Currency, i64>,
}

impl OnAccount {
    /// Money, and what is owed.
    pub fn of(
        money: impl IntoIterator<Item = (Currency, i64)>,
        items: impl IntoIterator<Item = Item>,
    ) -> Self {
        let mut account = Self {
            items: items.into_iter().collect(),
            ..Self::default()
        };
        for (currency, minor) in money {
            let sum = account.money.entry(currency).or_default();
            *sum = sum.saturating_add(minor);
        }
        account
    }

    /// Spreads the money over what is owed, the oldest due first.
    pub fn cover(&self) -> Cover {
        let mut cover = Cover {
            free: self.money.clone(),
            ..Cover::default()
        };
        let mut items: Vec<&Item> = self.items.iter().collect();
        items.sort_by_key(|item| (item.due_on, item.id));
        for item in items {
            let Some(left) = cover.free.get_mut(&item.currency) else {
                continue;
            };
            let covered = (*left).min(item.outstanding_minor);
            if covered <= 0 {
                continue;
            }
            *left -= covered;
            cover.by_item.insert(item.id, covered);
            let paid = item.amount_minor - item.outstanding_minor;
            let part = Part::next(item.amount_minor, paid, covered);
            for counted in &item.counted {
                let sum = cover.by_line.entry(counted.line_id).or_default();
                *sum = sum.saturating_add(part.share_of(counted.exposure_minor));
            }
        }
        cover.free.retain(|_, minor| *minor > 0);
        cover
    }
}

/// What the money of one member takes off a ceiling for the others: never more than that member uses
/// there.
pub fn for_others(used_minor: i64, covered_minor: i64, free_minor: i64) -> i64 {
    used_minor
        .min(covered_minor.saturating_add(free_minor))
        .max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::ids::Bucket;

    fn line(number: u64) -> LineId {
        LineId::mint(Bucket::from_random(1), number, [0; 9])
    }

    fn owed(number: u64, due: &str, (outstanding, amount): (i64, i64), on: (LineId, i64)) -> Item {
        Item {
            id: ReceivableId::mint(Bucket::from_random(1), number, [0; 9]),
            due_on: due.parse().unwrap(),
            currency: Currency::CNY,
            amount_minor: amount,
            outstanding_minor: outstanding,
            counted: vec![Counted {
                line_id: on.0,
                exposure_minor: on.1,
                conversion: None,
            }],
        }
    }

    fn account(minor: i64, items: Vec<Item>) -> OnAccount {
        OnAccount {
            money: BTreeMap::from([(Currency::CNY, minor)]),
            items,
        }
    }

    #[test]
    fn the_oldest_due_is_covered_first_and_the_rest_is_free() {
        let (one, other) = (line(1), line(2));
        let items = vec![
            owed(1, "2026-03-01", (30, 30), (other, 30)),
            owed(2, "2026-02-01", (50, 50), (one, 50)),
        ];
        for (money, on_one, on_other, free) in [
            (0, None, None, None),
            (40, Some(40), None, None),
            (60, Some(50), Some(10), None),
            (100, Some(50), Some(30), Some(20)),
        ] {
            let cover = account(money, items.clone()).cover();
            assert_eq!(cover.by_line.get(&one).copied(), on_one, "{money}");
            assert_eq!(cover.by_line.get(&other).copied(), on_other, "{money}");
            assert_eq!(cover.free.get(&Currency::CNY).copied(), free, "{money}");
        }
        let mut foreign = account(100, items);
        foreign.items[0].currency = Currency::USD;
        assert_eq!(foreign.cover().free[&Currency::CNY], 50);
    }

    #[test]
    fn allocating_for_real_changes_nothing() {
        // 10.00 in another currency count 7,124 at the kept rate; 4.00 of it is paid one way or the other.
        let there = line(1);
        let before = account(
            400,
            vec![owed(1, "2026-02-01", (1_000, 1_000), (there, 7_124))],
        );
        let given_back = Part::next(1_000, 0, 400).share_of(7_124);
        assert_eq!(before.cover().by_line[&there], given_back);
        let after = account(0, vec![owed(1, "2026-02-01", (600, 1_000), (there, 7_124))]);
        assert!(after.cover().by_line.is_empty() && after.cover().free.is_empty());
        // In two steps it comes to the same.
        let half = account(
            200,
            vec![owed(1, "2026-02-01", (800, 1_000), (there, 7_124))],
        );
        let first = Part::next(1_000, 0, 200).share_of(7_124);
        assert_eq!(first + half.cover().by_line[&there], given_back);
    }

    #[test]
    fn nobodys_money_secures_what_somebody_else_owes() {
        assert_eq!(for_others(60, 60, 20), 60);
        assert_eq!(for_others(60, 10, 20), 30);
        assert_eq!(for_others(0, 0, 80), 0);
    }
}
