//! The limit refuses at once, is no business of the breaker, and lasts to the end of the body.

use super::{Does, FAILING, GOOD, MILLISECOND, Upstream, get, stack, status};
use crate::paused::pass;
use crate::stand::{Broken, SECOND, counts, poll_once, totals};
use fusebox_tower::limit::{LimitError, LimitLayer};
use fusebox_tower::stack::{Retry, StackError};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use std::time::Duration;
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt, service_fn};

#[tokio::test(start_paused = true)]
async fn one_call_too_many_is_refused_at_once_and_enters_no_count() {
    let (circuit, stack) = stack();
    let stack = stack.concurrency_limit(2).retry(Retry::default());
    let upstream = Upstream::new([Does::Hang]);
    let mut service = stack.layer(upstream.clone());
    let mut first = service.call(Request::new(()));
    let mut second = stack.layer(upstream.clone()).call(Request::new(()));
    assert!(poll_once(&mut first).is_pending() && poll_once(&mut second).is_pending());
    let begun = Instant::now();
    for _ in 0..10 {
        let Err(StackError::Limited(limited)) = get(&stack, &upstream).await else {
            panic!("two calls are in flight");
        };
        assert_eq!(limited.max(), 2);
    }
    assert_eq!(
        begun.elapsed(),
        Duration::ZERO,
        "refused, and not tried again"
    );
    assert_eq!(upstream.count(), 2);
    assert_eq!(counts(&circuit), (0, 0, 0));
    assert_eq!(totals(&circuit).rejected_total(), 0);
    drop(first);
    let mut third = service.call(Request::new(()));
    assert!(poll_once(&mut third).is_pending());
    assert_eq!(upstream.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_place_is_held_until_the_body_ends_or_is_dropped() {
    let (_, stack) = stack();
    let limit = LimitLayer::new(1);
    let stack = stack.limit(limit.clone());
    let upstream = Upstream::new([Does::Stream]);
    let body = get(&stack, &upstream).await.unwrap().into_body();
    assert_eq!(limit.in_flight(), 1);
    assert!(matches!(
        get(&stack, &upstream).await,
        Err(StackError::Limited(_))
    ));
    upstream.end_streams();
    body.collect().await.unwrap();
    assert_eq!(limit.in_flight(), 0);
    let unread = get(&stack, &upstream).await.unwrap();
    assert_eq!(limit.in_flight(), 1);
    drop(unread);
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_its_next_attempt_holds_no_place() {
    let (_, stack) = stack();
    let limit = LimitLayer::new(1);
    let retry = Retry::default().backoff(SECOND, SECOND);
    let stack = stack.limit(limit.clone()).retry(retry);
    let upstream = Upstream::new([FAILING, GOOD]);
    let call = tokio::spawn({
        let (stack, upstream) = (stack.clone(), upstream.clone());
        async move { get(&stack, &upstream).await }
    });
    pass(100 * MILLISECOND).await;
    assert_eq!((upstream.count(), limit.in_flight()), (1, 0));
    assert_eq!(status(call.await.unwrap()), Ok(200));
}

#[tokio::test]
async fn alone_it_is_a_layer_like_others() {
    let limit = LimitLayer::new(1);
    let good = service_fn(|_: Request<()>| async {
        Ok::<_, Broken>(Response::new(Full::new(bytes::Bytes::from("whole"))))
    });
    let service = limit.layer(good);
    let held = service.clone().oneshot(Request::new(())).await.unwrap();
    let refused = service.clone().oneshot(Request::new(())).await.unwrap_err();
    assert!(matches!(refused, LimitError::Limited(limited) if limited.max() == 1));
    assert!(refused.to_string().contains("no more are allowed"));
    // Its one frame is all there is: the place is free before the end was asked for.
    let mut body = held.into_body();
    body.frame().await.unwrap().unwrap();
    assert_eq!(limit.in_flight(), 0);
    drop(body);

    let failing = limit.layer(service_fn(|_: Request<()>| async {
        Err::<Response<Empty<bytes::Bytes>>, _>(Broken)
    }));
    let error = failing.oneshot(Request::new(())).await.unwrap_err();
    assert_eq!(error, LimitError::Inner(Broken));
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn a_body_without_anything_to_read_holds_no_place() {
    let limit = LimitLayer::new(1);
    let service = limit.layer(service_fn(|_: Request<()>| async {
        Ok::<_, Broken>(Response::new(Empty::<bytes::Bytes>::new()))
    }));
    let _held = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(limit.in_flight(), 0);
}
