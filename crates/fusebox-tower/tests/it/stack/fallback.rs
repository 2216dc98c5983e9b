//! The fallback answers for everything below it, marks what it says, and is counted.

use super::{Does, FAILING, GOOD, Handle, Streaming, Upstream, get, stack, status};
use crate::paused::pass;
use crate::stand::{Broken, SECOND, counts, poll_once};
use bytes::Bytes;
use fusebox::{Author, CircuitBreaker, Outcome, State};
use fusebox_tower::classify_fn;
use fusebox_tower::limit::LimitLayer;
use fusebox_tower::stack::{
    FallbackOn, FallbackService, FellBack, FixedResponse, Stack, StackError, Trouble, fallback_fn,
};
use http::response::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use tower::{Layer, Service, service_fn};

fn cached() -> FixedResponse<Bytes> {
    FixedResponse::new(Response::new(Bytes::from("from the cache")))
}

/// How often each kind of fallback answered.
fn fallbacks(circuit: &CircuitBreaker) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    fusebox::Source::read(circuit, &mut |reading| {
        found = reading
            .fallbacks
            .iter()
            .map(|(kind, n)| ((*kind).to_owned(), *n))
            .collect();
    });
    found
}

fn fixed(n: u64) -> Vec<(String, u64)> {
    vec![("fixed".to_owned(), n)]
}

/// A stack whose circuit is open.
fn open() -> (Handle, Stack<Handle>) {
    let (circuit, stack) = stack();
    circuit
        .transition(State::Open, &Author::new("test"))
        .unwrap();
    (circuit, stack)
}

#[tokio::test(start_paused = true)]
async fn rejections_time_outs_and_errors_are_answered_marked_and_counted() {
    for does in [Does::Break, Does::Hang, GOOD] {
        let (circuit, stack) = if matches!(does, Does::Answer(_)) {
            open()
        } else {
            stack()
        };
        let stack = stack.timeout(SECOND).fallback(cached());
        let answer = get(&stack, &Upstream::new([does])).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["fusebox-fallback"], "true");
        assert_eq!(answer.extensions().get(), Some(&FellBack { kind: "fixed" }));
        assert_eq!(answer.body().outcome(), None);
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(text, "from the cache");
        assert_eq!(fallbacks(&circuit), fixed(1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_service_is_not_marked() {
    let (circuit, stack) = stack();
    let answer = get(&stack.fallback(cached()), &Upstream::new([GOOD]))
        .await
        .unwrap();
    assert!(!answer.headers().contains_key("fusebox-fallback"));
    assert!(answer.extensions().get::<FellBack>().is_none());
    assert!(fallbacks(&circuit).is_empty());
}

#[tokio::test(start_paused = true)]
async fn refusals_and_failing_answers_are_answered_only_if_wished() {
    let (_, stack) = stack();
    let stack = stack.concurrency_limit(0).fallback(cached());
    let told = get(&stack, &Upstream::new([GOOD])).await;
    assert!(matches!(told, Err(StackError::Limited(_))));
    let wished = stack.clone().fallback_on(&[FallbackOn::Limited]);
    assert_eq!(status(get(&wished, &Upstream::new([GOOD])).await), Ok(200));

    let (circuit, stack) = super::stack();
    let stack = stack.fallback(cached());
    assert_eq!(
        status(get(&stack, &Upstream::new([FAILING])).await),
        Ok(500)
    );
    let wished = stack.clone().fallback_on(&[FallbackOn::Failed]);
    assert_eq!(
        status(get(&wished, &Upstream::new([FAILING])).await),
        Ok(200)
    );
    let told = get(&wished, &Upstream::new([Does::Break])).await;
    assert_eq!(status(told), Err(StackError::Inner(Broken)));
    assert_eq!(
        counts(&circuit),
        (0, 3, 0),
        "the breaker sees what the service did"
    );
}

#[tokio::test(start_paused = true)]
async fn the_order_of_naming_does_not_matter() {
    let (_, stack) = stack();
    let stack = stack.fallback_on(&[FallbackOn::Limited]).fallback(cached());
    let stack = stack.concurrency_limit(0);
    assert_eq!(status(get(&stack, &Upstream::new([GOOD])).await), Ok(200));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_is_switched_off_is_not_asked() {
    let (circuit, stack) = open();
    let stack = stack.fallback(cached());
    circuit.set_fallback_enabled(false);
    let told = get(&stack, &Upstream::new([GOOD])).await;
    assert!(matches!(told, Err(StackError::Rejected(_))));
    assert!(fallbacks(&circuit).is_empty());
    circuit.set_fallback_enabled(true);
    assert_eq!(status(get(&stack, &Upstream::new([GOOD])).await), Ok(200));
}

#[tokio::test(start_paused = true)]
async fn a_closure_sees_the_trouble_and_may_decline() {
    let (circuit, stack) = stack();
    let explain = fallback_fn("words", |trouble: &Trouble<'_, Broken>| match trouble {
        Trouble::Error(error) => Some(Response::new(Bytes::from(error.to_string()))),
        _ => None,
    });
    let stack = stack.timeout(SECOND).fallback(explain);
    let answer = get(&stack, &Upstream::new([Does::Break])).await.unwrap();
    assert_eq!(
        answer.into_body().collect().await.unwrap().to_bytes(),
        "broken"
    );
    let told = get(&stack, &Upstream::new([Does::Hang])).await;
    assert_eq!(status(told), Err(StackError::TimedOut));
    assert_eq!(fallbacks(&circuit), [("words".to_owned(), 1)]);
}

#[tokio::test(start_paused = true)]
async fn another_service_answers_with_a_body_that_streams() {
    let (circuit, stack) = open();
    let (mut sender, body) = Channel::new(4);
    let body = std::sync::Arc::new(std::sync::Mutex::new(Some(body)));
    let other = service_fn(move |request: Request<()>| {
        let answer = body
            .lock()
            .unwrap()
            .take()
            .filter(|_| request.uri() == "/same");
        async move { answer.map(Response::new).ok_or("asked before") }
    });
    let stack = stack.fallback(FallbackService::new("second", other));
    let mut service = stack.layer(Upstream::new([GOOD]));
    let request = || Request::get("/same").body(()).unwrap();
    let mut body = service.call(request()).await.unwrap().into_body();
    sender.send_data("one".into()).await.unwrap();
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "one");
    assert!(
        poll_once(&mut body.frame()).is_pending(),
        "not read to its end beforehand"
    );
    drop(sender);
    assert!(body.frame().await.is_none());
    // The second time the other service fails, and the first trouble is told.
    let told = service.call(request()).await;
    assert!(matches!(told, Err(StackError::Rejected(_))));
    assert_eq!(fallbacks(&circuit), [("second".to_owned(), 1)]);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_caller_s_own_is_not_hidden() {
    let (_, stack) = stack();
    let caller = |answer: Result<&Parts, &Broken>| match answer {
        Ok(head) => fusebox::classify::status(head.status.as_u16()),
        Err(_) => Outcome::Ignored,
    };
    let stack = stack.classify(classify_fn(caller)).fallback(cached());
    let mut service = stack.layer(Upstream::new([Does::Break]));
    let told = service.call(Request::new(())).await;
    assert_eq!(told.unwrap_err(), StackError::Inner(Broken));
}

#[tokio::test(start_paused = true)]
async fn the_body_of_a_failing_answer_is_kept_if_the_fallback_declines() {
    let (_, stack) = stack();
    let declines = fallback_fn("none", |_: &Trouble<'_, Broken>| None::<Response<Bytes>>);
    let stack = stack.fallback(declines).fallback_on(&[FallbackOn::Failed]);
    let upstream = Upstream::new([Does::Answer(StatusCode::BAD_GATEWAY)]);
    let answer = get(&stack, &upstream).await.unwrap();
    assert_eq!(answer.status(), 502);
    let _: &fusebox_tower::stack::StackBody<Streaming, Handle, _> = answer.body();
    assert!(matches!(answer.body().outcome(), Some(Outcome::Failure(_))));
}

/// Answers after ten seconds, or not at all.
fn slow(
    answers: bool,
) -> impl Service<Request<()>, Response = Response<Streaming>, Error = Broken, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    service_fn(move |_: Request<()>| async move {
        pass(10 * SECOND).await;
        let answer = Response::new(Channel::<Bytes, Broken>::new(1).1);
        answers.then_some(answer).ok_or(Broken)
    })
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_takes_its_time_keeps_no_place_of_the_service() {
    for answers in [true, false] {
        let (_, stack) = stack();
        let limit = LimitLayer::new(1);
        let stack = stack
            .limit(limit.clone())
            .fallback(FallbackService::new("slow", slow(answers)))
            .fallback_on(&[FallbackOn::Failed]);
        let mut call = stack.layer(Upstream::new([FAILING])).call(Request::new(()));
        assert!(poll_once(&mut call).is_pending());
        assert_eq!(limit.in_flight(), 0);
        let expected = if answers { 200 } else { 500 };
        assert_eq!(call.await.unwrap().status(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_without_a_free_place_is_a_rejection_and_answered() {
    let (circuit, stack) = open();
    let stack = stack.concurrency_limit(0);
    let told = get(&stack, &Upstream::new([GOOD])).await;
    assert!(matches!(told, Err(StackError::Rejected(_))), "{told:?}");
    assert_eq!(circuit.snapshot().totals.rejected_total(), 1);
    let answer = get(&stack.fallback(cached()), &Upstream::new([GOOD])).await;
    assert_eq!(answer.unwrap().headers()["fusebox-fallback"], "true");
}

#[tokio::test(start_paused = true)]
async fn a_rejection_further_on_is_answered_where_so_wished() {
    let (circuit, stack) = stack();
    let stack = stack.fallback(cached());
    let upstream = Upstream::new([Does::RejectAsFusebox]);
    assert_eq!(status(get(&stack, &upstream).await), Ok(503));
    let stack = stack.fallback_on(&[FallbackOn::Failed]);
    assert_eq!(status(get(&stack, &upstream).await), Ok(200));
    assert_eq!(counts(&circuit), (0, 0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_switch_thrown_while_the_call_is_under_way_holds_for_its_fallback() {
    for on in [true, false] {
        let (circuit, stack) = stack();
        circuit.set_fallback_enabled(!on);
        let stack = stack.timeout(SECOND).fallback(cached());
        let mut call = stack
            .layer(Upstream::new([Does::Hang]))
            .call(Request::new(()));
        assert!(poll_once(&mut call).is_pending());
        circuit.set_fallback_enabled(on);
        assert_eq!(call.await.is_ok(), on);
    }
}
