//! Answers of an upstream, judged by the layer: status, headers, body, trailers.
//!
//! The input is a status, a line each for the headers, and after an empty line the body; after a
//! line `%trailers` there are trailers, after a line `%error` the body breaks off.
#![no_main]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::ready;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use fusebox::testing::ManualClock;
use fusebox::{CircuitBreaker, FailureClass, Outcome, Rate, Reason, State};
use fusebox_fuzz::split_at_line;
use fusebox_tower::{BreakerLayer, ByStatus, Classify};
use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame};
use libfuzzer_sys::fuzz_target;
use tower::{Layer, Service, service_fn};

const OPEN_FOR: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The example of the classifier's documentation.
#[derive(Clone)]
struct ByGrpcStatus;

impl<E, F> Classify<E, F> for ByGrpcStatus {
    fn head(&self, head: &Parts) -> Outcome {
        match fusebox::classify::status(head.status.as_u16()) {
            Outcome::Success => by_grpc(&head.headers),
            other => other,
        }
    }

    fn trailers(&self, trailers: &HeaderMap) -> Outcome {
        by_grpc(trailers)
    }
}

fn by_grpc(headers: &HeaderMap) -> Outcome {
    match headers.get("grpc-status").map(HeaderValue::as_bytes) {
        Some(b"2" | b"4" | b"13" | b"14" | b"15") => Outcome::Failure(FailureClass::Status),
        _ => Outcome::Success,
    }
}

/// What an upstream answers.
#[derive(Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
    trailers: Option<HeaderMap>,
    breaks: bool,
}

/// Its body, a line at a time.
struct Lines {
    frames: VecDeque<Frame<bytes::Bytes>>,
    breaks: bool,
}

impl Body for Lines {
    type Data = bytes::Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<bytes::Bytes>, &'static str>>> {
        let frame = self.frames.pop_front().map(Ok);
        Poll::Ready(frame.or_else(|| std::mem::take(&mut self.breaks).then_some(Err("broken off"))))
    }
}

fuzz_target!(|text: &str| {
    let Some(answer) = read(text) else { return };
    judged(&answer, ByStatus, |_| Outcome::Success);
    judged(&answer, ByGrpcStatus, by_grpc);
    let wait = fusebox::retry_after(&answer.body, None, SystemTime::now);
    holds(wait, &answer.body);
});

fn read(text: &str) -> Option<Answer> {
    let (text, broken) = split_at_line(text, "%error");
    let breaks = !broken.is_empty();
    let (answer, trailers) = split_at_line(text, "%trailers");
    let (head, body) = answer.split_once("\n\n").unwrap_or((answer, ""));
    let (status, headers) = head.split_once('\n').unwrap_or((head, ""));
    Some(Answer {
        status: status.trim().parse().ok()?,
        headers: map(headers),
        body: body.to_owned(),
        trailers: (!trailers.is_empty()).then(|| map(trailers)),
        breaks,
    })
}

/// What is no header is left out.
fn map(lines: &str) -> HeaderMap {
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        let name = HeaderName::try_from(name).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    };
    let mut map = HeaderMap::new();
    for (name, value) in lines.lines().filter_map(header) {
        map.append(name, value);
    }
    map
}

impl Answer {
    fn response(&self) -> Response<Lines> {
        let lines = self.body.split_inclusive('\n').map(str::to_owned);
        let mut frames: VecDeque<_> = lines.map(|line| Frame::data(line.into())).collect();
        if !self.breaks {
            frames.extend(self.trailers.clone().map(Frame::trailers));
        }
        let mut response = Response::new(Lines {
            frames,
            breaks: self.breaks,
        });
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response
    }

    /// What the rules say of it, with what a classifier says of trailers.
    fn outcome(&self, at_head: Outcome, of_trailers: impl Fn(&HeaderMap) -> Outcome) -> Outcome {
        let said = self.headers.get("fusebox-reason");
        let is_reason = |reason: &Reason| said.is_some_and(|said| said == reason.as_str());
        if Reason::ALL.iter().any(is_reason) {
            return Outcome::Ignored;
        }
        if at_head != Outcome::Success || self.is_over_at_head() {
            return at_head;
        }
        match &self.trailers {
            _ if self.breaks => Outcome::Failure(FailureClass::Reset),
            Some(trailers) => of_trailers(trailers),
            None => Outcome::Success,
        }
    }

    fn is_over_at_head(&self) -> bool {
        let kind = self.headers.get("content-type").map(HeaderValue::to_str);
        let kind = kind.and_then(Result::ok).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        matches!(self.status.as_u16(), 100..=199 | 204 | 304)
            || essence.eq_ignore_ascii_case("text/event-stream")
    }
}

/// One call of a circuit that opens at its first failure.
fn judged<C>(answer: &Answer, classify: C, of_trailers: impl Fn(&HeaderMap) -> Outcome)
where
    C: Classify<Infallible, &'static str> + Clone,
{
    let (head, _) = answer.response().into_parts();
    let expected = answer.outcome(classify.head(&head), of_trailers);
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::builder("upstream")
        .consecutive_failures(1)
        .open_for(OPEN_FOR)
        .open_for_max(DAY)
        .jitter(Rate::ZERO)
        .clock(clock);
    let breaker = std::sync::Arc::new(breaker.build().expect("settings"));
    let answered = answer.clone();
    let mut service = BreakerLayer::new(std::sync::Arc::clone(&breaker))
        .classify(classify)
        .layer(service_fn(move |_: Request<()>| {
            ready(Ok::<_, Infallible>(answered.response()))
        }));
    let response = done(service.call(Request::new(()))).expect("the upstream answered");
    let (seen, body) = response.into_parts();
    assert_eq!(
        (seen.status, &seen.headers),
        (answer.status, &answer.headers)
    );
    let read = all_of(body);
    assert!(answer.body.as_bytes().starts_with(&read) || answer.breaks);

    let totals = breaker.snapshot().totals;
    let recorded = (totals.success, totals.failure, totals.ignored);
    let (one, wait) = match expected {
        Outcome::Success => ((1, 0, 0), None),
        Outcome::Ignored => ((0, 0, 1), None),
        Outcome::Failure(_) => ((0, 1, 0), fusebox_wait(&head.headers)),
    };
    assert_eq!(recorded, one, "{expected:?}");
    let opened = matches!(expected, Outcome::Failure(_));
    assert_eq!(breaker.state() == State::Open, opened);
    if opened && answer.is_judged_at_head(expected) {
        let told = breaker
            .acquire()
            .err()
            .and_then(|rejection| rejection.retry_after());
        // Without a `Date` a date is measured from now, which has moved on.
        let late = Duration::from_secs(2);
        let wait = wait.unwrap_or(Duration::ZERO).max(OPEN_FOR);
        let told = told.expect("an end");
        assert!(
            told <= wait + late && wait <= told + late,
            "{told:?} {wait:?}"
        );
    }
}

impl Answer {
    fn is_judged_at_head(&self, expected: Outcome) -> bool {
        expected == Outcome::Failure(FailureClass::Status)
            && fusebox::classify::status(self.status.as_u16()) == expected
    }
}

fn fusebox_wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let value = text("retry-after")?;
    let wait = fusebox::retry_after(value, text("date"), SystemTime::now);
    holds(wait, value);
    wait
}

/// Digits are seconds, nothing is longer than a day.
fn holds(wait: Option<Duration>, value: &str) {
    let value = value.trim();
    assert!(wait.is_none_or(|wait| wait <= DAY));
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = value.parse().map_or(DAY, Duration::from_secs);
        assert_eq!(wait, Some(seconds.min(DAY)));
    } else if !value.ends_with("GMT") && !value.contains(':') {
        assert_eq!(wait, None, "{value:?}");
    }
}

/// Nothing here ever waits.
fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("waits"),
    }
}

fn all_of<B: Body<Data = bytes::Bytes>>(body: B) -> Vec<u8> {
    let mut body = pin!(body);
    let mut all = Vec::new();
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut context) {
        all.extend(frame.into_data().unwrap_or_default());
    }
    all
}
