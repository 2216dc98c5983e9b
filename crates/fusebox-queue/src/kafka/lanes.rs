//! One event of a key at a time, in the order in which they came.
//!
//! A key has a *lane* while events of it have no answer yet: a task that carries one after the
//! other. So no event can overtake one of its key that is on its way, spills or waits for the disk.
//! Events without a key have a task each.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use super::error::{PublishError, Published};
use super::event::Named;
use crate::relay::caught;

type Told = Result<Published, PublishError>;

/// What carries an event to its end.
pub(super) trait Carry: Send + Sync {
    fn carry<'a>(&'a self, event: &'a Named) -> Pin<Box<dyn Future<Output = Told> + Send + 'a>>;

    /// What becomes of an event whose carrying panicked, saying this.
    fn panicked(&self, said: &str) -> Told;
}

/// The answer to an event that was published: a future for any runtime.
///
/// # Errors
/// See [`PublishError`]: the event is not safe.
///
/// # Cancel safety
/// Dropped, it takes nothing back: the event is sent or queued all the same.
#[must_use = "nobody else hears that the event could not be kept"]
#[derive(Debug)]
pub struct Publishing(Answer);

#[derive(Debug)]
enum Answer {
    There(Option<PublishError>),
    Comes(oneshot::Receiver<Told>),
}

impl Publishing {
    pub(super) const fn failed(error: PublishError) -> Self {
        Self(Answer::There(Some(error)))
    }
}

impl Future for Publishing {
    type Output = Result<Published, PublishError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Answer::There(error) => Poll::Ready(Err(error.take().unwrap_or(PublishError::Closed))),
            // A runtime that ended took its task along.
            Answer::Comes(told) => Pin::new(told)
                .poll(cx)
                .map(|told| told.unwrap_or(Err(PublishError::Closed))),
        }
    }
}

pub(super) struct Lanes {
    carry: Arc<dyn Carry>,
    runtime: Handle,
    unanswered_max: usize,
    state: Mutex<State>,
    /// How many events have no answer yet.
    unanswered: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    /// The events that wait in each lane, without the one that is carried.
    waiting: HashMap<String, VecDeque<Job>>,
}

struct Job {
    event: Named,
    tell: oneshot::Sender<Told>,
}

impl Lanes {
    pub(super) fn new(carry: Arc<dyn Carry>, runtime: Handle, unanswered_max: usize) -> Self {
        Self {
            carry,
            runtime,
            unanswered_max,
            state: Mutex::default(),
            unanswered: watch::Sender::new(0),
        }
    }

    /// Takes an event, which is then carried however its publisher waits.
    pub(super) fn take(self: &Arc<Self>, event: Named) -> Result<Publishing, PublishError> {
        let (tell, told) = oneshot::channel();
        let key = event.key.clone();
        let job = Job { event, tell };
        let mut state = self.state();
        if state.is_closed {
            return Err(PublishError::Closed);
        }
        let unanswered = self.unanswered();
        if unanswered >= self.unanswered_max {
            return Err(PublishError::Busy { unanswered });
        }
        self.unanswered.send_modify(|unanswered| *unanswered += 1);
        let lane = key.as_ref().and_then(|key| state.waiting.get_mut(key));
        if let Some(lane) = lane {
            lane.push_back(job);
            return Ok(Publishing(Answer::Comes(told)));
        }
        if let Some(key) = &key {
            state.waiting.insert(key.clone(), VecDeque::new());
        }
        drop(state);
        self.runtime.spawn(Arc::clone(self).run(key, job));
        Ok(Publishing(Answer::Comes(told)))
    }

    async fn run(self: Arc<Self>, key: Option<String>, first: Job) {
        let mut next = Some(first);
        while let Some(Job { event, tell }) = next {
            let told = caught(|| self.carry.carry(&event)).await;
            // The lane goes on: others wait in it.
            let told = told.unwrap_or_else(|said| self.carry.panicked(&said));
            next = key.as_deref().and_then(|key| self.next(key));
            // Before the answer: whoever has it finds room for the next event.
            self.unanswered.send_modify(|unanswered| *unanswered -= 1);
            // Whoever published it may have gone.
            let _ = tell.send(told);
        }
    }

    /// The next one of a lane, which ends without one.
    fn next(&self, key: &str) -> Option<Job> {
        let mut state = self.state();
        let next = state.waiting.get_mut(key).and_then(VecDeque::pop_front);
        if next.is_none() {
            state.waiting.remove(key);
        }
        next
    }

    pub(super) fn unanswered(&self) -> usize {
        *self.unanswered.borrow()
    }

    /// Takes no more.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
    }

    /// Waits until all that were taken have their answers.
    pub(super) async fn are_empty(&self) {
        let mut unanswered = self.unanswered.subscribe();
        // Its sender is here.
        let _ = unanswered.wait_for(|unanswered| *unanswered == 0).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
