//! currency
