//! What an application does, whatever it is called: the picture before it and the picture after it.

use serde::{Deserialize, Serialize};

use crate::applications::domain::applications::ApplicationStatus;
use crate::applications::store::applications::{self as store, ApplicationRow};
use crate::error::{Error, OrInternal};
use crate::exposure::app::lines as credit_lines;
use crate::exposure::app::pictures::{self, Opened, Picture};
use crate::exposure::domain::line_terms::{self, ApplicationAction, change};
use crate::exposure::store::lines;
use crate::platform::store::tx::{Reader, Tx};
use crate::values::ids::{ApplicationId, LineId};

/// Stage at which the checks of an application are kept first.
pub const SUBMISSION: &str = "submission";

/// What an application does.
#[derive(Debug, Clone)]
pub struct Effects {
    /// Whether it asks for more: by its name, or because more becomes usable by it.
    pub raises: bool,
    /// Whether the ceiling of the group is broken by it.
    pub breaks: bool,
    /// What is granted when it is carried out.
    pub whole: Whole,
}

impl Effects {
    /// Whether it is decided as something that gives more: it does, or a ceiling is exceeded by it.
    pub fn is_more(&self) -> bool {
        self.raises || self.breaks
    }
}

/// What is granted after an application, with everything that was submitted before it and is still
/// open: what authority is measured at. Minor units of the company's currency; without a limit none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole {
    /// By the line it is about.
    pub line_minor: Option<i64>,
    /// To the customer; in a group, to whom most is granted.
    pub customer_minor: Option<i64>,
    /// To the group with all its members; to the customer where it is in none.
    pub group_minor: Option<i64>,
    /// Applications that count in.
    pub pending: Vec<ApplicationId>,
}

impl Whole {
    /// The most of them.
    pub fn most_minor(&self) -> Option<i64> {
        let all = [self.line_minor, self.customer_minor, self.group_minor];
        all.into_iter()
            .try_fold(0, |most: i64, minor| Some(most.max(minor?)))
    }

    /// The most that one customer has by it.
    pub fn of_customer_minor(&self) -> Option<i64> {
        Some(self.line_minor?.max(self.customer_minor?))
    }
}

/// Keeps what an application is about as it is, until the end of the transaction.
///
/// # Errors
/// As [`pictures::hold_owner`].
pub(super) fn hold(tx: &mut Tx<'_>, row: &ApplicationRow) -> Result<(), Error> {
    pictures::hold_owner(tx, (row.customer_id, row.group_id))
}

/// What an application would do now. What makes no sense any more does nothing.
///
/// # Errors
/// When stored values cannot be read.
pub(super) fn of(reader: &mut Reader<'_>, row: &ApplicationRow) -> Result<Effects, Error> {
    let joining = match row.action {
        ApplicationAction::AdmitMember => row.member_customer_id,
        _ => None,
    };
    let now = match (row.customer_id, row.group_id) {
        (Some(id), _) => Picture::around(reader, id)?,
        (None, Some(id)) => Picture::of_group(reader, id, joining)?,
        (None, None) => return Err(Error::internal("an application about nobody")),
    };
    let after = carried_out(reader, row, &now)?;
    let broken = match (row.action, row.group_id) {
        (ApplicationAction::ChangeMode, Some(group)) => after.broken_ceiling(group),
        _ => None,
    };
    Ok(Effects {
        raises: row.action.asks_for_more() || now.effect(&after).raises(),
        breaks: broken.is_some(),
        whole: whole(reader, row, after)?,
    })
}

/// What is granted after an application.
fn whole(reader: &mut Reader<'_>, row: &ApplicationRow, after: Picture) -> Result<Whole, Error> {
    let (mut most, mut picture, mut pending) = (after.most(), after, Vec::new());
    for open in counted_in(reader, row, &picture)? {
        let with_it = carried_out(reader, &open, &picture)?;
        let granted = with_it.most();
        // What takes something away, or bounds it, may still be taken back.
        if granted.adds_to(&most) {
            (most, picture) = (granted, with_it);
            pending.push(open.id);
        }
    }
    let line = match row.action {
        ApplicationAction::Open => Some(LineId::from_uuid(row.id.uuid())),
        _ => row.credit_line_id,
    };
    Ok(Whole {
        line_minor: line.map_or(Some(0), |id| most.of_line(id)),
        customer_minor: most.of_one(row.customer_id.or(row.member_customer_id)),
        group_minor: most.of_all(),
        pending,
    })
}

/// Open applications about the same customers and groups, in so far as they still fit. What came later
/// counts this one, and not the other way round: once it is submitted, those count that did then.
fn counted_in(
    reader: &mut Reader<'_>,
    row: &ApplicationRow,
    picture: &Picture,
) -> Result<Vec<ApplicationRow>, Error> {
    let (customers, groups) = picture.parties();
    let mut open = store::submitted_of(reader.connection, &customers, &groups)?;
    if row.status == ApplicationStatus::Submitted {
        let counted = counted_at_submission(reader, row.id)?;
        open.retain(|other| counted.contains(&other.id));
    }
    let mut fitting = Vec::with_capacity(open.len());
    for other in open.into_iter().filter(|other| other.id != row.id) {
        let fits = match (other.credit_line_id, other.line_version) {
            (Some(line), Some(version)) => credit_lines::has_terms(reader, line, version)?,
            _ => true,
        };
        if fits {
            fitting.push(other);
        }
    }
    Ok(fitting)
}

fn counted_at_submission(
    reader: &mut Reader<'_>,
    id: ApplicationId,
) -> Result<Vec<ApplicationId>, Error> {
    let runs = store::checks(reader.connection, id)?;
    let run = runs.into_iter().find(|run| run.stage == SUBMISSION);
    let whole: Option<Whole> = match run.and_then(|run| run.measured) {
        Some(measured) => Some(serde_json::from_value(measured).or_internal()?),
        None => None,
    };
    Ok(whole.map(|whole| whole.pending).unwrap_or_default())
}

/// The picture in which an application is carried out.
fn carried_out(
    reader: &mut Reader<'_>,
    row: &ApplicationRow,
    now: &Picture,
) -> Result<Picture, Error> {
    let today = reader.today;
    let after = match (row.action, row.group_id, row.member_customer_id) {
        (ApplicationAction::Open, _, _) => match line_terms::open(&row.asked(), today) {
            Ok(terms) => {
                let new = Opened {
                    id: LineId::from_uuid(row.id.uuid()),
                    customer_id: row.customer_id,
                    group_id: row.group_id,
                    product: row.product.clone(),
                    currency: row.currency,
                    terms,
                };
                return now.with_opened(reader, new);
            }
            Err(_) => None,
        },
        (ApplicationAction::AdmitMember, Some(group), Some(customer)) => {
            Some(now.with_member(group, customer))
        }
        (ApplicationAction::ReleaseMember, Some(group), Some(customer)) => {
            Some(now.without_member(group, customer))
        }
        (ApplicationAction::ChangeMode, Some(group), _) => {
            store::limit_mode(reader.connection, row.id)?.map(|mode| now.with_mode(group, mode))
        }
        _ => {
            let ids = row.credit_line_id.into_iter().collect();
            let found = lines::find_many(reader.connection, ids)?;
            found.first().and_then(|line| {
                let terms = change(&line.terms(), row.action, &row.asked(), i64::MIN, today);
                Some(now.with_terms(line.id, &terms.ok()?))
            })
        }
    };
    Ok(after.unwrap_or_else(|| now.clone()))
}
