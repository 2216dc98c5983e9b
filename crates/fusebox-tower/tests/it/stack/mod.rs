//! The composed stack, part by part. Tokio's time is paused and is the circuit's time too.

mod bodiless;
mod calls;
mod fallback;
mod keyed;
mod limit;
mod retry;
mod signal;
mod time;

use crate::paused::pass;
use crate::stand::{Broken, SECOND};
use bytes::Bytes;
use fusebox::{Builder, CircuitBreaker, Clock, Rate, Tick};
use fusebox_tower::ByStatus;
use fusebox_tower::stack::{Stack, StackBody, StackError};
use http::{Request, Response, StatusCode};
use http_body_util::channel::Channel;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tower::{Layer, Service};

pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);

/// The circuit's clock is tokio's: one time, paused, that jumps to whatever is due next.
#[derive(Debug)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Tick {
        let passed = Instant::now().saturating_duration_since(self.0);
        Tick::from_nanos(u64::try_from(passed.as_nanos()).unwrap())
    }
}

pub(crate) type Handle = Arc<CircuitBreaker>;
pub(crate) type Streaming = Channel<Bytes, Broken>;
pub(crate) type Told = Result<Response<StackBody<Streaming, Handle, ByStatus>>, StackError<Broken>>;

/// Opens at the third failure in a row, for ten seconds; one success closes.
pub(crate) fn circuit(set: impl FnOnce(Builder) -> Builder) -> Handle {
    let builder = CircuitBreaker::builder("upstream")
        .clock(TokioClock(Instant::now()))
        .consecutive_failures(3)
        .jitter(Rate::percent(0.0).unwrap())
        .open_for(10 * SECOND)
        .half_open_successes(1);
    Arc::new(set(builder).build().unwrap())
}

pub(crate) fn stack() -> (Handle, Stack<Handle>) {
    let circuit = circuit(|builder| builder);
    (circuit.clone(), Stack::new(circuit))
}

/// What the service does with one attempt.
#[derive(Clone, Debug)]
pub(crate) enum Does {
    Answer(StatusCode),
    AskToWait(StatusCode, &'static str),
    Break,
    Hang,
    AnswerAfter(Duration),
    /// Its body is fed and ended by whoever holds the other end.
    Stream,
    RejectAsFusebox,
    Panic,
}

/// A service that follows a script, its last line again and again, and counts.
#[derive(Clone, Debug)]
pub(crate) struct Upstream(Arc<Mutex<Script>>);

#[derive(Debug)]
struct Script {
    lines: VecDeque<Does>,
    calls: Vec<Instant>,
    streams: Vec<http_body_util::channel::Sender<Bytes, Broken>>,
}

impl Upstream {
    pub(crate) fn new(lines: impl IntoIterator<Item = Does>) -> Self {
        Self(Arc::new(Mutex::new(Script {
            lines: lines.into_iter().collect(),
            calls: Vec::new(),
            streams: Vec::new(),
        })))
    }

    /// When each attempt arrived.
    pub(crate) fn calls(&self) -> Vec<Instant> {
        self.0.lock().unwrap().calls.clone()
    }

    /// How many attempts arrived.
    pub(crate) fn count(&self) -> usize {
        self.calls().len()
    }

    /// Lets go of all streaming bodies: they end.
    pub(crate) fn end_streams(&self) {
        self.0.lock().unwrap().streams.clear();
    }

    /// Breaks all streaming bodies.
    pub(crate) fn abort_streams(&self) {
        for sender in self.0.lock().unwrap().streams.drain(..) {
            sender.abort(Broken);
        }
    }

    fn arrived(&self) -> Does {
        let mut script = self.0.lock().unwrap();
        script.calls.push(Instant::now());
        if script.lines.len() > 1 {
            script.lines.pop_front().unwrap()
        } else {
            script.lines.front().unwrap().clone()
        }
    }

    fn body(&self, streams: bool) -> Streaming {
        let (sender, body) = Channel::new(4);
        if streams {
            self.0.lock().unwrap().streams.push(sender);
        }
        body
    }
}

impl<B> Service<Request<B>> for Upstream {
    type Response = Response<Streaming>;
    type Error = Broken;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Broken>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let does = self.arrived();
        let body = self.body(matches!(does, Does::Stream));
        Box::pin(async move {
            let mut response = Response::new(body);
            match does {
                Does::Answer(status) => *response.status_mut() = status,
                Does::AskToWait(status, wait) => {
                    *response.status_mut() = status;
                    let wait = wait.parse().unwrap();
                    response.headers_mut().insert("retry-after", wait);
                }
                Does::Break => return Err(Broken),
                Does::Hang => std::future::pending().await,
                Does::AnswerAfter(time) => pass(time).await,
                Does::Stream => {}
                Does::RejectAsFusebox => {
                    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                    let reason = "open".parse().unwrap();
                    response.headers_mut().insert("fusebox-reason", reason);
                }
                Does::Panic => panic!("a broken service"),
            }
            Ok(response)
        })
    }
}

pub(crate) const GOOD: Does = Does::Answer(StatusCode::OK);
pub(crate) const FAILING: Does = Does::Answer(StatusCode::INTERNAL_SERVER_ERROR);

/// One GET through a stack.
pub(crate) async fn get<L>(stack: &L, upstream: &Upstream) -> Told
where
    L: Layer<Upstream>,
    L::Service: Service<
            Request<()>,
            Response = Response<StackBody<Streaming, Handle, ByStatus>>,
            Error = StackError<Broken>,
        >,
{
    stack.layer(upstream.clone()).call(Request::new(())).await
}

/// The status, or what came instead.
pub(crate) fn status(told: Told) -> Result<u16, StackError<Broken>> {
    told.map(|response| response.status().as_u16())
}
