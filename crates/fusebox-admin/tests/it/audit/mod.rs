//! Who did what: the log and the audit log.

mod lines;
mod log;

pub(super) use lines::Lines;
