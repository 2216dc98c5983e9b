//! One request and the head of its answer, within the time-outs.

use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use tokio::time::{Instant, timeout, timeout_at};

use super::pool::{Lease, Pool};
use super::request_body::Progress;
use super::response_body::Deadline;
use super::{RequestBody, TimeLimits, UpstreamBody, UpstreamError};

/// A connection idle for so long may have been closed by the upstream in the very moment it is used
/// again. One that was in use a moment ago was not closed for idleness, and its end is the
/// upstream's failure.
const STALE_AFTER: Duration = Duration::from_millis(500);

/// Sends a request and waits for the head of the answer.
pub(super) async fn exchange(
    pool: Arc<Pool>,
    limits: TimeLimits,
    mut request: Request<RequestBody>,
) -> Result<Response<UpstreamBody>, UpstreamError> {
    let deadline = Deadline {
        at: Instant::now() + limits.total,
        after: limits.total,
    };
    let progress = request.body().progress();
    let mut fresh = false;
    loop {
        let mut lease = connected(&pool, limits, fresh).await?;
        let again = may_be_stale(&lease).then(|| repeatable(&request)).flatten();
        let sent = lease.sender.try_send_request(request);
        let head_limit = Deadline {
            at: limits
                .head
                .map_or(deadline.at, |head| deadline.at.min(Instant::now() + head)),
            after: limits
                .head
                .map_or(limits.total, |head| head.min(limits.total)),
        };
        match timeout_at(head_limit.at, sent).await {
            Ok(Ok(response)) => return Ok(answered(response, deadline, lease, progress)),
            Ok(Err(error)) => request = unsent(error, again, &lease, &progress)?,
            Err(_) if progress.is_broken() => return Err(UpstreamError::BrokenRequest),
            Err(_) if progress.is_up_to_client() => return Err(UpstreamError::Client),
            Err(_) => return Err(UpstreamError::HeadTimeout(head_limit.after)),
        }
        fresh = true;
    }
}

/// A connection: an idle one if there is, unless a fresh one is asked for.
async fn connected(
    pool: &Arc<Pool>,
    limits: TimeLimits,
    fresh: bool,
) -> Result<Lease, UpstreamError> {
    let connect = async {
        match if fresh { None } else { pool.reuse().await } {
            Some(lease) => Ok(lease),
            None => pool.connect().await,
        }
    };
    let within = limits.connect.min(limits.total);
    timeout(within, connect)
        .await
        .unwrap_or(Err(UpstreamError::ConnectTimeout(within)))
}

fn may_be_stale(lease: &Lease) -> bool {
    lease.idle_for.is_some_and(|idle| idle >= STALE_AFTER)
}

/// A copy of a request that does no harm when it is done twice: of a method that says so, without a
/// body, to an upstream that nothing is wrong with.
fn repeatable(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    let harmless = request.method().is_idempotent() && request.body().may_repeat();
    harmless.then(|| {
        let mut copy = Request::new(RequestBody::empty());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        copy
    })
}

/// The request to send again on a fresh connection: one of which no byte was sent, or that may be
/// repeated because the connection had been idle and brought no byte of an answer. Only ever after
/// an idle connection, so at most once.
fn unsent(
    mut error: TrySendError<Request<RequestBody>>,
    again: Option<Request<RequestBody>>,
    lease: &Lease,
    progress: &Progress,
) -> Result<Request<RequestBody>, UpstreamError> {
    if lease.idle_for.is_some() {
        if let Some(request) = error.take_message() {
            return Ok(request);
        }
        let error = error.error();
        let silent = !error.is_parse() && !error.is_timeout();
        if let Some(request) = again.filter(|_| silent) {
            return Ok(request);
        }
    }
    if progress.is_broken() {
        return Err(UpstreamError::BrokenRequest);
    }
    Err(UpstreamError::of_connection(error.error()))
}

fn answered(
    response: Response<Incoming>,
    deadline: Deadline,
    lease: Lease,
    progress: Progress,
) -> Response<UpstreamBody> {
    let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    // A connection that switched protocols is no longer ours; dropping the sender does not close
    // it.
    let lease = (!upgraded).then_some(lease);
    let endless = upgraded || is_event_stream(&response);
    let clock = (!endless).then_some(deadline);
    response.map(|body| UpstreamBody::new(body, clock, lease, progress))
}

/// An event stream ends when one of the two sides has enough of it, not after `timeout`.
fn is_event_stream(response: &Response<Incoming>) -> bool {
    const EVENT_STREAM: &[u8] = b"text/event-stream";
    response.headers().get(CONTENT_TYPE).is_some_and(|value| {
        let essence = value
            .as_bytes()
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(EVENT_STREAM)
    })
}
