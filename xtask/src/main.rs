//! The repository's chores. `cargo xtask tidy` is the only one today.
fn main() {}
