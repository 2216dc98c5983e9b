//! Calls with a key (R19): the circuit first, the branch second.

use super::{CircuitBreaker, Locked};
use crate::branch::{
    BranchPermit, BranchSettings, BranchStats, BranchTicket, Branches, Keyed, NamedKey, Whole,
};
use crate::classifier::EveryError;
use crate::clock::{ClockSource, Tick};
use crate::event::{Author, HoldRequest};
use crate::outcome::Settlement;
use crate::permit::{Handle, PermitOf, Ticket, TicketKind};
use crate::plan::Timing;
use crate::rejection::{CallError, Rejection};
use crate::snapshot::Snapshot;
use crate::word::{HoldKind, State};
use std::future::Future;

use super::ControlError;

impl CircuitBreaker {
    /// Asks for the right to make one call for `key` (a host, a shard, a terminal, a tenant). The
    /// circuit is asked first, then the branch of this key; the outcome enters both. On a circuit
    /// that is not keyed this is [`acquire`](Self::acquire).
    ///
    /// ```
    /// use fusebox::{BranchSettings, CircuitBreaker, FailureClass, Reason, State};
    ///
    /// let ofd = CircuitBreaker::builder("ofd")
    ///     .consecutive_failures(2)
    ///     .branches(BranchSettings::default())
    ///     .build()?;
    /// for terminal in ["pos-1", "pos-2", "pos-3", "pos-4"] {
    ///     ofd.acquire_key(terminal)?.success();
    /// }
    /// for _ in 0..2 {
    ///     ofd.acquire_key("pos-1")?.failure(FailureClass::Connect);
    /// }
    /// assert_eq!(ofd.acquire_key("pos-1").unwrap_err().reason(), Reason::Open);
    /// ofd.acquire_key("pos-2")?.success();
    /// assert_eq!(ofd.state(), State::Closed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The rejection by the circuit or by the branch, with reason and `retry_after`.
    pub fn acquire_key(&self, key: &str) -> Result<BranchPermit<'_>, Rejection> {
        Self::acquire_key_from(self, Some(key))
    }

    /// The same for any handle; without a key the circuit alone is asked.
    ///
    /// # Errors
    /// The rejection by the circuit or by the branch, with reason and `retry_after`.
    pub fn acquire_key_from<B: Handle>(
        handle: B,
        key: Option<&str>,
    ) -> Result<PermitOf<Keyed<B>>, Rejection> {
        let (Some(key), Some(branches)) = (key, handle.branches_in_force()) else {
            let ticket = handle.admit()?;
            return Ok(PermitOf::admitted(Keyed::new(handle, 0, None), ticket));
        };
        let key = branches.named(key);
        let mut ticket = handle.admit_for(branches, &key)?;
        let branch = match ticket.kind {
            TicketKind::UNCOUNTED => None,
            _ => handle.admit_branch(branches, &key, &mut ticket)?,
        };
        let hash = key.hash;
        Ok(PermitOf::admitted(Keyed::new(handle, hash, branch), ticket))
    }

    /// Makes a call for `key` if circuit and branch admit it; otherwise as [`call`](Self::call). On
    /// a circuit without branches the key has no effect.
    ///
    /// # Errors
    /// The rejection, or the call's own error.
    pub fn call_key<T, E>(
        &self,
        key: &str,
        call: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, CallError<E>> {
        let permit = self.acquire_key(key)?;
        settled(permit, call())
    }

    /// The same for a future. It asks for admission when first polled.
    ///
    /// # Errors
    /// The rejection, or the call's own error.
    ///
    /// # Cancel safety
    /// As [`call_async`](Self::call_async): a dropped call gives its places back at once.
    pub async fn call_key_async<T, E>(
        &self,
        key: &str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CallError<E>> {
        let permit = self.acquire_key(key)?;
        let result = call.await;
        settled(permit, result)
    }

    /// Makes the circuit keyed, changes how it is, or takes its branches away (`None`).
    pub fn set_branches(&self, settings: Option<BranchSettings>, by: &Author) {
        if settings.is_none() && self.branches.get().is_none() {
            return;
        }
        let given = matches!(self.clock, ClockSource::Given(_));
        self.watched.by_judges();
        let branches = self.branches.get_or_init(|| {
            let first = settings.clone().unwrap_or_default();
            Box::new(Branches::new(&self.settings(), first, given))
        });
        branches.set(self, settings, by);
    }

    /// How the circuit keeps its branches; `None` if it is not keyed.
    pub fn branch_settings(&self) -> Option<BranchSettings> {
        self.branches_in_force().map(Branches::settings)
    }

    /// How many branches there are; all zero if the circuit is not keyed.
    pub fn branches(&self) -> BranchStats {
        let branches = self.branches_in_force();
        branches.map(Branches::stats).unwrap_or_default()
    }

    /// One branch; `None` if its key is not known. Counts since the start begin anew whenever a
    /// branch has had nothing wrong for a while.
    pub fn branch(&self, key: &str) -> Option<Snapshot> {
        let branch = self.branches_in_force()?.known(self, key)?;
        Some(branch.snapshot())
    }

    /// Branches with something to see, the worst first: held, open, half-open, then by failures
    /// in the window. Those that nothing is wrong with are not among them.
    pub fn worst_branches(&self, max: usize) -> Vec<(String, Snapshot)> {
        let worst = self.whole_branches().into_iter();
        let mut shown: Vec<_> = worst
            .map(|(key, branch)| (key, branch.snapshot()))
            .filter(|(_, branch)| needs_a_look(branch))
            .collect();
        shown.sort_by(|(a_key, a), (b_key, b)| badness(b).cmp(&badness(a)).then(a_key.cmp(b_key)));
        shown.truncate(max);
        shown
    }

    /// Holds one branch (R15), also one whose key was never seen. `false`: the circuit is not
    /// keyed, or every other branch is held and there is no room.
    pub fn hold_branch(&self, key: &str, request: HoldRequest) -> bool {
        self.act(key, true, |branch| branch.hold(request)).is_some()
    }

    /// Ends the hold of a branch. `false`: there was none.
    pub fn release_branch(&self, key: &str, by: &Author) -> bool {
        let released = self.act(key, false, |branch| branch.release(by));
        released.unwrap_or(false)
    }

    /// Moves a branch's machine once (R16), also one whose key was never seen. `false`: it was in
    /// that state, the circuit is not keyed, or there is no room.
    ///
    /// # Errors
    /// As [`transition`](Self::transition).
    pub fn transition_branch(
        &self,
        key: &str,
        to: State,
        by: &Author,
    ) -> Result<bool, ControlError> {
        let make = to != State::Closed;
        let moved = self.act(key, make, |branch| branch.transition(to, by));
        moved.unwrap_or(Ok(false))
    }

    /// Resets a branch (R16). `false`: its key is not known.
    pub fn reset_branch(&self, key: &str, by: &Author) -> bool {
        self.act(key, false, |branch| branch.reset(by)).is_some()
    }

    /// Every branch that is a whole breaker, with its key.
    pub(super) fn whole_branches(&self) -> Vec<(String, Whole)> {
        let all = self.branches_in_force().map(Branches::all_whole);
        all.unwrap_or_default()
    }

    pub(super) fn act<R>(&self, key: &str, make: bool, act: impl FnOnce(&Self) -> R) -> Option<R> {
        self.branches_in_force()?.act(self, key, make, act)
    }

    /// The branches, if the circuit is keyed now.
    #[inline]
    pub(super) fn branches_in_force(&self) -> Option<&Branches> {
        let branches = self.branches.get()?;
        branches.is_enabled().then_some(&**branches)
    }

    /// The circuit's settings changed: its aggregate follows, and branches without settings of
    /// their own.
    pub(super) fn branches_follow(&self, by: &Author) {
        if let Some(branches) = self.branches_in_force() {
            branches.follow_circuit(self, by);
        }
    }

    /// The circuit's own word on a call with a key.
    #[inline]
    fn admit_for(&self, branches: &Branches, key: &NamedKey<'_>) -> Result<Ticket, Rejection> {
        if self.word.load().shares_out() {
            // A call that its branch rejects must not use up the share or the trial place of the
            // others.
            if let Some(rejection) = branches.rejection(key) {
                self.ledger.rejected(rejection.reason());
                return Err(rejection);
            }
        }
        self.admit()
    }

    fn admit_branch(
        &self,
        branches: &Branches,
        key: &NamedKey<'_>,
        ticket: &mut Ticket,
    ) -> Result<Option<BranchTicket>, Rejection> {
        match branches.admit(key, self.clock.coarse()) {
            Ok(None) => Ok(None),
            Ok(Some((branch, timing))) => {
                if timing > self.plans.timing() {
                    ticket.time_from(self.clock_for(timing));
                }
                Ok(Some(branch))
            }
            // Under `Observe` a circuit rejects nothing; a branch that would is left out.
            Err(_) if self.word.load().hold() == Some(HoldKind::Observe) => Ok(None),
            Err(rejection) => {
                self.withdraw(ticket);
                self.ledger.rejected(rejection.reason());
                Err(rejection)
            }
        }
    }

    /// The circuit admitted, the branch did not: as if the circuit had not been asked.
    fn withdraw(&self, ticket: &Ticket) {
        if ticket.kind.trial().is_some() {
            self.locked(|locked| locked.withdraw(ticket));
        }
    }

    /// The time, as exactly as these limits need it.
    pub(crate) fn clock_for(&self, timing: Timing) -> Tick {
        match timing {
            Timing::Exact => self.clock.now(),
            Timing::None | Timing::Coarse => self.clock.coarse(),
        }
    }

    pub(crate) fn settle_branch(
        &self,
        branch: &BranchTicket,
        ticket: &Ticket,
        settlement: Option<Settlement>,
    ) {
        if let Some(branches) = self.branches.get() {
            branches.settle(self, branch, ticket, settlement);
        }
    }

    pub(crate) fn overdue_branch(&self, branch: &mut BranchTicket, ticket: &Ticket) {
        if let Some(branches) = self.branches.get() {
            branches.overdue(self, branch, ticket);
        }
    }
}

impl Locked<'_> {
    fn withdraw(&mut self, ticket: &Ticket) {
        let Some(number) = ticket.kind.trial() else {
            return;
        };
        if self.word().generation() == ticket.generation && self.machine.trials.end(number) {
            self.publish_until();
        }
    }
}

fn settled<T, E>(permit: BranchPermit<'_>, result: Result<T, E>) -> Result<T, CallError<E>> {
    permit.settle_result(&EveryError, &result);
    result.map_err(CallError::Failed)
}

/// Whether a branch has anything to see.
fn needs_a_look(branch: &Snapshot) -> bool {
    badness(branch) > (false, 0, 0, 0)
        || branch.window.slow > 0
        || branch.openings > 0
        || branch.ramp.is_some()
}

/// How much a branch needs a look.
fn badness(branch: &Snapshot) -> (bool, u8, u64, u32) {
    let state = match branch.state {
        State::Open => 2,
        State::HalfOpen => 1,
        State::Closed => 0,
    };
    let (failures, run) = (branch.window.failures, branch.consecutive_failures);
    (branch.hold.is_some(), state, failures, run)
}
