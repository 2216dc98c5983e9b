//! A main breaker that follows the pause of everything.

use std::sync::Arc;
use std::time::Duration;

use fusebox::{Author, MainBreaker};
use tokio::task::JoinHandle;
use tokio::time;

use crate::queue::Queues;
use crate::record::{Pause, Scope};

/// Without news it is looked again after so long: somebody may have closed the main breaker by
/// hand.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Keeps a [`MainBreaker`] open for as long as [`Scope::Everything`] is paused in a file of queues,
/// which outlives the process: so calls that go through no queue stop, too.
///
/// The pause is the truth. Who closes the main breaker by hand meanwhile finds it open again within
/// a quarter of a second; what somebody else opened is not closed with the end of the pause.
///
/// Dropped, it follows no more, and the main breaker stays as it is.
#[derive(Debug)]
pub struct MainFollower {
    task: JoinHandle<()>,
}

impl MainFollower {
    /// The author of its openings and closings. An opening by it is ended with the pause, also one
    /// from before a restart.
    pub const AUTHOR: &str = "queues";

    /// Brings the main breaker to the pause at once, and then whenever the pause changes, in a task
    /// of the tokio runtime that this is called in. It ends with the queues.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(queues: &Queues, main: &Arc<MainBreaker>) -> Self {
        let (queues, main) = (queues.clone(), Arc::clone(main));
        // Before the look, so that no change falls between both.
        let mut changes = queues.pauses_changed();
        bring(&queues, &main);
        let follow = async move {
            // No news in time: looked at all the same.
            while time::timeout(LOOK_EVERY, changes.next())
                .await
                .unwrap_or(true)
            {
                bring(&queues, &main);
            }
        };
        Self {
            task: tokio::spawn(follow),
        }
    }
}

impl Drop for MainFollower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) fn bring(queues: &Queues, main: &MainBreaker) {
    let author = Author::new(MainFollower::AUTHOR);
    let pause = queues.last_pause(&Scope::Everything);
    match (pause.filter(|pause| pause.paused), main.opened()) {
        (Some(Pause { reason, by, .. }), None) => {
            main.open(format!("{reason} (paused by {by})"), &author);
        }
        (None, Some(opening)) if opening.by == author => {
            main.close(&author);
        }
        _ => {}
    }
}
