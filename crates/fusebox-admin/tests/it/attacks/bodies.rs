//! Bodies that do not end, do not come, or are not for us to read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use fusebox_admin::Role;
use http_body::Frame;
use tokio::time::{Instant, Interval, interval};

use super::Staff;
use super::staff::with;

const HOLD: &str = "/api/v1/circuit-breakers/rag/hold";

/// A body without an end: a frame at each tick, or at once.
struct Endless {
    frame: Bytes,
    every: Option<Interval>,
    frames: Arc<AtomicUsize>,
}

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(every) = &mut self.every
            && every.poll_tick(context).is_pending()
        {
            return Poll::Pending;
        }
        self.frames.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(self.frame.clone()))))
    }
}

/// A request with such a body, and how many frames of it have been read.
fn endless(
    token: Option<&str>,
    bytes: usize,
    every: Option<Duration>,
) -> (Request<Body>, Arc<AtomicUsize>) {
    let frames = Arc::new(AtomicUsize::new(0));
    let body = Endless {
        frame: vec![b' '; bytes].into(),
        every: every.map(interval),
        frames: Arc::clone(&frames),
    };
    let sent = with(token, "POST", HOLD).body(Body::new(body));
    (sent.expect("a request"), frames)
}

#[tokio::test]
async fn a_body_without_an_end_is_left_at_64_kib() {
    let staff = Staff::new();
    let (sent, frames) = endless(Some(staff.token(Role::Operator)), 1024, None);
    staff.desk.send(sent).await.problem(413);
    let read = frames.load(Ordering::Relaxed);
    assert!(read <= 66, "{read} KiB were read");
}

#[tokio::test]
async fn the_body_of_who_may_not_is_not_read_at_all() {
    let staff = Staff::new();
    for (token, expected) in [(None, 401), (Some(staff.token(Role::Viewer)), 403)] {
        let (sent, frames) = endless(token, 1024, None);
        staff.desk.send(sent).await.problem(expected);
        assert_eq!(frames.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_has_ten_seconds_in_all() {
    let staff = Staff::new();
    let second = Some(Duration::from_secs(1));
    let (sent, _) = endless(Some(staff.token(Role::Operator)), 1, second);
    let begun = Instant::now();
    staff.desk.send(sent).await.problem(408);
    assert_eq!(begun.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_length_that_is_a_lie_reserves_nothing() {
    let staff = Staff::new();
    let sent = with(Some(staff.token(Role::Operator)), "POST", HOLD)
        .header(header::CONTENT_LENGTH, u64::MAX)
        .body(Body::from(r#"{"kind": "disabled", "reason": "drill"}"#));
    staff.desk.send(sent.expect("a request")).await.ok();
}

#[tokio::test]
async fn json_that_is_deep_or_wide_is_refused_in_short_time() {
    let staff = Staff::new();
    for text in [
        "[".repeat(60_000),
        r#"{"a":"#.repeat(10_000),
        format!("[{}]", "0,".repeat(30_000) + "0"),
        format!(r#"{{"kind": "{}"}}"#, "x".repeat(60_000)),
        format!(r#"{{"reason": {}}}"#, "9".repeat(60_000)),
    ] {
        let sent = with(Some(staff.token(Role::Operator)), "POST", HOLD).body(Body::from(text));
        let detail = staff.desk.send(sent.expect("a request")).await.problem(422);
        assert!(!detail.is_empty());
    }
}
