//! What every exporter keeps to, whatever its format.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fusebox::{ManualClock, Reading, Source};
use fusebox_telemetry::{Classic, Exporter, Names, OpenMetrics};

use crate::hosts::{CLASSIC, OPEN_METRICS, Service, breaker, built};

/// A new exporter goes here.
const ALL: [&dyn Exporter; 4] = [
    &OPEN_METRICS,
    &CLASSIC,
    &OpenMetrics::new(Names::Enhanced),
    &Classic::new(Names::Enhanced),
];

fn service() -> Service {
    let clock = ManualClock::new();
    Service {
        name: "orchestrator",
        breakers: vec![
            built(breaker("rag", &clock)),
            built(breaker("notifier", &clock)),
        ],
        fallbacks: vec![("static", 2)],
    }
}

/// Counts how often it is read.
struct Watched(Service, AtomicUsize);

impl Source for Watched {
    fn read(&self, visit: &mut dyn FnMut(&Reading<'_>)) {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.read(visit);
    }
}

#[test]
fn the_content_type_is_a_media_type_that_fits_a_header() {
    for exporter in ALL {
        let text = exporter.content_type();
        assert!(text.bytes().all(|byte| (b' '..0x7f).contains(&byte)));
        assert!(
            text.split_once('/')
                .is_some_and(|(kind, _)| !kind.is_empty())
        );
    }
}

#[test]
fn a_scrape_reads_its_source_once_and_shows_every_circuit() {
    for exporter in ALL {
        let watched = Watched(service(), AtomicUsize::new(0));
        let text = exporter.export(&watched, SystemTime::now());
        assert_eq!(watched.1.load(Ordering::Relaxed), 1, "{exporter:?}");
        assert!(text.contains("rag") && text.contains("notifier"), "{text}");
    }
}

#[test]
fn two_scrapes_of_one_instant_are_the_same() {
    let (service, wall) = (service(), UNIX_EPOCH + Duration::from_secs(1_000_000));
    for exporter in ALL {
        let first = exporter.export(&service, wall);
        assert_eq!(first, exporter.export(&service, wall), "{exporter:?}");
    }
}
