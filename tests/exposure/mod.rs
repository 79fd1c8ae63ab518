//! Lines and what is held and drawn on them: reservations, receivables, payments.

mod amended_totals;
mod amendments;
mod bounds;
mod credit_groups;
mod credit_line_history;
mod credit_lines;
mod currencies;
mod effects;
mod expired_holds;
mod instants;
mod ledger;
mod limit_properties;
mod limits;
mod lines;
mod payments;
mod references;
mod referrals;
mod regrouped_currencies;
mod reservation_batches;
mod reservations;
mod stated_documents;
mod together;
mod worked_cases;
mod worked_reservations;
