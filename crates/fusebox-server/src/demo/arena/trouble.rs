//! What is wrong with one upstream, as its users feel it: from the begin of a fault until they are
//! answered again.

use std::time::Duration;

use tokio::time::Instant;

use super::cast::SICK;
use super::fault::Fault;

/// An upstream has recovered with so many users in a row whom it answered.
const ENOUGH: u32 = 3;

/// The trouble of one upstream.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    now: Now,
    /// The fault of the last trouble that is over, and when it was.
    last: Option<(Fault, Instant)>,
}

#[derive(Debug, Default)]
enum Now {
    #[default]
    Well,
    Sick {
        fault: Fault,
        /// Whether any user felt it.
        felt: bool,
    },
    /// The fault has ended, and its users were not yet answered often enough.
    Healing {
        fault: Fault,
        since: Instant,
        felt: bool,
        in_row: u32,
    },
}

impl Trouble {
    /// A fault begins, in place of another one if there was one.
    pub(super) fn begin(&mut self, fault: Fault) {
        let felt = matches!(self.now, Now::Sick { felt: true, .. });
        self.now = Now::Sick { fault, felt };
    }

    /// The fault ends.
    pub(super) fn end(&mut self, since: Instant) {
        if let Now::Sick { fault, felt } = self.now {
            self.now = Now::Healing {
                fault,
                since,
                felt,
                in_row: 0,
            };
        }
    }

    /// Whether the upstream has a fault.
    pub(super) fn is_sick(&self) -> bool {
        matches!(self.now, Now::Sick { .. })
    }

    /// Whether calls for this key were in trouble at any time since then.
    pub(super) fn was_felt_by(&self, key: usize, since: Instant) -> bool {
        let last = self.last.filter(|(_, over)| *over >= since);
        let last = last.is_some_and(|(fault, _)| meets(fault, key));
        last || match self.now {
            Now::Well => false,
            Now::Sick { fault, .. } | Now::Healing { fault, .. } => meets(fault, key),
        }
    }

    /// A user who needs the upstream was answered by it, or not. Returns how long it took from the
    /// end of the fault, when this user is the one with whom it has recovered.
    pub(super) fn answered(&mut self, key: usize, well: bool, now: Instant) -> Option<Duration> {
        match &mut self.now {
            Now::Sick { fault, felt } if meets(*fault, key) => {
                *felt |= !well;
                None
            }
            Now::Healing {
                fault,
                since,
                felt,
                in_row,
            } if meets(*fault, key) => {
                *felt |= !well;
                *in_row = if well { *in_row + 1 } else { 0 };
                if *in_row < ENOUGH {
                    return None;
                }
                // What nobody felt needs no recovery.
                let took = felt.then(|| now.saturating_duration_since(*since));
                self.last = Some((*fault, now));
                self.now = Now::Well;
                took
            }
            _ => None,
        }
    }
}

/// Whether calls for this key meet the fault.
fn meets(fault: Fault, key: usize) -> bool {
    fault != Fault::Shard || key == SICK
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_has_recovered_with_the_third_user_in_a_row() {
        let begin = Instant::now();
        let at = |seconds| begin + seconds * SECOND;
        let mut trouble = Trouble::default();
        trouble.begin(Fault::Kill);
        assert_eq!(trouble.answered(0, false, at(1)), None);
        trouble.end(at(2));
        for (well, seconds) in [(true, 3), (true, 4), (false, 5), (true, 6), (true, 7)] {
            assert_eq!(trouble.answered(0, well, at(seconds)), None);
            assert!(trouble.was_felt_by(0, at(seconds)));
        }
        assert_eq!(trouble.answered(0, true, at(8)), Some(6 * SECOND));
        assert!(trouble.was_felt_by(0, at(8)), "by who was there before");
        assert!(!trouble.was_felt_by(0, at(9)));
        assert_eq!(trouble.answered(0, true, at(9)), None);
    }

    #[test]
    fn what_nobody_felt_needs_no_recovery() {
        let now = Instant::now();
        let mut trouble = Trouble::default();
        trouble.begin(Fault::Slow);
        trouble.end(now);
        let took = [(); 4].map(|()| trouble.answered(0, true, now));
        assert_eq!(took, [None; 4]);
        assert!(!trouble.was_felt_by(0, now + SECOND));
    }

    #[test]
    fn one_shard_concerns_the_users_of_its_key_only() {
        let now = Instant::now();
        let mut trouble = Trouble::default();
        trouble.begin(Fault::Shard);
        assert!(trouble.was_felt_by(SICK, now) && !trouble.was_felt_by(0, now));
        trouble.answered(SICK, false, now);
        trouble.end(now);
        for _ in 0..9 {
            assert_eq!(trouble.answered(0, true, now), None);
        }
        assert_eq!(trouble.answered(SICK, true, now), None);
        assert_eq!(trouble.answered(SICK, true, now), None);
        assert_eq!(trouble.answered(SICK, true, now), Some(Duration::ZERO));
    }

    #[test]
    fn a_fault_in_place_of_another_is_the_same_trouble() {
        let now = Instant::now();
        let mut trouble = Trouble::default();
        trouble.begin(Fault::Kill);
        trouble.answered(0, false, now);
        trouble.begin(Fault::Slow);
        trouble.end(now);
        let took = [(); 3].map(|()| trouble.answered(0, true, now + SECOND));
        assert_eq!(took, [None, None, Some(SECOND)]);
    }
}
