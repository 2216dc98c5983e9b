//! The right to make one call.

use crate::breaker::CircuitBreaker;
use crate::clock::{Tick, nanos};
use crate::outcome::{FailureClass, Outcome, Settled, Settlement};
use crate::rejection::Rejection;
use crate::settings::Settings;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// How a call was admitted: two bits, and the number of a trial above them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TicketKind(u32);

impl fmt::Debug for TicketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.trial() {
            Some(number) => write!(f, "Trial({number})"),
            None if *self == Self::COUNTED => f.write_str("Counted"),
            None => f.write_str("Uncounted"),
        }
    }
}

impl TicketKind {
    pub(crate) const COUNTED: Self = Self(0);
    /// Under `Disabled`: counts nowhere.
    pub(crate) const UNCOUNTED: Self = Self(1);
    const TRIAL: u32 = 2;
    const BITS: u32 = 2;
    /// Trials have numbers below this.
    pub(crate) const TRIALS: u32 = 1 << (u32::BITS - Self::BITS);

    pub(crate) fn of_trial(number: u32) -> Self {
        Self(number << Self::BITS | Self::TRIAL)
    }

    /// The number of a trial.
    pub(crate) fn trial(self) -> Option<u32> {
        let is_trial = self.0 & ((1 << Self::BITS) - 1) == Self::TRIAL;
        is_trial.then_some(self.0 >> Self::BITS)
    }
}

/// A new ticket or a rejection, in two registers: through memory it would be written in small
/// pieces and read in large ones, which stops a processor for longer than an admission takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admission {
    /// When the call began, or the rejection's wait.
    nanos: u64,
    /// The lower half says how the call was admitted, or that it was not; the upper half is a
    /// ticket's generation, or a rejection's reason.
    what: u64,
}

impl Admission {
    /// In the place of a kind: a rejection. No kind of ticket has these two bits.
    const REFUSED: u64 = 3;

    #[inline]
    pub(crate) fn granted(ticket: &Ticket) -> Self {
        Self {
            nanos: ticket.started.as_nanos(),
            what: u64::from(ticket.generation) << u32::BITS | u64::from(ticket.kind.0),
        }
    }

    pub(crate) fn refused(rejection: Rejection) -> Self {
        let (reason, nanos) = rejection.into_parts();
        let what = u64::from(reason) << u32::BITS | Self::REFUSED;
        Self { nanos, what }
    }

    // Of halves of `what`.
    #[allow(clippy::cast_possible_truncation)]
    #[inline]
    pub(crate) fn result(self) -> Result<Ticket, Rejection> {
        let (upper, lower) = ((self.what >> u32::BITS) as u32, self.what as u32);
        if u64::from(lower) == Self::REFUSED {
            return Err(Rejection::from_parts(upper, self.nanos));
        }
        let started = Tick::from_nanos(self.nanos);
        Ok(Ticket::new(upper, TicketKind(lower), started))
    }
}

/// What a permit knows of its admission. Public for the hidden methods of [`Handle`] only.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    started: Tick,
    /// `NEVER` until known.
    took: Tick,
    pub(crate) generation: u32,
    pub(crate) kind: TicketKind,
    /// Counted among the breaker's overdue calls (R3).
    pub(crate) is_overdue: bool,
}

impl Ticket {
    #[inline]
    pub(crate) fn new(generation: u32, kind: TicketKind, started: Tick) -> Self {
        Self {
            started,
            took: Tick::NEVER,
            generation,
            kind,
            is_overdue: false,
        }
    }

    /// Counted in the plain way.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.kind == TicketKind::COUNTED && !self.is_overdue
    }

    /// The call begins now: somebody measures it more exactly than the circuit does.
    pub(crate) fn time_from(&mut self, now: Tick) {
        self.started = now;
    }

    fn is_timed(&self) -> bool {
        self.started < Tick::NEVER
    }

    /// The time since admission, if anybody asked for it then.
    pub(crate) fn age(&self, now: Tick) -> Option<Duration> {
        self.is_timed().then(|| now.saturating_since(self.started))
    }

    pub(crate) fn took(&self) -> Option<Duration> {
        (self.took < Tick::NEVER).then(|| Duration::from_nanos(self.took.as_nanos()))
    }
}

/// How a permit holds its breaker: `&CircuitBreaker`, `Arc<CircuitBreaker>`, or a type of your own
/// that leads to one. Nothing has to be written in an `impl` but its head; the methods are for the
/// handles that this crate makes of yours.
pub trait Handle: Deref<Target = CircuitBreaker> {
    #[doc(hidden)]
    fn key_hash(&self) -> u64 {
        0
    }

    #[doc(hidden)]
    fn is_trial_of_branch(&self) -> bool {
        false
    }

    #[doc(hidden)]
    fn settle_branch(&self, _: &Ticket, _: Option<Settlement>) {}

    #[doc(hidden)]
    fn overdue_branch(&mut self, _: &Ticket) {}
}

impl Handle for &CircuitBreaker {}
impl Handle for Arc<CircuitBreaker> {}

/// A permit that borrows its breaker.
pub type Permit<'a> = PermitOf<&'a CircuitBreaker>;
/// A permit that owns its part of the breaker.
pub type OwnedPermit = PermitOf<Arc<CircuitBreaker>>;

/// The right to make one call, bound to the generation in which it was given.
///
/// Settle it with [`success`](Self::success), [`failure`](Self::failure),
/// [`ignore`](Self::ignore) or [`settle`](Self::settle). Dropped unsettled it gives its place
/// back at once and counts as ignored, or as a failure once it is as old as `abandoned_after`;
/// dropped by a panic it counts as a failure (R11).
#[must_use = "a permit that is dropped at once counts as an abandoned call"]
pub struct PermitOf<B: Handle> {
    breaker: B,
    ticket: Ticket,
    settled: bool,
}

impl<B: Handle> PermitOf<B> {
    #[inline]
    pub(crate) fn acquire(breaker: B) -> Result<Self, Rejection> {
        let ticket = breaker.admit()?;
        Ok(Self::admitted(breaker, ticket))
    }

    #[inline]
    pub(crate) fn admitted(breaker: B, ticket: Ticket) -> Self {
        Self {
            breaker,
            ticket,
            settled: false,
        }
    }

    /// The dependency did its work.
    #[inline]
    pub fn success(self) -> Settled {
        self.settle(Settlement::new(Outcome::Success))
    }

    /// The dependency failed.
    #[inline]
    pub fn failure(self, class: FailureClass) -> Settled {
        self.settle(Settlement::new(Outcome::Failure(class)))
    }

    /// The call says nothing about the dependency.
    pub fn ignore(self) -> Settled {
        self.settle(Settlement::new(Outcome::Ignored))
    }

    /// An outcome with what else is known. Says whether it was recorded or came late.
    #[inline(always)]
    pub fn settle(mut self, settlement: Settlement) -> Settled {
        self.settled = true;
        self.breaker.settle_branch(&self.ticket, Some(settlement));
        let key = self.breaker.key_hash();
        self.breaker.settle_keyed(&self.ticket, settlement, key)
    }

    /// The answer has begun to arrive: the call took until now, whenever it is settled (R1).
    pub fn head_arrived(&mut self) {
        if self.ticket.is_timed() && self.ticket.took == Tick::NEVER {
            self.ticket.took = Tick::from_nanos(nanos(self.elapsed()));
        }
    }

    /// The call has passed the slow-call limit and is still under way (R3): a trial fails now, and
    /// a closed circuit judges it as slow now. It is recorded once, when it is settled. Does
    /// nothing where no slow-call rate is set, before the limit is over, and the second time.
    ///
    /// The breaker has no timer of its own: whoever has one calls this
    /// [`slow_limit_after`](Self::slow_limit_after) the admission, unless the head of the answer
    /// came before. The tower layer and the relay of the queue do.
    pub fn overdue(&mut self) {
        self.breaker.overdue_branch(&self.ticket);
        let key = self.breaker.key_hash();
        let circuit: &CircuitBreaker = &self.breaker;
        circuit.overdue_keyed(&mut self.ticket, key);
    }

    /// The shortest slow-call limit in force that is longer than `told`: the age at which this call
    /// is next [`overdue`](Self::overdue). A branch may have another limit than its circuit, so
    /// there can be two. `None`: there is nothing more to tell.
    pub fn slow_limit_after(&self, told: Duration) -> Option<Duration> {
        let circuit: &CircuitBreaker = &self.breaker;
        let own = circuit.settings().slow_call_duration();
        let branches = circuit.branch_settings();
        let branch = branches.as_ref().and_then(|branches| branches.breaker());
        let branch = branch.and_then(Settings::slow_call_duration);
        let limits = own.into_iter().chain(branch);
        limits.filter(|limit| *limit > told).min()
    }

    /// The time since admission. Zero where no setting asks for durations: the breaker then
    /// does not read the clock for a call.
    pub fn elapsed(&self) -> Duration {
        if !self.ticket.is_timed() {
            return Duration::ZERO;
        }
        let now = self.breaker.clock().now();
        self.ticket.age(now).unwrap_or_default()
    }

    /// Whether this call is a trial of a half-open circuit, or of a half-open branch.
    pub fn is_trial(&self) -> bool {
        self.ticket.kind.trial().is_some() || self.breaker.is_trial_of_branch()
    }

    /// The breaker that gave it.
    pub fn breaker(&self) -> &CircuitBreaker {
        &self.breaker
    }
}

impl<B: Handle> Drop for PermitOf<B> {
    #[inline]
    fn drop(&mut self) {
        if !self.settled {
            self.breaker.settle_branch(&self.ticket, None);
            let key = self.breaker.key_hash();
            // A copy, as in `settle_keyed`.
            let ticket = self.ticket;
            self.breaker.settle_dropped_keyed(&ticket, key);
        }
    }
}

impl<B: Handle> fmt::Debug for PermitOf<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("circuit", &self.breaker.name())
            .field("generation", &self.ticket.generation)
            .field("kind", &self.ticket.kind)
            .finish_non_exhaustive()
    }
}
