//! With the feature `tokio` a silent body is settled at the instant, not at the next look.

use crate::paused::pass;
use crate::stand::{SECOND, call, call_by, circuit, counts, half_open, poll_once, streamed};
use fusebox::{Outcome, State};
use fusebox_tower::BreakerLayer;
use http_body_util::BodyExt;
use std::time::Duration;

/// Tokio's time is paused and jumps to the next timer; the circuit's clock stands still, so that
/// only the timer can settle.
#[tokio::test(start_paused = true)]
async fn a_silent_body_is_settled_when_the_time_is_over() {
    let (_, circuit) = half_open(|builder| builder);
    let (sender, response) = streamed();
    let mut body = call(&circuit, Ok(response)).await.unwrap().into_body();
    let reader = tokio::spawn(async move {
        let end = body.frame().await;
        (end.is_none(), body.outcome())
    });
    pass(5 * SECOND - Duration::from_millis(2)).await;
    assert_eq!(circuit.state(), State::HalfOpen);
    pass(Duration::from_millis(4)).await;
    assert_eq!(circuit.state(), State::Closed);
    assert_eq!(counts(&circuit), (1, 0, 0));
    drop(sender);
    assert_eq!(reader.await.unwrap(), (true, Some(Outcome::Success)));
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn frames_do_not_set_the_timer_back() {
    let (clock, circuit) = circuit(|builder| builder);
    let (mut sender, response) = streamed();
    let layer = BreakerLayer::new(circuit.clone()).settle_after(3 * SECOND);
    let mut body = call_by(layer, Ok(response)).await.unwrap().into_body();
    for _ in 0..2 {
        assert!(poll_once(&mut body.frame()).is_pending());
        clock.advance(SECOND);
        tokio::time::advance(SECOND).await;
        sender.send_data("x".into()).await.unwrap();
        body.frame().await.unwrap().unwrap();
    }
    assert_eq!(counts(&circuit), (0, 0, 0));
    tokio::time::advance(SECOND).await;
    assert!(poll_once(&mut body.frame()).is_pending());
    assert_eq!(counts(&circuit), (1, 0, 0));
}

#[test]
fn outside_a_runtime_the_body_is_looked_at_as_without_the_feature() {
    let (clock, circuit) = circuit(|builder| builder);
    let (_sender, response) = streamed();
    let mut made = Box::pin(call(&circuit, Ok(response)));
    let std::task::Poll::Ready(Ok(answer)) = poll_once(&mut made) else {
        panic!("the service is ready");
    };
    let mut body = answer.into_body();
    assert!(poll_once(&mut body.frame()).is_pending());
    clock.advance(5 * SECOND);
    assert!(poll_once(&mut body.frame()).is_pending());
    assert_eq!(counts(&circuit), (1, 0, 0));
}
