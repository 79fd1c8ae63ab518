//! Carries the plan out: each action is one use case, the same as behind the API.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::action::{Action, Change, Day, LAST_DAY};
use super::company::{PRODUCTS, Product};
use super::plan::Plan;
use super::policies;
use super::settlement::DISPUTE_REASONS;
use crate::approvals::app::lifecycle;
use crate::approvals::app::pending_changes::Done;
use crate::approvals::domain::approvals::Verdict;
use crate::approvals::store::pending_changes::PendingChangeRow;
use crate::catalogue::app::company_figures::{self, NewFigure};
use crate::catalogue::app::exchange_rates::{self, NewRate};
use crate::catalogue::app::products;
use crate::catalogue::domain::company_figures::CompanyFigureKind;
use crate::catalogue::domain::products::ProductCode;
use crate::customers::app::customers::{self, CustomerChange};
use crate::customers::app::dated_facts;
use crate::customers::domain::customers::{CustomerStatus, ServiceTier};
use crate::error::{Error, OrInternal};
use crate::exposure::app::checks::Asked;
use crate::exposure::app::line_actions::LineAction;
use crate::exposure::app::payments::{self, NewPayment, Spread};
use crate::exposure::app::receivables::{self, CapturedReceivable, NewReceivable};
use crate::exposure::app::reservations::{self, Command, NewReservation};
use crate::platform::store::seen::as_it_is;
use crate::platform::store::tx::Tx;
use crate::rules::domain::check_rules::OrderTerms;
use crate::scores::domain::scores::Score;
use crate::values::currency::Currency;
use crate::values::ids::{Entity, Id};
use crate::values::money::Money;

/// What an identifier belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Noun {
    Customer,
    Change,
    Group,
    Leaving,
    Application,
    Line,
    Reservation,
    Receivable,
    Payment,
}

/// Identifiers by the place of their things in the plan. Lines have the place of their
/// application, what lets a member leave that of the customer.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Identifiers(BTreeMap<Noun, BTreeMap<usize, Uuid>>);

impl Identifiers {
    /// Takes over what a step has made.
    pub(super) fn extend(&mut self, more: &Self) {
        for (noun, ids) in &more.0 {
            self.0.entry(*noun).or_default().extend(ids);
        }
    }

    /// How many things of a kind there are.
    pub(super) fn count(&self, noun: Noun) -> usize {
        self.0.get(&noun).map_or(0, BTreeMap::len)
    }

    fn find(&self, noun: Noun, place: usize) -> Option<Uuid> {
        self.0.get(&noun)?.get(&place).copied()
    }
}

/// One step under way.
pub(super) struct Performer<'a> {
    pub(super) plan: &'a Plan,
    pub(super) time_zone: chrono_tz::Tz,
    /// What the rounds before have made, and the steps before in this round.
    pub(super) known: [&'a Identifiers; 2],
    /// What this one makes.
    pub(super) made: Identifiers,
}

impl Performer<'_> {
    /// Carries out one action.
    pub(super) fn perform(&mut self, tx: &mut Tx<'_>, action: Action) -> Result<(), Error> {
        match action {
            Action::AddProduct(place) => products::create(tx, &PRODUCTS[place].to_new()?).map(drop),
            Action::PublishRates(day) => {
                let rate_date = self.plan.date(day);
                // It drifts a little, as rates do.
                let rate = NewRate {
                    from: Currency::USD,
                    to: Currency::CNY,
                    rate_date,
                    rate: format!("7.{:04}", 1_000 + (day * 37) % 400),
                    source: "中国外汇交易中心".to_owned(),
                };
                let done = exchange_rates::publish(tx, &rate)?;
                self.waits(Change::Rate, done)
            }
            Action::RecordNetCapital => {
                let figure = NewFigure {
                    figure: CompanyFigureKind::NetCapital,
                    as_of: self.plan.date(0),
                    amount_minor: 80_000_000_000,
                    currency: Currency::CNY,
                    source: "上年度审计报告".to_owned(),
                };
                let row = company_figures::record(tx, &figure)?;
                self.note(Noun::Change, Change::NetCapital.place(), row.id)
            }
            Action::Publish(change) => {
                let row = policies::publish(tx, change, self.plan.date(LAST_DAY + 1))?;
                self.note(Noun::Change, change.place(), row.id)
            }
            Action::Score(_)
            | Action::OpenCustomer(_)
            | Action::ReviewCustomer(_)
            | Action::CloseCustomer(_) => self.on_customer(tx, action),
            Action::Confirm(change) => {
                let id = self.id(Noun::Change, change.place())?;
                let verdict = Verdict {
                    comment: "已与原件核对".to_owned(),
                    ..Verdict::default()
                };
                lifecycle::approve::<PendingChangeRow>(tx, id, &as_it_is, &verdict).map(drop)
            }
            Action::CreateGroup(_)
            | Action::Join { .. }
            | Action::Leave { .. }
            | Action::LetGo { .. } => self.on_group(tx, action),
            Action::DrawUp(_)
            | Action::Submit(_)
            | Action::Withdraw(_)
            | Action::Approve(_)
            | Action::Reject(_) => self.on_application(tx, action),
            Action::Suspend(place) => {
                self.on_line(tx, place, LineAction::Suspend, "多笔应收账款逾期，暂停使用")
            }
            Action::CloseLine(place) => {
                self.on_line(tx, place, LineAction::Close, "业务合作终止，关闭额度")
            }
            Action::Sweep(_) | Action::Reserve(_) | Action::Capture { .. } | Action::Release(_) => {
                self.on_reservation(tx, action)
            }
            Action::Post(place) => {
                let row = receivables::post(tx, &self.receivable(place)?)?;
                self.note(Noun::Receivable, place, row.id)
            }
            Action::Dispute(place) => {
                let reason = DISPUTE_REASONS[place % DISPUTE_REASONS.len()];
                receivables::dispute(tx, self.id(Noun::Receivable, place)?, reason).map(drop)
            }
            Action::Receive(place) => {
                let row = payments::receive(tx, &self.payment(place)?)?;
                self.note(Noun::Payment, place, row.id)
            }
            Action::Allocate(place) => {
                let id = self.id(Noun::Payment, place)?;
                payments::allocate(tx, id, &as_it_is, &self.told(place)?).map(drop)
            }
            Action::Reverse(place) => {
                let id = self.id(Noun::Payment, place)?;
                payments::reverse(tx, id, &as_it_is, "银行退票").map(drop)
            }
        }
    }

    fn on_customer(&mut self, tx: &mut Tx<'_>, action: Action) -> Result<(), Error> {
        match action {
            Action::Score(place) => {
                let customer = self.id(Noun::Customer, place)?;
                let score = Score {
                    grade: self.plan.customers[place].grade(),
                    scored_on: tx.today,
                    valid_until: tx.today + TimeDelta::days(365),
                    source: "年度信用评级".to_owned(),
                };
                let done = dated_facts::record(tx, customer, score)?;
                self.waits(Change::Score(place), done)
            }
            Action::OpenCustomer(place) => {
                let row = customers::create(tx, &self.plan.customers[place].new)?;
                self.note(Noun::Customer, place, row.id)
            }
            Action::ReviewCustomer(place) => self.change(tx, place, &reviewed()),
            Action::CloseCustomer(place) => {
                let status = Some(CustomerStatus::Closed);
                self.change(
                    tx,
                    place,
                    &CustomerChange {
                        status,
                        ..CustomerChange::default()
                    },
                )
            }
            _ => Err(Error::internal("not about a customer")),
        }
    }

    /// Takes note of what waits for somebody else.
    fn waits<T>(&mut self, change: Change, done: Done<T>) -> Result<(), Error> {
        match done {
            Done::Now(_) => Ok(()),
            Done::Waits(row) => self.note(Noun::Change, change.place(), row.id),
        }
    }

    fn change(&self, tx: &mut Tx<'_>, place: usize, change: &CustomerChange) -> Result<(), Error> {
        customers::change(tx, self.id(Noun::Customer, place)?, &as_it_is, change).map(drop)
    }

    fn on_reservation(&mut self, tx: &mut Tx<'_>, action: Action) -> Result<(), Error> {
        match action {
            Action::Reserve(place) => {
                let command = Command::Reserve(self.reservation(place)?);
                let decided = reservations::decide(tx, &command)?;
                self.note(Noun::Reservation, place, decided.row.id)
            }
            Action::Capture {
                reservation,
                receivable,
                is_final,
            } => {
                let id = self.id(Noun::Reservation, reservation)?;
                let plan = &self.plan.receivables[receivable];
                let captured = CapturedReceivable {
                    number: plan.number.clone(),
                    issued_on: self.plan.date(plan.issued),
                    payment_term_days: plan.names_term.then_some(plan.term_days),
                };
                let amount = Some(plan.amount_minor);
                let command = Command::Capture {
                    id,
                    amount: Box::new(move |_| Ok(amount)),
                    is_final,
                    receivable: captured,
                    seen: None,
                };
                let decided = reservations::decide(tx, &command)?;
                // Its newest receivable is the one.
                let newest = decided.captures.last();
                let newest = newest.map(|capture| capture.receivable_id);
                self.note(
                    Noun::Receivable,
                    receivable,
                    newest.ok_or_else(Error::not_found)?,
                )
            }
            Action::Release(place) => {
                let id = self.id(Noun::Reservation, place)?;
                let command = Command::Release {
                    id,
                    amount: Box::new(|_| Ok(None)),
                    seen: None,
                };
                reservations::decide(tx, &command).map(drop)
            }
            Action::Sweep(place) => {
                let customer = self.plan.reservations[place].customer;
                reservations::sweep(tx, self.id(Noun::Customer, customer)?).map(drop)
            }
            _ => Err(Error::internal("not about a reservation")),
        }
    }

    fn reservation(&self, place: usize) -> Result<NewReservation, Error> {
        let plan = &self.plan.reservations[place];
        Ok(NewReservation {
            customer_id: self.id(Noun::Customer, plan.customer)?,
            product: product(plan.product)?,
            asked: Asked {
                amount: money(plan.amount_minor, plan.currency)?,
                deposit_minor: Product::deposit_of(plan.product, plan.amount_minor),
            },
            reference: plan.reference.clone(),
            expires_at: Some(self.evening(plan.expires)),
            order: OrderTerms::default(),
        })
    }

    fn receivable(&self, place: usize) -> Result<NewReceivable, Error> {
        let plan = &self.plan.receivables[place];
        Ok(NewReceivable {
            customer_id: self.id(Noun::Customer, plan.customer)?,
            product: product(plan.product)?,
            number: plan.number.clone(),
            asked: Asked::unsecured(money(plan.amount_minor, plan.currency)?),
            issued_on: self.plan.date(plan.issued),
            payment_term_days: plan.names_term.then_some(plan.term_days),
        })
    }

    fn payment(&self, place: usize) -> Result<NewPayment, Error> {
        let plan = &self.plan.payments[place];
        Ok(NewPayment {
            customer_id: self.id(Noun::Customer, plan.customer)?,
            amount: money(plan.amount_minor, plan.currency)?,
            received_on: self.plan.date(plan.received),
            reference: plan.reference.clone(),
            spread: match plan.parts.is_empty() || plan.is_spread_later {
                true => Spread::Nothing,
                false => self.told(place)?,
            },
            another: false,
        })
    }

    fn told(&self, place: usize) -> Result<Spread, Error> {
        let plan = &self.plan.payments[place];
        let part = |(receivable, minor): &(usize, i64)| {
            Ok((
                self.id(Noun::Receivable, *receivable)?,
                money(*minor, plan.currency)?,
            ))
        };
        plan.parts
            .iter()
            .map(part)
            .collect::<Result<_, Error>>()
            .map(Spread::Told)
    }

    /// Six in the evening, when the shops close.
    fn evening(&self, day: Day) -> DateTime<Utc> {
        let local = self.plan.date(day).and_time(NaiveTime::MIN) + TimeDelta::hours(18);
        instant(self.time_zone, local)
    }

    pub(super) fn note<E: Entity>(
        &mut self,
        noun: Noun,
        place: usize,
        id: Id<E>,
    ) -> Result<(), Error> {
        self.made
            .0
            .entry(noun)
            .or_default()
            .insert(place, id.uuid());
        Ok(())
    }

    pub(super) fn id<E: Entity>(&self, noun: Noun, place: usize) -> Result<Id<E>, Error> {
        let [before, just_now] = self.known;
        [&self.made, just_now, before]
            .into_iter()
            .find_map(|ids| ids.find(noun, place))
            .map(Id::from_uuid)
            .ok_or_else(|| Error::internal(format!("{noun:?} {place} is planned too late")))
    }
}

/// The instant of a local time. Where clocks jump over it, the same number in UTC is near enough.
pub(super) fn instant(time_zone: chrono_tz::Tz, local: NaiveDateTime) -> DateTime<Utc> {
    time_zone
        .from_local_datetime(&local)
        .earliest()
        .map_or_else(|| local.and_utc(), |instant| instant.to_utc())
}

fn reviewed() -> CustomerChange {
    let mut change = CustomerChange {
        service_tier: Some(Some(ServiceTier::Gold)),
        ..CustomerChange::default()
    };
    change.details.insert(
        "remarks".to_owned(),
        json!("年度复核：合作稳定，提升服务等级"),
    );
    change
}

pub(super) fn money(minor: i64, currency: Currency) -> Result<Money, Error> {
    Money::new(minor, currency).or_internal()
}

pub(super) fn product(code: &str) -> Result<ProductCode, Error> {
    ProductCode::parse(code).or_internal()
}
