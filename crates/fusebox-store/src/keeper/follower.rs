//! The thread that follows the registry. It never touches the storage, so that nothing is missed
//! while that hangs.

use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};

use fusebox::{Clock, SystemClock};

use super::inbox::Stage;
use super::shared::Shared;

/// Wakes the thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs until the keeper is closed.
#[allow(clippy::needless_pass_by_value)] // the thread owns it
pub(super) fn run(shared: Arc<Shared>) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let cx = Context::from_waker(&waker);
    // It is the only one who sets it.
    let _ = shared.follower.set(thread::current());
    loop {
        let mut inbox = shared.inbox();
        if inbox.stage != Stage::Running {
            return;
        }
        inbox.poll_drain(&cx, &shared.dial.now(), &shared.restoring);
        let (has_work, loaded) = (inbox.has_work(), inbox.loaded);
        drop(inbox);
        if has_work {
            shared.ring();
        }
        // Before that the writer does it, so that the start waits for the end of it.
        if loaded {
            shared.restore_defined();
        }
        shared.registry.settle_overrides();
        shared.end_waits(SystemClock.now());
        thread::park_timeout(shared.options.tick);
    }
}
