//! Payments: which receivables a sum of money settles.

use chrono::NaiveDate;

use crate::error_codes::ProblemCode;
use crate::values::ids::ReceivableId;

crate::identifiers! {
    /// A payment.
    PaymentEntity, PaymentId, "payment", "payments", "payment_id";
    /// An allocation of a payment.
    AllocationEntity, AllocationId, "allocation", "allocations", "allocation_id";
}

crate::text_enum! {
    /// Where a payment stands.
    pub enum PaymentStatus {
        /// Received.
        Posted = "posted",
        /// Taken back: it bounced.
        Reversed = "reversed",
    }
}

crate::text_enum! {
    /// How a payment is spread without being told.
    pub enum AllocationStrategy {
        /// Receivables in order of their due dates, the oldest first.
        OldestDueFirst = "oldest_due_first",
    }
}

/// A receivable as allocation sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenItem {
    /// Identifier.
    pub id: ReceivableId,
    /// Due date.
    pub due_on: NaiveDate,
    /// Still owed, minor units.
    pub outstanding_minor: i64,
}

/// A part of a payment set against a receivable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// The receivable.
    pub receivable_id: ReceivableId,
    /// Minor units, more than nothing.
    pub amount_minor: i64,
}

/// Spreads `amount_minor` over open items, the oldest due first, equal dates in order of their
/// identifiers. What is left over stays unapplied.
pub fn oldest_due_first(amount_minor: i64, items: &[OpenItem]) -> Vec<Allocation> {
    let mut items = items.to_vec();
    items.sort_by_key(|item| (item.due_on, item.id));
    let mut left = amount_minor;
    let mut allocations = Vec::new();
    for item in items {
        let part = left.min(item.outstanding_minor);
        if part > 0 {
            allocations.push(Allocation {
                receivable_id: item.id,
                amount_minor: part,
            });
            left -= part;
        }
    }
    allocations
}

/// Checks allocations that were told: never more than is owed, never more than was paid.
///
/// # Errors
/// With the index of the allocation that goes too far.
pub fn check(
    amount_minor: i64,
    allocations: &[Allocation],
    items: &[OpenItem],
) -> Result<(), (usize, ProblemCode)> {
    let mut left = amount_minor;
    let mut owed: Vec<(ReceivableId, i64)> = items
        .iter()
        .map(|item| (item.id, item.outstanding_minor))
        .collect();
    for (index, allocation) in allocations.iter().enumerate() {
        let item = owed
            .iter_mut()
            .find(|(id, _)| *id == allocation.receivable_id)
            .ok_or((index, ProblemCode::NotFound))?;
        if allocation.amount_minor > item.1 {
            return Err((index, ProblemCode::AllocationExceedsOutstanding));
        }
        if allocation.amount_minor > left {
            return Err((index, ProblemCode::AllocationExceedsPayment));
        }
        item.1 -= allocation.amount_minor;
        left -= allocation.amount_minor;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::ids::Bucket;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn items(parts: &[(i64, i64)]) -> Vec<OpenItem> {
        let start: NaiveDate = "2026-01-01".parse().unwrap();
        parts
            .iter()
            .enumerate()
            .map(|(index, (days, outstanding_minor))| OpenItem {
                id: ReceivableId::mint(Bucket::from_random(3), index as u64, [0; 9]),
                due_on: start + TimeDelta::days(*days),
                outstanding_minor: *outstanding_minor,
            })
            .collect()
    }

    #[test]
    fn the_oldest_due_is_settled_first() {
        let items = items(&[(60, 50), (30, 30), (90, 20)]);
        let spread = oldest_due_first(40, &items);
        assert_eq!(
            spread,
            [
                Allocation {
                    receivable_id: items[1].id,
                    amount_minor: 30
                },
                Allocation {
                    receivable_id: items[0].id,
                    amount_minor: 10
                },
            ]
        );
    }

    #[test]
    fn told_allocations_are_bounded_by_debt_and_by_money() {
        let items = items(&[(0, 50), (1, 50)]);
        let part = |index: usize, amount_minor| Allocation {
            receivable_id: items[index].id,
            amount_minor,
        };
        assert_eq!(check(100, &[part(0, 50), part(1, 50)], &items), Ok(()));
        assert_eq!(
            check(100, &[part(0, 51)], &items),
            Err((0, ProblemCode::AllocationExceedsOutstanding))
        );
        assert_eq!(
            check(100, &[part(0, 30), part(0, 30)], &items),
            Err((1, ProblemCode::AllocationExceedsOutstanding))
        );
        assert_eq!(
            check(60, &[part(0, 50), part(1, 50)], &items),
            Err((1, ProblemCode::AllocationExceedsPayment))
        );
        let stranger = Allocation {
            receivable_id: ReceivableId::mint(Bucket::from_random(9), 9, [9; 9]),
            amount_minor: 1,
        };
        assert_eq!(
            check(60, &[stranger], &items),
            Err((0, ProblemCode::NotFound))
        );
    }

    proptest! {
        #[test]
        fn spreading_never_exceeds_debt_or_money_and_leaves_no_debt_while_money_is_left(
            amount in 0..500_i64,
            parts in prop::collection::vec((0..90_i64, 1..100_i64), 0..8),
        ) {
            let items = items(&parts);
            let spread = oldest_due_first(amount, &items);
            prop_assert_eq!(check(amount, &spread, &items), Ok(()));
            let total: i64 = spread.iter().map(|part| part.amount_minor).sum();
            let owed: i64 = parts.iter().map(|(_, outstanding)| outstanding).sum();
            prop_assert_eq!(total, amount.min(owed));
        }
    }
}
