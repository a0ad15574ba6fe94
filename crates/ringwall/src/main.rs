//! The `ringwall` command.

fn main() {}
