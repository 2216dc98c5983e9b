//! How long a call took is told with its outcome, exactly, whichever way it ends.

use crate::stand::{Broken, SECOND, call, circuit, response, streamed};
use fusebox::{CircuitBreaker, Clock, ManualClock, Rate, Tick};
use fusebox_tower::BreakerLayer;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use std::sync::Arc;
use std::time::Duration;
use tower::{Layer, ServiceExt, service_fn};

/// Its coarse time stands still: what a call is seen to take was read exactly.
#[derive(Clone, Debug)]
struct Lagging(ManualClock);

impl Clock for Lagging {
    fn now(&self) -> Tick {
        self.0.now()
    }

    fn coarse(&self) -> Tick {
        Tick::ZERO
    }
}

/// Closed, with a limit that the breaker itself would measure by the coarse clock.
fn timed() -> (ManualClock, Arc<CircuitBreaker>) {
    let clock = ManualClock::new();
    let builder = CircuitBreaker::builder("upstream")
        .slow_call_rate(Rate::percent(100.0).unwrap())
        .slow_call_duration(SECOND)
        .clock(Lagging(clock.clone()));
    (clock, Arc::new(builder.build().unwrap()))
}

/// One call whose answer comes after `time`.
async fn after<T: Body + 'static>(
    circuit: &Arc<CircuitBreaker>,
    clock: &ManualClock,
    time: Duration,
    answer: Result<Response<T>, Broken>,
) -> crate::stand::Answered<T> {
    let mut answer = Some(answer);
    let service = service_fn(move |_: Request<()>| {
        clock.advance(time);
        std::future::ready(answer.take().unwrap())
    });
    let layer = BreakerLayer::new(Arc::clone(circuit));
    layer.layer(service).oneshot(Request::new(())).await
}

fn slow(circuit: &CircuitBreaker) -> u64 {
    circuit.snapshot().totals.slow
}

#[tokio::test]
async fn a_call_that_its_head_settles_took_until_the_head() {
    let (clock, circuit) = timed();
    for (status, seen) in [
        (StatusCode::NO_CONTENT, 1),
        (StatusCode::INTERNAL_SERVER_ERROR, 2),
    ] {
        let answer = response(status, Empty::<&[u8]>::new());
        after(&circuit, &clock, 2 * SECOND, Ok(answer))
            .await
            .unwrap();
        assert_eq!(slow(&circuit), seen, "{status}");
    }
}

#[tokio::test]
async fn a_call_that_its_body_settles_took_until_the_head() {
    let (clock, circuit) = timed();
    let (mut sender, answer) = streamed();
    let answer = after(&circuit, &clock, 2 * SECOND, Ok(answer))
        .await
        .unwrap();
    sender.send_data("late".into()).await.unwrap();
    drop(sender);
    answer.into_body().collect().await.unwrap();
    assert_eq!(slow(&circuit), 1);

    let (sender, answer) = streamed();
    let answer = after(&circuit, &clock, SECOND / 2, Ok(answer))
        .await
        .unwrap();
    clock.advance(4 * SECOND);
    drop(sender);
    answer.into_body().collect().await.unwrap();
    assert_eq!(slow(&circuit), 1, "its body was slow, not its head");
}

#[tokio::test]
async fn a_call_that_ends_with_an_error_took_until_the_error() {
    let (clock, circuit) = timed();
    let error = Err::<Response<Full<bytes::Bytes>>, _>(Broken);
    after(&circuit, &clock, 2 * SECOND, error)
        .await
        .unwrap_err();
    assert_eq!(slow(&circuit), 1);
}

#[tokio::test]
async fn a_quick_call_is_not_slow() {
    let (_, circuit) = timed();
    let answer = response(StatusCode::OK, Empty::<&[u8]>::new());
    call(&circuit, Ok(answer)).await.unwrap();
    assert_eq!(slow(&circuit), 0);
}

#[tokio::test]
async fn every_answered_call_is_in_the_durations_also_where_no_setting_asks_for_them() {
    let (clock, circuit) = circuit(|builder| builder);
    assert_eq!(circuit.durations(), None);
    let good = response(StatusCode::OK, Full::new(bytes::Bytes::from("body")));
    let answer = after(&circuit, &clock, SECOND, Ok(good)).await.unwrap();
    answer.into_body().collect().await.unwrap();
    let failing = response(StatusCode::BAD_GATEWAY, Empty::<&[u8]>::new());
    after(&circuit, &clock, 2 * SECOND, Ok(failing))
        .await
        .unwrap();
    let error = Err::<Response<Full<bytes::Bytes>>, _>(Broken);
    after(&circuit, &clock, 4 * SECOND, error)
        .await
        .unwrap_err();
    // Nobody knows how long a call would have taken whose caller left.
    let (_sender, unread) = streamed();
    drop(
        after(&circuit, &clock, 8 * SECOND, Ok(unread))
            .await
            .unwrap(),
    );
    let durations = circuit.durations().unwrap();
    assert_eq!((durations.count(), durations.sum), (3, 7 * SECOND));
}
