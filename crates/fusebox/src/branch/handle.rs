//! A permit's hold on its branch.

use crate::breaker::CircuitBreaker;
use crate::outcome::Settlement;
use crate::permit::{Handle, PermitOf, Ticket, TicketKind};
use std::ops::Deref;

/// A handle to a circuit that also carries the branch of one call. Made by
/// [`CircuitBreaker::acquire_key_from`].
#[derive(Debug)]
pub struct Keyed<B: Handle> {
    circuit: B,
    /// The key's hash, also where its branch has no place; 0 without a key.
    key: u64,
    branch: Option<BranchTicket>,
}

/// A permit for a call with a key, that borrows its circuit.
pub type BranchPermit<'a> = PermitOf<Keyed<&'a CircuitBreaker>>;

/// What a permit knows of its admission by a branch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BranchTicket {
    pub(crate) shard: u32,
    pub(crate) place: u32,
    pub(crate) owner: u32,
    pub(crate) generation: u32,
    pub(crate) kind: TicketKind,
    pub(crate) is_overdue: bool,
}

impl BranchTicket {
    /// The same call as the branch's breaker sees it: what it took is one for both.
    pub(crate) fn ticket(&self, circuit: &Ticket) -> Ticket {
        let mut ticket = *circuit;
        ticket.generation = self.generation;
        ticket.kind = self.kind;
        ticket.is_overdue = self.is_overdue;
        ticket
    }
}

impl<B: Handle> Keyed<B> {
    pub(crate) fn new(circuit: B, key: u64, branch: Option<BranchTicket>) -> Self {
        Self {
            circuit,
            key,
            branch,
        }
    }
}

impl<B: Handle> Deref for Keyed<B> {
    type Target = CircuitBreaker;

    fn deref(&self) -> &CircuitBreaker {
        &self.circuit
    }
}

impl<B: Handle> Handle for Keyed<B> {
    fn key_hash(&self) -> u64 {
        self.key
    }

    fn is_trial_of_branch(&self) -> bool {
        let kind = self.branch.map(|branch| branch.kind);
        kind.is_some_and(|kind| kind.trial().is_some())
    }

    fn settle_branch(&self, ticket: &Ticket, settlement: Option<Settlement>) {
        if let Some(branch) = &self.branch {
            let circuit: &CircuitBreaker = &self.circuit;
            circuit.settle_branch(branch, ticket, settlement);
        }
    }

    fn overdue_branch(&mut self, ticket: &Ticket) {
        if let Some(branch) = &mut self.branch {
            let circuit: &CircuitBreaker = &self.circuit;
            circuit.overdue_branch(branch, ticket);
        }
    }
}
