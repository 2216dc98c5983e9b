//! The rules R1 to R17, R20 and R21 once more: one struct, one thread, no cleverness. Written
//! from the rules, not from the breaker.

use super::plan::Plan;
use super::told::{Answer, Ending, Expected, Fate, Said, Sum, Told};
use super::window::{Sums, Verdict, Window};
use fusebox::{Cause, HoldKind, Reason, State};
use std::time::Duration;

/// What a call was when it was admitted.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Ordinary,
    Trial { deadline: u64 },
    UnderDisabled,
}

/// Every call that was ever admitted.
#[derive(Clone, Debug)]
struct Call {
    begun: u64,
    generation: u64,
    kind: Kind,
    /// A trial whose deadline passed (R10).
    judged: bool,
    settled: bool,
}

/// A share of calls that grows after a close (R17).
#[derive(Clone, Debug)]
pub(crate) struct Ramp {
    since: u64,
    /// Sum of the shares of all calls so far, and how many of them were admitted.
    due: f64,
    admitted: f64,
    /// A hold or a reset came in between: the rules do not say whether it goes on.
    uncertain: bool,
}

/// The plain breaker.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) plan: Plan,
    pub(crate) now: u64,
    pub(crate) state: State,
    pub(crate) hold: Option<(HoldKind, Option<u64>)>,
    pub(crate) generation: u64,
    pub(crate) sum: Sum,
    pub(crate) told: Vec<Expected>,
    pub(crate) run: u32,
    pub(crate) window: Window,
    pub(crate) ramp: Option<Ramp>,
    calls: Vec<Call>,
    /// `None`: open until somebody closes it.
    pub(super) open_until: Option<u64>,
    trial_successes: u32,
    trial_failures: u32,
    pub(super) openings: u32,
    pub(super) last_wait: Duration,
    closed_since: u64,
    /// Under `Observe`: whether the last verdict was "open". `None`: the rules leave both.
    verdict: Option<bool>,
    pub(super) shutting_down: bool,
}

pub(super) fn nanos(duration: Duration) -> u64 {
    duration.as_nanos() as u64
}

impl Model {
    pub(crate) fn new(plan: Plan) -> Self {
        Self {
            plan,
            now: 0,
            state: State::Closed,
            hold: None,
            generation: 0,
            sum: Sum::default(),
            told: Vec::new(),
            run: 0,
            window: Window::default(),
            ramp: None,
            calls: Vec::new(),
            open_until: None,
            trial_successes: 0,
            trial_failures: 0,
            openings: 0,
            last_wait: Duration::ZERO,
            closed_since: 0,
            verdict: Some(false),
            shutting_down: false,
        }
    }

    pub(super) fn held(&self, kind: HoldKind) -> bool {
        self.hold.is_some_and(|(held, _)| held == kind)
    }

    /// `ForcedOpen` and `Disabled`: the machine stands still by itself.
    fn stands_still(&self) -> bool {
        self.held(HoldKind::ForcedOpen) || self.held(HoldKind::Disabled)
    }

    pub(super) fn tell(&mut self, told: Told) {
        self.told.push(Expected {
            at: self.now,
            told,
            optional: false,
        });
    }

    // ---- generations and transitions

    pub(super) fn raise(&mut self) {
        self.generation += 1;
        self.window.clear();
        self.run = 0;
        self.trial_successes = 0;
        self.trial_failures = 0;
        self.verdict = Some(false);
        if let Some(ramp) = &mut self.ramp {
            ramp.uncertain = true;
        }
    }

    pub(super) fn go(&mut self, to: State, causes: Vec<Cause>) {
        if self.state == to {
            return;
        }
        if self.state == State::Closed {
            self.openings = self.position();
        }
        if to == State::Closed {
            self.closed_since = self.now;
        }
        let from = std::mem::replace(&mut self.state, to);
        self.raise();
        self.ramp = None;
        self.open_until = None;
        self.sum.transitions += 1;
        self.tell(Told::Transition { from, to, causes });
    }

    /// R13: k, which falls to 0 in a closed period as long as the last wait.
    pub(crate) fn position(&self) -> u32 {
        let closed_for = self.now - self.closed_since;
        let fell = self.state == State::Closed && closed_for >= nanos(self.last_wait);
        if fell { 0 } else { self.openings }
    }

    fn open(&mut self, causes: Vec<Cause>, retry_after: Option<Duration>) {
        self.go(State::Open, causes);
        self.openings += 1;
        if !self.plan.manual {
            self.last_wait = self.plan.wait(self.openings, retry_after);
            self.open_until = Some(self.now + nanos(self.last_wait));
        }
    }

    fn close_by_trials(&mut self) {
        self.go(State::Closed, vec![Cause::TrialsSucceeded]);
        if !self.plan.ramp.is_zero() {
            self.ramp = Some(Ramp {
                since: self.now,
                due: 0.0,
                admitted: 0.0,
                uncertain: false,
            });
        }
    }

    // ---- time

    fn trials(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let generation = self.generation;
        self.calls
            .iter()
            .enumerate()
            .filter_map(move |(id, call)| match call.kind {
                Kind::Trial { deadline }
                    if call.generation == generation && !call.settled && !call.judged =>
                {
                    Some((id, deadline))
                }
                _ => None,
            })
    }

    /// The next instant at which something happens without a call.
    pub(crate) fn next_due(&self) -> Option<u64> {
        let expiry = self.hold.and_then(|(_, until)| until);
        let machine = match self.state {
            _ if self.stands_still() => None,
            State::Open => self.open_until,
            State::HalfOpen => self.trials().map(|(_, deadline)| deadline).min(),
            State::Closed => None,
        };
        [expiry, machine].into_iter().flatten().min()
    }

    /// Moves the time; what is due is handled in order, dated to its instant (R15).
    pub(crate) fn advance_to(&mut self, to: u64) {
        while let Some(due) = self.next_due().filter(|due| *due <= to) {
            self.now = due;
            if self.hold.is_some_and(|(_, until)| until == Some(due)) {
                self.end_hold(true);
            } else if self.state == State::Open {
                self.go(State::HalfOpen, vec![Cause::OpenTimeOver]);
            } else {
                let id = self
                    .trials()
                    .find(|(_, deadline)| *deadline == due)
                    .unwrap()
                    .0;
                self.calls[id].judged = true;
                self.sum.trials_timed_out += 1;
                self.failed_trial(Cause::TrialTimedOut, None);
            }
        }
        self.now = to;
    }

    // ---- calls

    /// What a call would be told now, leaving the ramp aside; `None` if it would be admitted.
    pub(crate) fn refusal(&self) -> Option<(Reason, Option<Duration>)> {
        let left = |until: u64| Duration::from_nanos(until - self.now);
        match (self.hold, self.state) {
            (Some((HoldKind::ForcedOpen, until)), _) => Some((Reason::ForcedOpen, until.map(left))),
            (Some(_), _) | (None, State::Closed) => None,
            (None, State::Open) => Some((Reason::Open, self.open_until.map(left))),
            (None, State::HalfOpen) => {
                let deadlines: Vec<u64> = self.trials().map(|(_, deadline)| deadline).collect();
                let full = deadlines.len() >= self.plan.half_open_calls as usize;
                full.then(|| (Reason::HalfOpen, deadlines.iter().min().copied().map(left)))
            }
        }
    }

    /// R17: the share of calls that a ramp admits now; `None` where every call passes.
    pub(crate) fn share(&self) -> Option<f64> {
        let ramp = self.ramp.as_ref().filter(|_| self.hold.is_none())?;
        let t = (self.now - ramp.since) as f64 / nanos(self.plan.ramp) as f64;
        (t < 1.0).then_some(0.1 + 0.9 * t)
    }

    /// A call asks. `passed`: what the breaker did, for the ramp, which leaves it a choice
    /// within one call.
    ///
    /// # Errors
    /// The ramp admitted more or less than its share.
    pub(crate) fn ask(&mut self, passed: bool) -> Result<Answer, String> {
        if let Some((reason, retry_after)) = self.refusal() {
            self.sum.rejected[reason as usize] += 1;
            return Ok(Answer::Rejected(reason, retry_after));
        }
        if let Some(share) = self.share() {
            let ramp = self.ramp.as_mut().unwrap();
            ramp.due += share;
            ramp.admitted += f64::from(u8::from(passed));
            let off = ramp.admitted - ramp.due;
            if off.abs() > 1.000_001 && !ramp.uncertain {
                return Err(format!("ramp: off by {off} calls of the share {share}"));
            }
            if !passed {
                self.sum.rejected[Reason::Ramp as usize] += 1;
                return Ok(Answer::Rejected(Reason::Ramp, None));
            }
        }
        let kind = match self.state {
            _ if self.held(HoldKind::Disabled) => Kind::UnderDisabled,
            State::HalfOpen => Kind::Trial {
                deadline: self.now + nanos(self.plan.half_open_timeout),
            },
            _ => Kind::Ordinary,
        };
        let (begun, generation) = (self.now, self.generation);
        self.calls.push(Call {
            begun,
            generation,
            kind,
            judged: false,
            settled: false,
        });
        Ok(Answer::Admitted)
    }

    /// The number of the call admitted last.
    pub(crate) fn last_call(&self) -> usize {
        self.calls.len() - 1
    }

    /// Trials in flight.
    pub(crate) fn in_flight(&self) -> u32 {
        let counted = self.state == State::HalfOpen && !self.stands_still();
        if counted {
            self.trials().count() as u32
        } else {
            0
        }
    }

    /// Whether the call is over for the rules: settling it now is late or counts nowhere.
    fn fate(&self, id: usize) -> Fate {
        let call = &self.calls[id];
        if call.kind == Kind::UnderDisabled || self.held(HoldKind::Disabled) {
            Fate::Uncounted
        } else if call.generation != self.generation || call.judged {
            Fate::Late
        } else {
            Fate::Recorded
        }
    }

    /// R11.
    pub(crate) fn drop_call(&mut self, id: usize, opened: bool) -> Fate {
        let age = Duration::from_nanos(self.now - self.calls[id].begun);
        let abandoned = self.plan.abandoned_after.is_some_and(|after| age >= after);
        let said = if abandoned && !self.shutting_down {
            Said::Failure
        } else {
            Said::Ignored
        };
        let fate = self.settle(
            id,
            Ending {
                said,
                took: None,
                retry_after: None,
            },
            opened,
        );
        match fate {
            Fate::Recorded => self.sum.dropped += 1,
            Fate::Late => self.sum.dropped_late += 1,
            Fate::Uncounted => {}
        }
        fate
    }

    /// A call ends. `opened`: what the breaker did, for the verdicts that the rules leave open.
    pub(crate) fn settle(&mut self, id: usize, ending: Ending, opened: bool) -> Fate {
        let fate = self.fate(id);
        self.calls[id].settled = true;
        match fate {
            Fate::Late => self.sum.late += 1,
            Fate::Recorded if ending.said == Said::Ignored => self.sum.ignored += 1,
            Fate::Recorded => self.record(id, ending, opened),
            Fate::Uncounted => {}
        }
        fate
    }

    fn record(&mut self, id: usize, ending: Ending, opened: bool) {
        let since_begin = Duration::from_nanos(self.now - self.calls[id].begun);
        let took = ending.took.unwrap_or(since_begin);
        let slow = self.plan.slow_calls.is_some_and(|(_, limit)| took > limit);
        let failed = ending.said == Said::Failure;
        self.sum.slow += u64::from(slow);
        self.sum.failure += u64::from(failed);
        self.sum.success += u64::from(!failed);
        if matches!(self.calls[id].kind, Kind::Trial { .. }) {
            if failed || slow {
                self.failed_trial(Cause::TrialFailed, ending.retry_after);
            } else {
                self.good_trial();
            }
            return;
        }
        self.window.record(self.now, failed, slow);
        self.run = if failed { self.run + 1 } else { 0 };
        self.judge(ending.retry_after, opened);
    }

    fn judge(&mut self, retry_after: Option<Duration>, opened: bool) {
        let verdict = self.window.verdict(&self.plan, self.run, self.now);
        if self.held(HoldKind::Observe) {
            self.observe(verdict);
            return;
        }
        match verdict {
            Verdict::Opens(causes) => self.open(causes, retry_after),
            Verdict::MayOpen(causes) if opened => self.open(causes, retry_after),
            Verdict::MayOpen(_) | Verdict::Stays => {}
        }
    }

    /// R15: `Observe` reports each time the verdict turns true.
    fn observe(&mut self, verdict: Verdict) {
        let before = self.verdict;
        let (now, causes) = match verdict {
            Verdict::Opens(causes) => (Some(true), causes),
            Verdict::MayOpen(causes) => (None, causes),
            Verdict::Stays => (Some(false), Vec::new()),
        };
        self.verdict = now;
        if now != Some(false) && before != Some(true) {
            let optional = now.is_none() || before.is_none();
            let told = Told::WouldOpen { causes };
            self.told.push(Expected {
                at: self.now,
                told,
                optional,
            });
        }
    }

    fn good_trial(&mut self) {
        self.sum.trials_succeeded += 1;
        self.trial_successes += 1;
        if self.trial_successes >= self.plan.half_open_successes {
            self.close_by_trials();
        }
    }

    fn failed_trial(&mut self, cause: Cause, retry_after: Option<Duration>) {
        self.sum.trials_failed += 1;
        self.trial_failures += 1;
        if self.trial_failures >= self.plan.half_open_failures {
            self.open(vec![cause], retry_after);
        }
    }

    /// Every state of the window that the rules allow now.
    pub(crate) fn windows(&self) -> Vec<Sums> {
        self.window.possible(&self.plan, self.now)
    }
}
