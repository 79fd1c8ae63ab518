//! The terms of a line: what can be asked of them, and what comes of it.
//!
//! An application asks for it; lines know no applications, only what is asked.

use chrono::NaiveDate;

use super::lines::{LimitKind, LineStatus, TemporaryLimit, TemporaryMode};
use crate::error::days::WrongDay;
use crate::values::money::AMOUNT_MINOR_MAX;

/// Longest payment term, in calendar days.
const PAYMENT_TERM_DAYS_MAX: i32 = super::receivables::PAYMENT_TERM_DAYS_MAX;

crate::text_enum! {
    /// What an application asks for.
    pub enum ApplicationAction {
        /// A new line.
        Open = "open",
        /// A higher limit.
        Increase = "increase",
        /// A lower limit.
        Decrease = "decrease",
        /// A higher limit for some days; it ends by its date.
        TemporaryIncrease = "temporary_increase",
        /// A later last day, with another limit if need be.
        Renew = "renew",
        /// Other terms: payment term, deposit share, conditions, whether it revolves.
        ChangeTerms = "change_terms",
        /// No new exposure for now.
        Suspend = "suspend",
        /// New exposure again.
        Resume = "resume",
        /// The end of the line.
        Close = "close",
        /// A member whose exposure goes beyond the ceiling of the group.
        AdmitMember = "admit_member",
        /// A member that leaves the group, and its ceiling.
        ReleaseMember = "release_member",
        /// Another way in which the ceiling of the group bounds its members.
        ChangeMode = "change_mode",
    }
}

impl ApplicationAction {
    /// Whether it asks for more by its name. Whatever else it is called, it may do so by its effect.
    pub fn asks_for_more(self) -> bool {
        matches!(
            self,
            Self::Open | Self::Increase | Self::TemporaryIncrease | Self::Renew | Self::AdmitMember
        )
    }

    /// Whether it is about a line that is there already.
    pub fn is_about_a_line(self) -> bool {
        !self.is_about_a_group() && self != Self::Open
    }

    /// Whether it is about who belongs to a group, or how its ceiling bounds.
    pub fn is_about_a_group(self) -> bool {
        matches!(
            self,
            Self::AdmitMember | Self::ReleaseMember | Self::ChangeMode
        )
    }
}

/// What an application asks for, as far as the terms of a line go. Absent asks for no change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// How the limit is to be given.
    pub limit_kind: Option<LimitKind>,
    /// Limit, or amount of a temporary increase, in minor units.
    pub amount_minor: Option<i64>,
    /// First day.
    pub valid_from: Option<NaiveDate>,
    /// Last day.
    pub valid_until: Option<NaiveDate>,
    /// Payment term in calendar days.
    pub payment_term_days: Option<i32>,
    /// Whether repaid limit can be used again.
    pub revolving: Option<bool>,
    /// Whether a temporary increase adds or replaces.
    pub temporary_mode: Option<TemporaryMode>,
    /// Whether a limit below what is used is meant.
    pub allow_overdrawn: bool,
    /// Deposit share in basis points.
    pub deposit_share_bp: Option<i32>,
    /// Conditions.
    pub conditions: Option<String>,
    /// Whether the line waits for a signed contract.
    pub requires_contract: bool,
}

/// Terms and status of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineTerms {
    /// How the limit is given.
    pub limit_kind: LimitKind,
    /// The limit where it is an amount.
    pub limit_minor: Option<i64>,
    /// Stored status.
    pub status: LineStatus,
    /// First day of use.
    pub valid_from: NaiveDate,
    /// Last day of use.
    pub valid_until: NaiveDate,
    /// Payment term.
    pub payment_term_days: Option<i32>,
    /// Whether repaid limit can be used again.
    pub revolving: bool,
    /// Temporary increase.
    pub temporary: Option<TemporaryLimit>,
    /// Deposit share in basis points.
    pub deposit_share_bp: Option<i32>,
    /// Conditions.
    pub conditions: Option<String>,
}

/// Why an application makes no sense, or no sense any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nonsense {
    /// A field: name, what is wrong with it in English and Chinese.
    Field(&'static str, &'static str, &'static str),
    /// A day: name of its field, and what is wrong with it.
    Day(&'static str, WrongDay),
    /// The line is in a status that does not allow it.
    Status(LineStatus),
    /// The limit would be below what is used, and nobody said that this is meant.
    BelowUse {
        /// The limit asked for.
        limit_minor: i64,
        /// What is used.
        used_minor: i64,
    },
    /// Another temporary increase has not ended.
    TemporaryOverlaps,
}

const NEEDED: (&str, &str) = ("is needed for this action", "该申请事项须填写");
const UNUSED: (&str, &str) = ("does not belong to this action", "该申请事项不得填写");

fn needed<T>(field: &'static str, value: Option<T>) -> Result<T, Nonsense> {
    value.ok_or(Nonsense::Field(field, NEEDED.0, NEEDED.1))
}

/// Checks that an application has what its action needs and nothing else, and that its numbers
/// make sense by themselves.
///
/// # Errors
/// The first field that is wrong.
pub fn check_shape(
    action: ApplicationAction,
    asked: &Asked,
    today: NaiveDate,
) -> Result<(), Nonsense> {
    use ApplicationAction as A;
    refuse_unused(action, asked)?;
    let limit = sets_limit(action);
    let window = sets_window(action);
    let until = window || action == A::Renew;
    let kind = asked.limit_kind.unwrap_or(LimitKind::Amount);
    if kind != LimitKind::Amount && asked.amount_minor.is_some() {
        return Err(Nonsense::Field(
            "amount",
            "is only given where limit_kind is amount",
            "仅当 limit_kind 为 amount 时填写",
        ));
    }
    let asks_for_limit = action != A::Renew || asked.limit_kind.is_some();
    if kind == LimitKind::Amount && limit && asks_for_limit {
        needed("amount", asked.amount_minor)?;
    }
    if asked.amount_minor.is_some_and(|amount| amount < 0) {
        return Err(Nonsense::Field("amount", "is less than zero", "不得小于零"));
    }
    if window {
        needed("valid_from", asked.valid_from)?;
    }
    if until {
        let last = needed("valid_until", asked.valid_until)?;
        if asked.valid_from.is_some_and(|first| last < first) {
            return Err(Nonsense::Day("valid_until", WrongDay::Before("valid_from")));
        }
        if last < today {
            return Err(Nonsense::Day("valid_until", WrongDay::Past));
        }
    }
    refuse_out_of_range(asked)?;
    let no_terms = asked.payment_term_days.is_none()
        && asked.revolving.is_none()
        && asked.deposit_share_bp.is_none()
        && asked.conditions.is_none();
    if action == A::ChangeTerms && no_terms {
        return Err(Nonsense::Field(
            "payment_term_days",
            "or another term is needed for this action",
            "或其他条款须至少填写一项",
        ));
    }
    Ok(())
}

fn sets_limit(action: ApplicationAction) -> bool {
    use ApplicationAction as A;
    matches!(
        action,
        A::Open | A::Increase | A::Decrease | A::TemporaryIncrease | A::Renew
    )
}

fn sets_window(action: ApplicationAction) -> bool {
    use ApplicationAction as A;
    matches!(action, A::Open | A::TemporaryIncrease)
}

/// Refuses what does not belong to the action.
fn refuse_unused(action: ApplicationAction, asked: &Asked) -> Result<(), Nonsense> {
    use ApplicationAction as A;
    let limit = sets_limit(action);
    let window = sets_window(action);
    let until = window || action == A::Renew;
    let terms = matches!(action, A::Open | A::Renew | A::ChangeTerms);
    let belongs = [
        (
            "limit_kind",
            asked.limit_kind.is_some(),
            limit && action != A::TemporaryIncrease,
        ),
        ("amount", asked.amount_minor.is_some(), limit),
        (
            "valid_from",
            asked.valid_from.is_some(),
            window || action == A::AdmitMember,
        ),
        ("valid_until", asked.valid_until.is_some(), until),
        (
            "payment_term_days",
            asked.payment_term_days.is_some(),
            terms,
        ),
        ("revolving", asked.revolving.is_some(), terms),
        ("deposit_share_bp", asked.deposit_share_bp.is_some(), terms),
        ("conditions", asked.conditions.is_some(), terms),
        (
            "temporary_mode",
            asked.temporary_mode.is_some(),
            action == A::TemporaryIncrease,
        ),
        (
            "allow_overdrawn",
            asked.allow_overdrawn,
            matches!(action, A::Decrease | A::Renew),
        ),
        (
            "requires_contract",
            asked.requires_contract,
            action == A::Open,
        ),
    ];
    for (field, given, allowed) in belongs {
        if given && !allowed {
            return Err(Nonsense::Field(field, UNUSED.0, UNUSED.1));
        }
    }
    Ok(())
}

/// Refuses numbers that mean nothing by themselves.
fn refuse_out_of_range(asked: &Asked) -> Result<(), Nonsense> {
    if asked
        .payment_term_days
        .is_some_and(|days| !(0..=PAYMENT_TERM_DAYS_MAX).contains(&days))
    {
        return Err(Nonsense::Field(
            "payment_term_days",
            "is not between 0 and 3650",
            "不在 0 与 3650 之间",
        ));
    }
    if asked
        .deposit_share_bp
        .is_some_and(|share| !(0..=10_000).contains(&share))
    {
        return Err(Nonsense::Field(
            "deposit_share_bp",
            "is not between 0 and 10000",
            "不在 0 与 10000 之间",
        ));
    }
    Ok(())
}

/// The terms of a new line.
///
/// # Errors
/// As [`check_shape`].
pub fn open(asked: &Asked, today: NaiveDate) -> Result<LineTerms, Nonsense> {
    check_shape(ApplicationAction::Open, asked, today)?;
    Ok(LineTerms {
        limit_kind: asked.limit_kind.unwrap_or(LimitKind::Amount),
        limit_minor: asked.amount_minor,
        status: if asked.requires_contract {
            LineStatus::AwaitingContract
        } else {
            LineStatus::Active
        },
        valid_from: needed("valid_from", asked.valid_from)?,
        valid_until: needed("valid_until", asked.valid_until)?,
        payment_term_days: asked.payment_term_days,
        revolving: asked.revolving.unwrap_or(true),
        temporary: None,
        deposit_share_bp: asked.deposit_share_bp,
        conditions: asked.conditions.clone(),
    })
}

/// What an application makes of a line of which `used_minor` is used.
///
/// # Errors
/// When it makes no sense for the line as it is today.
pub fn change(
    before: &LineTerms,
    action: ApplicationAction,
    asked: &Asked,
    used_minor: i64,
    today: NaiveDate,
) -> Result<LineTerms, Nonsense> {
    use ApplicationAction as A;
    check_shape(action, asked, today)?;
    let wrong_status = || Err(Nonsense::Status(before.status));
    if before.status == LineStatus::Closed {
        return wrong_status();
    }
    let mut after = before.clone();
    match action {
        A::Open | A::AdmitMember | A::ReleaseMember | A::ChangeMode => return wrong_status(),
        A::Increase => {
            take_limit(&mut after, asked);
            if !is_higher(&after, before) {
                return Err(Nonsense::Field(
                    "amount",
                    "is not above the limit there is",
                    "不高于现有额度",
                ));
            }
        }
        A::Decrease => {
            take_limit(&mut after, asked);
            if !is_higher(before, &after) {
                return Err(Nonsense::Field(
                    "amount",
                    "is not below the limit there is",
                    "不低于现有额度",
                ));
            }
        }
        A::TemporaryIncrease => {
            after.temporary = Some(temporary(before, asked, today)?);
        }
        A::Renew => {
            let until = needed("valid_until", asked.valid_until)?;
            if until <= before.valid_until {
                return Err(Nonsense::Field(
                    "valid_until",
                    "is not after the last day there is",
                    "不晚于现有到期日",
                ));
            }
            after.valid_until = until;
            if asked.amount_minor.is_some() || asked.limit_kind.is_some() {
                take_limit(&mut after, asked);
            }
            take_terms(&mut after, asked);
        }
        A::ChangeTerms => take_terms(&mut after, asked),
        A::Suspend if before.status == LineStatus::Active => after.status = LineStatus::Suspended,
        A::Resume if before.status == LineStatus::Suspended => after.status = LineStatus::Active,
        A::Suspend | A::Resume => return wrong_status(),
        A::Close => after.status = LineStatus::Closed,
    }
    // A limit below what is used takes effect for new business only, and only when it is meant.
    if let (Some(limit_minor), false) = (after.limit_minor, asked.allow_overdrawn)
        && is_higher(before, &after)
        && limit_minor < used_minor
    {
        return Err(Nonsense::BelowUse {
            limit_minor,
            used_minor,
        });
    }
    Ok(after)
}

fn take_limit(terms: &mut LineTerms, asked: &Asked) {
    terms.limit_kind = asked.limit_kind.unwrap_or(LimitKind::Amount);
    terms.limit_minor = asked.amount_minor;
}

fn take_terms(terms: &mut LineTerms, asked: &Asked) {
    terms.payment_term_days = asked.payment_term_days.or(terms.payment_term_days);
    terms.revolving = asked.revolving.unwrap_or(terms.revolving);
    terms.deposit_share_bp = asked.deposit_share_bp.or(terms.deposit_share_bp);
    if asked.conditions.is_some() {
        terms.conditions.clone_from(&asked.conditions);
    }
}

/// Whether one limit allows more than the other: no limit of its own is more than any amount.
fn is_higher(one: &LineTerms, other: &LineTerms) -> bool {
    let size = |terms: &LineTerms| terms.limit_minor.map_or(i128::MAX, i128::from);
    size(one) > size(other)
}

fn temporary(
    before: &LineTerms,
    asked: &Asked,
    today: NaiveDate,
) -> Result<TemporaryLimit, Nonsense> {
    let Some(limit) = before.limit_minor else {
        return Err(Nonsense::Field(
            "amount",
            "has nothing to add to: the line has no limit of its own",
            "该额度未设金额，无从临时增加",
        ));
    };
    let more = TemporaryLimit {
        mode: asked.temporary_mode.unwrap_or(TemporaryMode::Add),
        amount_minor: needed("amount", asked.amount_minor)?,
        from: needed("valid_from", asked.valid_from)?,
        until: needed("valid_until", asked.valid_until)?,
    };
    let is_more = match more.mode {
        TemporaryMode::Add => more.amount_minor > 0,
        TemporaryMode::Replace => more.amount_minor > limit,
    };
    if !is_more {
        return Err(Nonsense::Field(
            "amount",
            "gives no more than the limit there is",
            "未高于现有额度",
        ));
    }
    if more.mode == TemporaryMode::Add && limit.saturating_add(more.amount_minor) > AMOUNT_MINOR_MAX
    {
        return Err(Nonsense::Field(
            "amount",
            "makes the limit more than any amount may be",
            "与现有额度合计超过金额上限",
        ));
    }
    if more.from < before.valid_from || more.until > before.valid_until {
        return Err(Nonsense::Field(
            "valid_until",
            "is outside the days of the line",
            "超出额度有效期",
        ));
    }
    // Only one is kept: the next can be asked for when this one has ended.
    if before.temporary.is_some_and(|other| other.until >= today) {
        return Err(Nonsense::TemporaryOverlaps);
    }
    Ok(more)
}

#[cfg(test)]
#[path = "line_terms_tests.rs"]
mod tests;
