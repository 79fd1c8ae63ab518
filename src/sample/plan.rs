//! The plan of the year: everything that will be done, by whom and when, before anything is done.
//! It follows from the first day alone.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::action::{Action, Change, Day, HOURS, LAST_DAY, Planned, date};
use super::company::{PRODUCTS, Who};
use super::credit::{self, ApplicationPlan, OwnerPlan};
use super::customers::{self, CustomerPlan, Fate};
use super::generator::Generator;
use super::groups::{self, GroupPlan};
use super::limits;
use super::policies;
use super::settlement::{self, PaymentPlan};
use super::year::{self, ReceivablePlan, ReservationPlan};
use crate::customers::domain::customers::{MarketWeight, TimeClass};
use crate::error::Error;

/// What one transaction does at most, so that each is short.
const ACTIONS_MAX: usize = 60;

/// How many transactions run side by side. Whoever shares a limit shares a lane.
pub(super) const LANES: usize = 4;

/// What is done in one part of a day: one list of steps for each lane.
pub(super) type Round = [Vec<Step>; LANES];

/// What one transaction does.
#[derive(Debug)]
pub(super) struct Step {
    /// Its place among all steps.
    pub(super) number: usize,
    pub(super) who: Who,
    /// Actions with the local time of each, in order.
    pub(super) actions: Vec<(NaiveDateTime, Action)>,
}

/// The whole plan.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) first_day: NaiveDate,
    pub(super) customers: Vec<CustomerPlan>,
    pub(super) groups: Vec<GroupPlan>,
    pub(super) applications: Vec<ApplicationPlan>,
    pub(super) reservations: Vec<ReservationPlan>,
    pub(super) receivables: Vec<ReceivablePlan>,
    pub(super) payments: Vec<PaymentPlan>,
    pub(super) rounds: Vec<Round>,
}

impl Plan {
    /// The plan of the year that ends the day before `today`.
    ///
    /// # Errors
    /// When a table of the sample is wrong.
    pub(super) fn until(today: NaiveDate) -> Result<Self, Error> {
        let first_day = today - TimeDelta::days(LAST_DAY + 1);
        let customers = customers::all(first_day)?;
        let groups = groups::all(&customers);
        let accounts = credit::accounts(&customers);
        let mut applications = credit::applications(&customers, &groups, &accounts);
        let trades = year::trades(&customers, &accounts, first_day);
        let settled = settlement::settle(&customers, &trades.receivables, first_day);

        let mut planned: Vec<Planned> = (0..PRODUCTS.len())
            .map(|index| Planned {
                day: 0,
                who: Who::HeadOfficer,
                action: Action::AddProduct(index),
            })
            .collect();
        // Rates are good for a week.
        planned.extend((0..=LAST_DAY).step_by(5).map(|day| Planned {
            day,
            who: Who::HeadOfficer,
            action: Action::PublishRates(day),
        }));
        planned.push(Planned {
            day: 0,
            who: Who::HeadOfficer,
            action: Action::RecordNetCapital,
        });
        planned.extend([Change::Rate, Change::NetCapital].map(|change| Planned {
            day: 0,
            who: Who::Executive,
            action: Action::Confirm(change),
        }));
        planned.extend(policies::planned());
        planned.extend(customers::scored(&customers));
        planned.extend(archives(&customers));
        planned.extend(groups::planned(&groups));
        planned.extend(credit::planned(&customers, &applications));
        planned.extend(trades.planned);
        planned.extend(settled.planned);
        // The sort keeps the order in which equal ones were planned.
        planned.sort_by_key(Planned::order);
        limits::fit(
            &mut applications,
            &limits::Business {
                customers: &customers,
                groups: &groups,
                accounts: &accounts,
                reservations: &trades.reservations,
                receivables: &trades.receivables,
                payments: &settled.payments,
                planned: &planned,
            },
        );
        let planned = credit::with_authority(planned, &applications, &groups);
        let mut plan = Self {
            first_day,
            customers,
            groups,
            applications,
            reservations: trades.reservations,
            receivables: trades.receivables,
            payments: settled.payments,
            rounds: Vec::new(),
        };
        plan.rounds = plan.cut(&planned);
        Ok(plan)
    }

    /// Cuts the sorted plan into transactions: one lane, one person, one part of one day.
    fn cut(&self, planned: &[Planned]) -> Vec<Round> {
        let part_of = |one: &Planned| (one.day, one.action.hour().0);
        let mut rounds = Vec::new();
        let mut number = 0;
        for part in planned.chunk_by(|one, next| part_of(one) == part_of(next)) {
            let mut lanes: [Vec<(NaiveDateTime, Planned)>; LANES] = Default::default();
            for (place, one) in (1..).zip(part) {
                let (day, hour) = part_of(one);
                let time = time_of_day(self.first_day, day, hour, place, part.len() + 1);
                lanes[self.lane(one.action)].push((time, *one));
            }
            rounds.push(lanes.map(|lane| {
                let by_one = lane.chunk_by(|(_, one), (_, next)| one.who == next.who);
                by_one
                    .flat_map(|actions| actions.chunks(ACTIONS_MAX))
                    .map(|actions| {
                        number += 1;
                        Step {
                            number,
                            who: actions[0].1.who,
                            actions: actions
                                .iter()
                                .map(|(time, one)| (*time, one.action))
                                .collect(),
                        }
                    })
                    .collect()
            }));
        }
        rounds
    }

    /// The lane of an action: that of the group of the customer, else that of the customer.
    fn lane(&self, action: Action) -> usize {
        let customer = match action {
            Action::AddProduct(_)
            | Action::PublishRates(_)
            | Action::RecordNetCapital
            | Action::Publish(_)
            | Action::Confirm(
                Change::Rate | Change::NetCapital | Change::Policy | Change::RuleSet,
            ) => return 0,
            Action::Score(place) | Action::Confirm(Change::Score(place)) => place,
            Action::CreateGroup(group) => return group % LANES,
            Action::Join { group, .. }
            | Action::Leave { group, .. }
            | Action::LetGo { group, .. } => return group % LANES,
            Action::OpenCustomer(place)
            | Action::ReviewCustomer(place)
            | Action::CloseCustomer(place) => place,
            Action::DrawUp(place)
            | Action::Submit(place)
            | Action::Withdraw(place)
            | Action::Approve(place)
            | Action::Reject(place)
            | Action::Suspend(place)
            | Action::CloseLine(place) => match self.applications[place].owner {
                OwnerPlan::Customer(customer) => customer,
                OwnerPlan::Group(group) => return group % LANES,
            },
            Action::Sweep(place) | Action::Reserve(place) | Action::Release(place) => {
                self.reservations[place].customer
            }
            Action::Capture { reservation, .. } => self.reservations[reservation].customer,
            Action::Post(place) | Action::Dispute(place) => self.receivables[place].customer,
            Action::Receive(place) | Action::Allocate(place) | Action::Reverse(place) => {
                self.payments[place].customer
            }
        };
        let mut groups = self.groups.iter();
        groups
            .position(|group| group.members.contains(&customer))
            .unwrap_or(customer)
            % LANES
    }

    /// The date of a day.
    pub(super) fn date(&self, day: Day) -> NaiveDate {
        date(self.first_day, day)
    }
}

/// Opens every archive, looks some of them through later, and closes a few.
fn archives(customers: &[CustomerPlan]) -> Vec<Planned> {
    let mut generator = Generator::of("reviews");
    let mut planned = Vec::new();
    for (index, customer) in customers.iter().enumerate() {
        let who = Who::AccountManager(customer.unit);
        let mut plan = |day, action| planned.push(Planned { day, who, action });
        plan(customer.opens, Action::OpenCustomer(index));
        let is_worth_a_look = customer.new.market_weight != MarketWeight::Occasional
            && customer.new.time_class != TimeClass::Future;
        if customer.opens == 0 && is_worth_a_look && generator.percent(15) {
            plan(generator.between(60, 140), Action::ReviewCustomer(index));
        }
        if let Fate::Closes(day) = customer.fate {
            plan(day, Action::CloseCustomer(index));
        }
    }
    planned
}

/// The local time of the `place`th of `count` equal pieces of a part of the day.
fn time_of_day(
    first_day: NaiveDate,
    day: Day,
    hour: usize,
    place: usize,
    count: usize,
) -> NaiveDateTime {
    let (from, minutes) = HOURS[hour];
    let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    let seconds = minutes * 60 * number(place) / number(count).max(1);
    let midnight = date(first_day, day).and_time(chrono::NaiveTime::MIN);
    midnight + TimeDelta::seconds(from * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn plan() -> Plan {
        Plan::until("2026-11-24".parse().unwrap()).unwrap()
    }

    fn steps(plan: &Plan) -> impl Iterator<Item = &Step> {
        plan.rounds.iter().flatten().flatten()
    }

    fn count(plan: &Plan, test: impl Fn(&Action) -> bool) -> usize {
        let actions = steps(plan).flat_map(|step| &step.actions);
        actions.filter(|(_, action)| test(action)).count()
    }

    #[test]
    fn the_year_has_as_much_of_everything_as_it_should() {
        let plan = plan();
        assert_eq!(plan.customers.len(), 200);
        assert_eq!(plan.groups.len(), groups::GROUPS);
        assert!(
            plan.groups
                .iter()
                .all(|group| (2..=6).contains(&group.members.len()))
        );
        assert_eq!(plan.receivables.len(), year::RECEIVABLES);
        let recorded = count(&plan, |action| {
            matches!(action, Action::Post(_) | Action::Capture { .. })
        });
        assert_eq!(recorded, year::RECEIVABLES);
        let captured = count(&plan, |action| matches!(action, Action::Capture { .. }));
        assert!((2_000..3_000).contains(&captured), "{captured} captured");
        for (what, found, expected) in [
            (
                "reversals",
                count(&plan, |action| matches!(action, Action::Reverse(_))),
                10..60,
            ),
            (
                "disputes",
                count(&plan, |action| matches!(action, Action::Dispute(_))),
                30..36,
            ),
            (
                "sweeps",
                count(&plan, |action| matches!(action, Action::Sweep(_))),
                40..61,
            ),
            (
                "rejections",
                count(&plan, |action| matches!(action, Action::Reject(_))),
                7..8,
            ),
            (
                "suspensions",
                count(&plan, |action| matches!(action, Action::Suspend(_))),
                3..6,
            ),
            (
                "lines",
                count(&plan, |action| matches!(action, Action::Approve(_))),
                350..600,
            ),
        ] {
            assert!(expected.contains(&found), "{found} {what}");
        }
    }

    #[test]
    fn two_plans_of_one_day_are_the_same_and_reach_from_a_year_ago_to_yesterday() {
        let plan = plan();
        assert_eq!(format!("{plan:?}"), format!("{:?}", super::tests::plan()));
        for lane in 0..LANES {
            let of_lane = plan.rounds.iter().flat_map(|round| &round[lane]);
            assert!(
                of_lane
                    .flat_map(|step| &step.actions)
                    .is_sorted_by_key(|(time, _)| time)
            );
        }
        let mut times: Vec<NaiveDateTime> = steps(&plan)
            .flat_map(|step| &step.actions)
            .map(|(time, _)| *time)
            .collect();
        times.sort_unstable();
        assert_eq!(times[0].date().to_string(), "2025-11-24");
        assert_eq!(times[times.len() - 1].date().to_string(), "2026-11-23");
    }

    #[test]
    fn every_day_of_a_year_has_a_plan() {
        let first: NaiveDate = "2027-03-01".parse().unwrap();
        for days in (0..365).step_by(61) {
            let plan = Plan::until(first + TimeDelta::days(days)).unwrap();
            assert_eq!(plan.receivables.len(), year::RECEIVABLES);
            assert!(plan.receivables.iter().all(|one| one.amount_minor > 0));
            assert!(plan.payments.iter().all(|one| one.amount_minor > 0));
        }
    }

    #[test]
    fn numbers_and_references_are_unique() {
        let plan = plan();
        fn unique<'a>(words: impl Iterator<Item = &'a String>) -> bool {
            let mut seen = BTreeSet::new();
            words.into_iter().all(|word| seen.insert(word))
        }
        assert!(unique(plan.receivables.iter().map(|one| &one.number)));
        assert!(unique(plan.reservations.iter().map(|one| &one.reference)));
        assert!(unique(plan.payments.iter().map(|one| &one.reference)));
    }

    #[test]
    fn nobody_decides_what_it_applied_for_and_every_step_has_one_person() {
        let plan = plan();
        for application in &plan.applications {
            let (drawer, decider) = application.people;
            assert_ne!(
                drawer.actor().unwrap().principal,
                decider.actor().unwrap().principal
            );
            assert!(application.amount_minor > 0);
        }
        assert!(steps(&plan).all(|step| (1..=ACTIONS_MAX).contains(&step.actions.len())));
        let numbers: Vec<usize> = steps(&plan).map(|step| step.number).collect();
        assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());
    }
}
