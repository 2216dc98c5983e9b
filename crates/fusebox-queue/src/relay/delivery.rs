//! Sends one message: with a limit of time, and whatever the sink does.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;

use super::verdict::Sent;
use crate::message::Leased;
use crate::sink::{Reply, Sink};

type Sending<'a> = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

/// A sink of any type.
pub(super) trait AnySink: Send + Sync {
    fn deliver_boxed<'a>(&'a self, message: &'a Leased) -> Sending<'a>;
}

impl<S: Sink> AnySink for S {
    fn deliver_boxed<'a>(&'a self, message: &'a Leased) -> Sending<'a> {
        Box::pin(self.deliver(message))
    }
}

/// Sends a message, until the time is over or the relay has to stop.
pub(super) async fn send(
    sink: &dyn AnySink,
    leased: &Leased,
    timeout: Duration,
    mut break_off: watch::Receiver<bool>,
) -> Sent {
    let sending = caught(sink, leased);
    tokio::select! {
        biased;
        sent = sending => sent,
        () = tokio::time::sleep(timeout) => Sent::TimedOut(timeout),
        // Without the relay nobody can break it off.
        Ok(_) = break_off.wait_for(|is_over| *is_over) => Sent::BrokenOff,
    }
}

/// A panic of the sink ends its own message, and nothing else.
async fn caught(sink: &dyn AnySink, leased: &Leased) -> Sent {
    let mut sending: Option<Sending<'_>> = None;
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let sending = sending.get_or_insert_with(|| sink.deliver_boxed(leased));
            sending.as_mut().poll(cx)
        }));
        match polled {
            Ok(polled) => polled.map(Sent::Replied),
            Err(panic) => Poll::Ready(Sent::Panicked(said(panic.as_ref()))),
        }
    })
    .await
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no text").to_owned()
}
