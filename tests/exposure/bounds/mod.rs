//! What bounds an order: the levels, their dates, terms and deposits, and what money on account takes off.

mod approved_terms;
mod dates_asked;
mod deposits;
mod group_modes;
mod inheriting;
mod money_on_account;
