//! What a circuit would have done with what really happened: the real breaker, with any settings,
//! is given a [`Record`] in virtual time, and the answer is an [`Outlook`].
//!
//! What is known and what is not:
//! - A recorded call is made again: it begins when it began (so far as is known how long it took),
//!   is asked for, and if it is let through it ends as it ended.
//! - A call that the real circuit rejected has no outcome. Where this circuit lets it through
//!   it counts as ignored; as a trial it takes as long as the recorded calls did on average.
//! - A call that was late (in flight at a transition) is in no record.
//! - Slow calls are judged when they end; a timer that sees them sooner is not played.
//! - Calls of a keyed circuit are judged as one: a record has no keys.
//! - The jitter is drawn from a fixed seed, [`SEED`]: two runs are the same.

mod outlook;
mod record;
mod run;
mod timeline;

pub use outlook::Outlook;
pub use record::{Hand, Happened, Record};
pub use run::what_if;

/// The seed of the jitter. Any number will do, as long as it is always the same.
pub const SEED: u64 = 1;
