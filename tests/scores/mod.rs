//! Scores: recorded as they come from elsewhere, and never changed.

mod recording;
