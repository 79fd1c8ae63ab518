//! What credit is granted by: groups and who belongs to them, applications, lines.

use super::action::Action;
use super::credit::OwnerPlan;
use super::perform::{Noun, Performer, money, product};
use crate::applications::app::applications::{self, Grounds, NewApplication, Target};
use crate::applications::domain::applications::ApplicationStatus;
use crate::applications::store::applications::{self as application_rows, ApplicationRow};
use crate::approvals::app::lifecycle;
use crate::approvals::domain::approvals::Verdict;
use crate::error::Error;
use crate::exposure::app::groups::{self, NewGroup, NewMember};
use crate::exposure::app::line_actions::{self, LineAction};
use crate::exposure::domain::groups::GroupLimitMode;
use crate::exposure::domain::line_terms::{ApplicationAction, Asked as Terms};
use crate::platform::store::seen::as_it_is;
use crate::platform::store::tx::Tx;
use crate::values::ids::{ApplicationId, CustomerId, GroupId};

impl Performer<'_> {
    pub(super) fn on_group(&mut self, tx: &mut Tx<'_>, action: Action) -> Result<(), Error> {
        match action {
            Action::CreateGroup(place) => {
                let plan = &self.plan.groups[place];
                let new = NewGroup {
                    name: plan.name.clone(),
                    basis: plan.basis,
                    limit_mode: GroupLimitMode::Pooled,
                    org_path: Some(super::company::org_path(plan.org_path)?),
                };
                let row = groups::create(tx, &new)?;
                self.note(Noun::Group, place, row.id)
            }
            Action::Join { group, customer } => {
                let new = NewMember {
                    customer_id: self.id(Noun::Customer, customer)?,
                    from: tx.today,
                    evidence: Some("同一实际控制人，见工商登记资料".to_owned()),
                };
                groups::join(tx, self.id(Noun::Group, group)?, &new).map(drop)
            }
            Action::Leave { group, customer } => {
                let ids = (
                    self.id(Noun::Group, group)?,
                    self.id(Noun::Customer, customer)?,
                );
                let row = applications::draw_up(tx, &release(ids))?;
                applications::submit(tx, row.id, &as_it_is)?;
                self.note(Noun::Leaving, customer, row.id)
            }
            Action::LetGo { customer, .. } => {
                let id = self.id(Noun::Leaving, customer)?;
                if !waits(tx, id)? {
                    return Ok(());
                }
                let verdict = verdict("不再受同一实际控制人控制");
                applications::approve(tx, id, &as_it_is, &verdict).map(drop)
            }
            _ => Err(Error::internal("not about a group")),
        }
    }

    pub(super) fn on_application(&mut self, tx: &mut Tx<'_>, action: Action) -> Result<(), Error> {
        match action {
            Action::DrawUp(place) => {
                let row = applications::draw_up(tx, &self.application(place)?)?;
                self.note(Noun::Application, place, row.id)
            }
            Action::Submit(place) => {
                let id = self.id(Noun::Application, place)?;
                applications::submit(tx, id, &as_it_is).map(drop)
            }
            Action::Withdraw(place) => {
                let id = self.id(Noun::Application, place)?;
                lifecycle::withdraw::<ApplicationRow>(tx, id, &as_it_is).map(drop)
            }
            Action::Approve(place) => {
                let id = self.id(Noun::Application, place)?;
                if !waits(tx, id)? {
                    return Ok(());
                }
                let verdict = verdict("资信及履约情况良好，同意");
                let row = applications::approve(tx, id, &as_it_is, &verdict)?;
                // Until the last step is approved another one waits for the executive.
                match row.credit_line_id {
                    Some(line) if row.status == ApplicationStatus::Approved => {
                        self.note(Noun::Line, place, line)
                    }
                    _ => Ok(()),
                }
            }
            Action::Reject(place) => {
                let id = self.id(Noun::Application, place)?;
                let verdict = verdict("近期付款记录不佳，暂不同意");
                lifecycle::reject::<ApplicationRow>(tx, id, &as_it_is, &verdict).map(drop)
            }
            _ => Err(Error::internal("not about an application")),
        }
    }

    pub(super) fn on_line(
        &self,
        tx: &mut Tx<'_>,
        place: usize,
        action: LineAction,
        reason: &str,
    ) -> Result<(), Error> {
        line_actions::act(tx, self.id(Noun::Line, place)?, &as_it_is, (action, reason)).map(drop)
    }

    fn application(&self, place: usize) -> Result<NewApplication, Error> {
        let plan = &self.plan.applications[place];
        Ok(NewApplication {
            target: match plan.owner {
                OwnerPlan::Customer(place) => Target::Customer(self.id(Noun::Customer, place)?),
                OwnerPlan::Group(place) => Target::Group(self.id(Noun::Group, place)?),
            },
            action: ApplicationAction::Open,
            product: plan.product.map(product).transpose()?,
            currency: Some(plan.currency),
            asked: Terms {
                amount_minor: Some(money(plan.amount_minor, plan.currency)?.minor()),
                valid_from: Some(self.plan.date(plan.from)),
                valid_until: Some(self.plan.date(plan.until)),
                payment_term_days: plan.term_days,
                revolving: Some(plan.revolving),
                ..Terms::default()
            },
            grounds: Grounds {
                purpose: Some(plan.purpose.to_owned()),
                ..Grounds::default()
            },
        })
    }
}

/// The application of a group for one of its members to leave.
fn release((group, member): (GroupId, CustomerId)) -> NewApplication {
    NewApplication {
        target: Target::Member(group, member),
        action: ApplicationAction::ReleaseMember,
        product: None,
        currency: None,
        asked: Terms::default(),
        grounds: Grounds {
            purpose: Some("股权已转让，见工商变更登记".to_owned()),
            ..Grounds::default()
        },
    }
}

/// Whether an application still waits: it may have needed fewer steps than were planned for it.
fn waits(tx: &mut Tx<'_>, id: ApplicationId) -> Result<bool, Error> {
    let found = application_rows::find(&mut tx.reader(), id)?.ok_or_else(Error::not_found)?;
    Ok(found.status == ApplicationStatus::Submitted)
}

fn verdict(comment: &str) -> Verdict {
    Verdict {
        comment: comment.to_owned(),
        ..Verdict::default()
    }
}
