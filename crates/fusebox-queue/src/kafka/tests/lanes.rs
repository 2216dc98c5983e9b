//! One event of a key at a time, with a carrier that the test holds back.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::super::event::Named;
use super::super::lanes::{Carry, Lanes};
use super::*;

/// Carries an event for each place that it is given.
#[derive(Default)]
struct Held {
    places: HeldPlaces,
    begun: Mutex<Vec<Option<String>>>,
    /// It panics with so many events first.
    panics: AtomicUsize,
}

struct HeldPlaces(Semaphore);

impl Default for HeldPlaces {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Held {
    fn begun(&self) -> MutexGuard<'_, Vec<Option<String>>> {
        self.begun.lock().unwrap()
    }

    fn let_go(&self, events: usize) {
        self.places.0.add_permits(events);
    }
}

impl Carry for Held {
    fn carry<'a>(
        &'a self,
        event: &'a Named,
    ) -> Pin<Box<dyn Future<Output = Result<Published, PublishError>> + Send + 'a>> {
        Box::pin(async {
            self.begun().push(event.key.clone());
            let left = |left: usize| left.checked_sub(1);
            let panics = self.panics.fetch_update(SeqCst, SeqCst, left).is_ok();
            assert!(!panics, "a mistake of the carrier");
            self.places.0.acquire().await.unwrap().forget();
            Ok(Published::Delivered {
                partition: 0,
                offset: 0,
            })
        })
    }

    fn panicked(&self, said: &str) -> Result<Published, PublishError> {
        Err(PublishError::Failed {
            error: said.to_owned(),
            uncertain: true,
        })
    }
}

fn lanes(unanswered_max: usize) -> (Arc<Held>, Arc<Lanes>) {
    let held = Arc::<Held>::default();
    let carry: Arc<dyn Carry> = Arc::clone(&held) as _;
    let lanes = Lanes::new(carry, Handle::current(), unanswered_max);
    (held, Arc::new(lanes))
}

fn event(key: Option<&str>) -> Named {
    let event = Event::new(TOPIC, "x");
    let event = match key {
        Some(key) => event.key(key),
        None => event,
    };
    event.named().unwrap()
}

/// Lets every task run as far as it can.
async fn calm() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn of_a_key_one_is_carried_at_a_time_and_those_without_a_key_all_at_once() {
    let (held, lanes) = lanes(100);
    let keys = [Some("a"), Some("a"), Some("b"), Some("a"), None, None];
    let all: Vec<_> = keys.map(|key| lanes.take(event(key)).unwrap()).into();
    calm().await;
    let own = |key: Option<&str>| key.map(str::to_owned);
    assert_eq!(*held.begun(), [Some("a"), Some("b"), None, None].map(own));
    assert_eq!(lanes.unanswered(), 6);
    held.let_go(6);
    for one in all {
        soon(one).await.unwrap();
    }
    assert_eq!(held.begun().len(), 6);
    soon(lanes.are_empty()).await;
}

#[tokio::test]
async fn one_too_many_is_told_so_and_an_answer_makes_room() {
    let (held, lanes) = lanes(2);
    let first = lanes.take(event(Some("a"))).unwrap();
    drop(lanes.take(event(Some("a"))).unwrap());
    let error = lanes.take(event(Some("b"))).unwrap_err();
    assert_eq!(error, PublishError::Busy { unanswered: 2 });
    held.let_go(1);
    soon(first).await.unwrap();
    assert!(lanes.take(event(None)).is_ok());
}

#[tokio::test]
async fn a_closed_one_takes_nothing_and_ends_what_it_has() {
    let (held, lanes) = lanes(100);
    let one = lanes.take(event(Some("a"))).unwrap();
    let behind = lanes.take(event(Some("a"))).unwrap();
    lanes.close();
    assert_eq!(lanes.take(event(None)).unwrap_err(), PublishError::Closed);
    held.let_go(2);
    soon(one).await.unwrap();
    soon(behind).await.unwrap();
    soon(lanes.are_empty()).await;
}

/// Three events of a key and one without, of which the first `panics` panic: what is heard of each.
async fn heard_of_four(panics: usize) -> Vec<Result<Published, PublishError>> {
    let (held, lanes) = lanes(100);
    held.panics.store(panics, SeqCst);
    held.let_go(4);
    let keys = [Some("a"), Some("a"), Some("a"), None];
    let all: Vec<_> = keys.map(|key| lanes.take(event(key)).unwrap()).into();
    let heard = answers(all).await;
    soon(lanes.are_empty()).await;
    // A new lane begins where the old one ended.
    let next = lanes.take(event(Some("a"))).unwrap();
    held.let_go(1);
    assert_eq!(soon(next).await.is_ok(), panics <= 4);
    heard
}

#[tokio::test]
async fn a_carrier_that_panics_once_fails_one_event_and_its_lane_goes_on() {
    let heard = heard_of_four(1).await;
    let failed = PublishError::Failed {
        error: "a mistake of the carrier".to_owned(),
        uncertain: true,
    };
    let failures: Vec<_> = heard.iter().filter(|one| one.is_err()).collect();
    assert_eq!(failures, [&Err(failed)]);
}

#[tokio::test]
async fn a_carrier_that_always_panics_leaves_no_event_without_an_answer() {
    let heard = heard_of_four(usize::MAX).await;
    assert!(heard.iter().all(Result::is_err), "{heard:?}");
}
