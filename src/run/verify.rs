//! `shouxin verify`: proofs over stored data.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::database_server::Server;
use super::error::RunError;
use super::say::Say;
use super::service::Database;
use super::state_folder::StateFolder;
use crate::clock::SystemClock;
use crate::config::{Environment, Settings};
use crate::crypto::MasterKeys;
use crate::error::OrInternal;
use crate::exposure::app::verification::DifferenceRow;
use crate::exposure::app::verification::{self, LedgerReport};
use crate::values::actor::Actor;
use crate::values::organisation::OrgPath;

/// What `shouxin verify` is asked for.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// State folder of a `dev`, instead of the database of the settings.
    pub state_dir: Option<PathBuf>,
}

/// Adds up every movement and compares the sums with the balances, in one snapshot, so that it can
/// be done at any time beside a service at work.
///
/// # Errors
/// [`RunError::Differences`] when a balance differs, and when the database cannot serve.
pub fn verify_ledger(
    settings: &Settings,
    environment: &Environment,
    options: &VerifyOptions,
    say: Say,
) -> Result<(), RunError> {
    let server = match (&options.state_dir, &settings.database_url) {
        (None, Some(url)) => Server::Given(url.expose().to_owned()),
        (named, _) => {
            let folder = StateFolder::choose(named.as_deref(), environment)?;
            Server::find_private(environment, &folder)?
        }
    };
    let database = Database::at(settings, server.url(), no_keys()?, Arc::new(SystemClock));
    let report = database
        .for_verification()
        .read_snapshot_blocking(&actor(), &verification::ledger)?;
    server.stop()?;
    for line in lines(&report) {
        say(&line);
    }
    match report.differences.len() {
        0 => Ok(()),
        count => Err(RunError::Differences(count)),
    }
}

/// What was looked at, each check with what it found, and the result.
fn lines(report: &LedgerReport) -> Vec<String> {
    let LedgerReport {
        lines,
        movements,
        receivables,
        payments,
        reservations,
        checks,
        differences,
    } = report;
    let mut text = vec![format!(
        "looked at {lines} lines, {movements} movements, {receivables} receivables, \
         {payments} payments, {reservations} reservations"
    )];
    let mut found: BTreeMap<&str, Vec<&DifferenceRow>> = BTreeMap::new();
    for row in differences {
        found.entry(&row.check_name).or_default().push(row);
    }
    for check in checks {
        let rows = found.get(check).map_or(&[][..], Vec::as_slice);
        let verdict = if rows.is_empty() {
            "ok     "
        } else {
            "DIFFERS"
        };
        text.push(format!("{verdict}  {check}"));
        text.extend(rows.iter().map(|row| {
            let amount =
                |amount: Option<i64>| amount.map_or("nothing".to_owned(), |n| n.to_string());
            let DifferenceRow {
                check_name: _,
                subject,
                expected,
                found,
            } = row;
            format!(
                "         {subject}: expected {}, found {}",
                amount(*expected),
                amount(*found)
            )
        }));
    }
    if differences.is_empty() {
        text.push("every balance equals its movements".to_owned());
    }
    text
}

/// Nothing that is sealed is opened here, so the real keys are not asked for.
fn no_keys() -> Result<Arc<MasterKeys>, RunError> {
    let text = MasterKeys::generate().or_internal()?;
    Ok(Arc::new(MasterKeys::parse(&text).or_internal()?))
}

/// Reads everything and is on record nowhere: it changes nothing and shows no customer.
fn actor() -> Actor {
    Actor {
        principal: "shouxin|verify".to_owned(),
        client_id: "verify".to_owned(),
        scopes: std::sync::Arc::default(),
        org_path: OrgPath::root(),
        customer_id: None,
        request_id: uuid::Uuid::nil(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(differences: Vec<DifferenceRow>) -> LedgerReport {
        LedgerReport {
            lines: 2,
            movements: 30,
            receivables: 4,
            payments: 5,
            reservations: 6,
            checks: vec!["held", "drawn"],
            differences,
        }
    }

    #[test]
    fn every_check_is_named_and_every_difference_below_its_check() {
        let subject = uuid::Uuid::from_u128(7);
        let text = lines(&report(vec![DifferenceRow {
            check_name: "drawn".to_owned(),
            subject,
            expected: Some(100),
            found: None,
        }]));
        assert_eq!(
            text,
            [
                "looked at 2 lines, 30 movements, 4 receivables, 5 payments, 6 reservations",
                "ok       held",
                "DIFFERS  drawn",
                &format!("         {subject}: expected 100, found nothing"),
            ]
        );
    }

    #[test]
    fn a_clean_ledger_says_so_last() {
        let text = lines(&report(Vec::new()));
        assert_eq!(text.last().unwrap(), "every balance equals its movements");
        assert!(!text.iter().any(|line| line.contains("DIFFERS")));
    }
}
