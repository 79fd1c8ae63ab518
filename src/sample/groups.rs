//! The credit groups of the sample company.

use super::action::{Action, Day, Planned};
use super::company::{REGIONS, UNITS, Who};
use super::customers::{CustomerPlan, Fate};
use super::generator::Generator;
use crate::customers::domain::customers::CustomerKind;
use crate::exposure::domain::groups::GroupBasis;
use crate::values::currency::Currency;

/// How many groups there are.
pub(super) const GROUPS: usize = 15;

/// Groups that reach over several regions.
const NATIONAL: usize = 2;

/// A group as it is planned.
#[derive(Debug, Clone)]
pub(super) struct GroupPlan {
    pub(super) name: String,
    pub(super) basis: GroupBasis,
    pub(super) org_path: &'static str,
    /// Who sets it up and applies for its line.
    pub(super) officer: Who,
    /// Who approves the line.
    pub(super) approver: Who,
    /// Places of its members among the customers.
    pub(super) members: Vec<usize>,
    /// A member that leaves, and when.
    pub(super) leaves: Option<(usize, Day)>,
}

/// All groups: companies that were there from the beginning and stay.
pub(super) fn all(customers: &[CustomerPlan]) -> Vec<GroupPlan> {
    let mut generator = Generator::of("groups");
    let mut free: Vec<usize> = (1..customers.len())
        .filter(|index| {
            let customer = &customers[*index];
            customer.new.kind == CustomerKind::Company
                && customer.opens == 0
                && customer.fate == Fate::Stays
                && customer.currency == Currency::CNY
        })
        .collect();
    generator.shuffle(&mut free);
    let mut groups = Vec::new();
    for number in 0..GROUPS {
        let size = usize::try_from(generator.between(2, 6)).unwrap_or(2);
        let is_in = |index: &usize, region: usize| UNITS[customers[*index].unit].region == region;
        // Some regions are too small for another group.
        let region = (number >= NATIONAL).then(|| {
            (0..REGIONS.len())
                .map(|step| (number + step) % REGIONS.len())
                .find(|region| free.iter().filter(|index| is_in(index, *region)).count() >= 2)
                .unwrap_or(0)
        });
        let fits = |index: &usize| region.is_none_or(|region| is_in(index, region));
        let members: Vec<usize> = free.iter().copied().filter(fits).take(size).collect();
        let [first, _, ..] = members[..] else {
            continue;
        };
        free.retain(|index| !members.contains(index));
        let leaves = (number % 6 == 3)
            .then(|| {
                members
                    .last()
                    .map(|member| (*member, generator.between(120, 300)))
            })
            .flatten();
        let brand = customers[first]
            .new
            .details
            .get("short_name")
            .and_then(|name| name.as_str());
        groups.push(GroupPlan {
            name: format!("{}集团", brand.unwrap_or("示例")),
            basis: if generator.percent(60) {
                GroupBasis::Control
            } else {
                GroupBasis::Consolidation
            },
            org_path: region.map_or("head-office", |region| REGIONS[region]),
            officer: region.map_or(Who::HeadOfficer, Who::BranchOfficer),
            approver: if region.is_some() {
                Who::HeadOfficer
            } else {
                Who::Executive
            },
            members,
            leaves,
        });
    }
    groups
}

/// Setting up the groups on the first day, and who leaves later.
pub(super) fn planned(groups: &[GroupPlan]) -> Vec<Planned> {
    let mut planned = Vec::new();
    for (group, plan) in groups.iter().enumerate() {
        let who = plan.officer;
        planned.push(Planned {
            day: 0,
            who,
            action: Action::CreateGroup(group),
        });
        for customer in plan.members.iter().copied() {
            planned.push(Planned {
                day: 0,
                who,
                action: Action::Join { group, customer },
            });
        }
        if let Some((customer, day)) = plan.leaves {
            planned.push(Planned {
                day,
                who,
                action: Action::Leave { group, customer },
            });
            for who in [plan.approver, Who::Executive] {
                let action = Action::LetGo { group, customer };
                planned.push(Planned { day, who, action });
            }
        }
    }
    planned
}
