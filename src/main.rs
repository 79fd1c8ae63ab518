//! The `shouxin` program: reads its arguments and wires the parts together.

fn main() {}
