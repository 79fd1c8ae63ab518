//! The house itself: its rules, its migrations, and the harness of these tests.

mod checklist;
mod harness;
mod migrations;
mod tidy;
