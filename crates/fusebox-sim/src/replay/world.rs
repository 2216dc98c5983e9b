//! The world of one run: a breaker, a clock that only steps move, and the calls in flight.

use super::BadFile;
use super::expect::{Answer, Difference};
use super::script::refused;
use super::step::{Act, Step};
use fusebox::{
    Author, CircuitBreaker, ControlError, HoldRequest, ManualClock, OwnedPermit, Settings,
    Settlement,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Any number will do, as long as it is always the same.
const SEED: u64 = 1;

/// A step whose expectation did not hold.
#[derive(Clone, Debug)]
pub(super) struct Miss {
    /// Counted from 1.
    pub(super) step: usize,
    pub(super) differences: Vec<Difference>,
}

/// Misses that are kept: the first explains most of what follows.
const MISSES_MAX: usize = 100;

pub(super) fn run(settings: &Settings, steps: &[Step]) -> Result<Vec<Miss>, BadFile> {
    let mut world = World::new(settings)?;
    let mut misses = Vec::new();
    for (step, number) in steps.iter().zip(1..) {
        let answer = match step.act.as_ref().map(|act| world.perform(act)) {
            None => None,
            Some(Ok(answer)) => answer,
            // A step that cannot be done after one that was not as expected follows from it.
            Some(Err(_)) if !misses.is_empty() => break,
            Some(Err(bad)) => return Err(bad.at_step(number)),
        };
        let Some(expect) = &step.expect else { continue };
        let differences = expect.differences(&world.breaker.snapshot(), answer);
        if !differences.is_empty() {
            misses.push(Miss {
                step: number,
                differences,
            });
            if misses.len() == MISSES_MAX {
                break;
            }
        }
    }
    Ok(misses)
}

struct World {
    clock: ManualClock,
    breaker: Arc<CircuitBreaker>,
    /// Every begun call that is not over; `None` if it was not admitted.
    calls: HashMap<String, Option<OwnedPermit>>,
    author: Author,
}

impl World {
    fn new(settings: &Settings) -> Result<Self, BadFile> {
        let clock = ManualClock::new();
        let breaker = CircuitBreaker::builder("replay")
            .settings(settings.clone())
            .clock(clock.clone())
            .seed(SEED)
            .build()
            .map_err(|error| refused(&error))?;
        let (breaker, calls) = (Arc::new(breaker), HashMap::new());
        Ok(Self {
            clock,
            breaker,
            calls,
            author: Author::new("replay"),
        })
    }

    /// Does one act; what was admitted or rejected gives an answer.
    fn perform(&mut self, act: &Act) -> Result<Option<Answer>, BadFile> {
        match act {
            Act::Call {
                outcome,
                took,
                times,
                retry_after,
            } => {
                let settlement = with_hint(Settlement::new(*outcome).took(*took), *retry_after);
                return Ok(self.call(settlement, *times));
            }
            Act::Begin { call } => return self.begin(call).map(Some),
            Act::End {
                call,
                outcome,
                retry_after,
            } => {
                let settlement = with_hint(Settlement::new(*outcome), *retry_after);
                self.admitted(call)?.settle(settlement);
            }
            Act::Drop { call } => drop(self.admitted(call)?),
            Act::Advance { by } => self.clock.advance(*by),
            Act::Transition { to } => match self.breaker.transition(*to, &self.author) {
                // Under observe a move is refused (R15); the steps go on to see that.
                Ok(_) | Err(ControlError::Observed) => {}
                #[allow(unreachable_patterns)] // kinds of errors may be added
                Err(error) => return Err(BadFile::new(error.to_string())),
            },
            Act::Hold { to, until_after } => self.breaker.hold(HoldRequest {
                kind: *to,
                reason: "replay".to_owned(),
                author: self.author.clone(),
                for_: *until_after,
            }),
            Act::Release => {
                self.breaker.release(&self.author);
            }
            Act::Reset => self.breaker.reset(&self.author),
            Act::Settings { breaker } => self
                .breaker
                .change_settings(breaker.as_ref().clone(), &self.author)
                .map_err(|error| BadFile::new(error.to_string()))?,
        }
        Ok(None)
    }

    fn call(&self, settlement: Settlement, times: u64) -> Option<Answer> {
        let mut answer = None;
        for _ in 0..times {
            answer = Some(self.breaker.acquire().map(|permit| {
                permit.settle(settlement);
            }));
        }
        answer
    }

    fn begin(&mut self, call: &str) -> Result<Answer, BadFile> {
        if matches!(self.calls.get(call), Some(Some(_))) {
            return Err(BadFile::new(format!("call {call:?} is in flight already")));
        }
        let (permit, answer) = match self.breaker.acquire_owned() {
            Ok(permit) => (Some(permit), Ok(())),
            Err(rejection) => (None, Err(rejection)),
        };
        self.calls.insert(call.to_owned(), permit);
        Ok(answer)
    }

    /// Takes the permit of a call that ends.
    fn admitted(&mut self, call: &str) -> Result<OwnedPermit, BadFile> {
        match self.calls.remove(call) {
            Some(Some(permit)) => Ok(permit),
            Some(None) => Err(BadFile::new(format!("call {call:?} was not admitted"))),
            None => Err(BadFile::new(format!("call {call:?} is not in flight"))),
        }
    }
}

fn with_hint(settlement: Settlement, retry_after: Option<Duration>) -> Settlement {
    match retry_after {
        Some(hint) => settlement.retry_after(hint),
        None => settlement,
    }
}
