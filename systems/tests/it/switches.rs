//! The switches of a stand-in, as a caller meets them.

use axum::Router;
use axum::routing::get;
use systems::hosting::Hosted;
use systems::stand_in::switches::{At, Behaviour, Mode, Switches};

use crate::http::{ask, send};

async fn stand_in() -> (Switches, Hosted) {
    let switches = Switches::new();
    let routes = Router::new().route("/work", get(async || "done"));
    let hosted = Hosted::start(([127, 0, 0, 1], 0).into(), switches.over(routes));
    (switches, hosted.await.unwrap())
}

#[tokio::test]
async fn a_stand_in_does_what_is_switched_as_often_as_was_said() {
    let (switches, hosted) = stand_in().await;
    let work = format!("{}/work", hosted.url());
    let control = format!("{}/switches", hosted.url());
    assert_eq!(ask("GET", &work).await.unwrap().0, 200);

    let body = r#"{"mode": "fail", "status": 500, "times": 2}"#;
    assert_eq!(send("POST", &control, body).await.unwrap().0, 200);
    for expected in [500, 500, 200] {
        assert_eq!(ask("GET", &work).await.unwrap().0, expected);
    }
    switches.turn(Mode::Refuse);
    assert_eq!(ask("GET", &work).await.unwrap().0, 422);
    switches.turn(Behaviour {
        only: Some("/other".to_owned()),
        ..Mode::Fail.into()
    });
    assert_eq!(ask("GET", &work).await.unwrap().0, 200);
    assert_eq!(switches.calls(), 6);
}

#[tokio::test]
async fn a_dropped_call_has_no_answer_whether_it_was_done_or_not() {
    let (switches, hosted) = stand_in().await;
    let work = format!("{}/work", hosted.url());
    for at in [At::Call, At::Answer] {
        switches.turn(Behaviour {
            at,
            times: Some(1),
            ..Mode::Drop.into()
        });
        assert!(ask("GET", &work).await.is_err());
        assert_eq!(ask("GET", &work).await.unwrap().0, 200);
    }
    hosted.end().await;
}

#[tokio::test]
async fn what_hangs_breaks_when_it_is_switched_anew() {
    let (switches, hosted) = stand_in().await;
    let work = format!("{}/work", hosted.url());
    switches.turn(Mode::Hang);
    let calling = tokio::spawn(async move { ask("GET", &work).await });
    while switches.calls() < 1 {
        tokio::task::yield_now().await;
    }
    assert!(!calling.is_finished());
    // The call may be counted and not hang yet; it breaks at the next switching then.
    while !calling.is_finished() {
        switches.turn(Mode::Hang);
        tokio::task::yield_now().await;
    }
    assert!(calling.await.unwrap().is_err());
    hosted.end().await;
}
