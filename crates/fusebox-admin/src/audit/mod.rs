//! Who did what: every action, done or refused, becomes one entry of the audit log and one line of
//! the log, both from here.
//!
//! An entry tells when, who and in which role, from where, what, on what, why, how it was before
//! and after, and the answer. Of a refused action `after` tells why it was refused and what was
//! asked. What nobody was let in for is written down too, 60 entries a minute in all; the next
//! entry then tells how many were left out (`not_written_before`).

mod asked;
mod deed;
mod facts;
mod journal;
mod plain;
mod routes;
mod strangers;

pub(crate) use asked::Ear;
pub(crate) use deed::Deed;
pub(crate) use facts::{Subject, Told};
pub(crate) use journal::Journal;
pub(crate) use routes::routes;
