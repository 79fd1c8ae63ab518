//! How a command tells what it does.

/// Prints one line to standard output.
pub type Say = fn(&str);
