//! What bounds an order: the levels, their dates, terms and deposits.

mod approved_terms;
mod dates_asked;
mod deposits;
mod group_modes;
mod inheriting;
