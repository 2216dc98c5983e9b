//! Sends one message: with a limit of time, and whatever the sink does.

use std::any::Any;
use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use fusebox::{Handle, PermitOf};
use tokio::sync::watch;

use super::TOLD_WITHIN;
use super::verdict::{NoReply, Sent};
use crate::message::Leased;
use crate::sink::{Reply, Sink};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A sink of any type.
pub(super) trait AnySink: Send + Sync {
    fn deliver_boxed<'a>(&'a self, message: &'a Leased) -> Boxed<'a, Reply>;

    fn had_no_reply_boxed<'a>(
        &'a self,
        message: &'a Leased,
        class: &'static str,
        error: &'a str,
    ) -> Boxed<'a, ()>;
}

impl<S: Sink> AnySink for S {
    fn deliver_boxed<'a>(&'a self, message: &'a Leased) -> Boxed<'a, Reply> {
        Box::pin(self.deliver(message))
    }

    fn had_no_reply_boxed<'a>(
        &'a self,
        message: &'a Leased,
        class: &'static str,
        error: &'a str,
    ) -> Boxed<'a, ()> {
        Box::pin(self.had_no_reply(message, class, error))
    }
}

/// Sends a message, until the time is over or the relay has to stop. The permit hears of it as soon
/// as that is slow.
pub(super) async fn send<B: Handle>(
    sink: &dyn AnySink,
    leased: &Leased,
    permit: &mut PermitOf<B>,
    timeout: Duration,
    mut break_off: watch::Receiver<bool>,
) -> Sent {
    let sending = caught(|| sink.deliver_boxed(leased));
    tokio::select! {
        biased;
        sent = sending => match sent {
            Ok(reply) => Sent::Replied(reply),
            Err(said) => Sent::NoReply(NoReply::panicked(&said)),
        },
        () = tokio::time::sleep(timeout) => Sent::NoReply(NoReply::timed_out(timeout)),
        never = tell_when_slow(permit) => match never {},
        // Without the relay nobody can break it off.
        Ok(_) = break_off.wait_for(|is_over| *is_over) => Sent::BrokenOff,
    }
}

/// Tells the breaker when the call passes a slow-call limit (R3), as the tower layer does: where
/// there is none when it begins, nothing is timed, and a limit that is changed meanwhile is seen
/// when the task is polled next.
pub(crate) async fn tell_when_slow<B: Handle>(permit: &mut PermitOf<B>) -> Infallible {
    let mut told = Duration::ZERO;
    while let Some(limit) = permit.slow_limit_after(told) {
        let left = limit.saturating_sub(permit.elapsed());
        if left.is_zero() {
            permit.overdue();
            told = limit;
            continue;
        }
        // The breaker's clock may be behind this one when it rings: then it is set again.
        let mut bell = pin!(tokio::time::sleep(left));
        poll_fn(|cx| {
            if permit.slow_limit_after(told) == Some(limit) {
                bell.as_mut().poll(cx)
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }
    pending().await
}

/// Tells the sink of a sending that it gave no reply to, and waits a while until it has heard.
pub(super) async fn tell_of_no_reply(sink: &dyn AnySink, leased: &Leased, sent: &Sent) {
    let Sent::NoReply(NoReply { word, error, .. }) = sent else {
        return;
    };
    let told = caught(|| sink.had_no_reply_boxed(leased, word, error));
    match tokio::time::timeout(TOLD_WITHIN, told).await {
        Ok(Ok(())) => {}
        Ok(Err(said)) => {
            tracing::error!(id = %leased.id, said, "the sink panicked hearing of a failure");
        }
        Err(_) => {
            tracing::error!(id = %leased.id, "the sink did not hear of a failure in time");
        }
    }
}

/// What strangers' code comes to, or what its panic said: that ends this one thing, and no more.
pub(crate) async fn caught<'a, T>(begin: impl Fn() -> Boxed<'a, T>) -> Result<T, String> {
    let mut begun: Option<Boxed<'a, T>> = None;
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            begun.get_or_insert_with(&begin).as_mut().poll(cx)
        }));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(said(panic.as_ref()))),
        }
    })
    .await
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no text").to_owned()
}
