//! The state that callers feel, which a hold can make different from the machine's.

use fusebox::{HoldKind, Reason, Snapshot, State};

/// `ForcedOpen` and an open main breaker are open, `Disabled` and `Observe` are closed; without a
/// hold it is the machine's own state. The same as metrics show.
pub(super) fn effective_state(snapshot: &Snapshot) -> State {
    if snapshot.rejecting == Some(Reason::Main) {
        return State::Open;
    }
    match snapshot.hold.as_ref().map(|hold| hold.kind) {
        Some(HoldKind::ForcedOpen) => State::Open,
        Some(HoldKind::Disabled | HoldKind::Observe) => State::Closed,
        None => snapshot.state,
    }
}
