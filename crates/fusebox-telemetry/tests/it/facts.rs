//! What hosts tell of themselves.

use std::sync::Arc;
use std::time::SystemTime;

use fusebox::CircuitBreaker;
use fusebox_telemetry::{Exporter, Fact, Facts, QueueFact};

use crate::hosts::{CLASSIC, Host, OPEN_METRICS};

/// Tells these.
struct Telling(Vec<Fact>);

/// Tells these of queues.
struct Queued(Vec<(&'static str, QueueFact)>);

impl Facts for Queued {
    fn facts(&self, _: &mut dyn FnMut(Fact)) {}

    fn queues(&self, visit: &mut dyn FnMut(&str, QueueFact)) {
        self.0.iter().for_each(|(queue, fact)| visit(queue, *fact));
    }
}

impl Facts for Telling {
    fn facts(&self, visit: &mut dyn FnMut(Fact)) {
        self.0.iter().for_each(|fact| visit(*fact));
    }
}

fn lines(facts: &dyn Facts) -> Vec<String> {
    let none: Vec<Arc<CircuitBreaker>> = Vec::new();
    let text = CLASSIC.export_with(&none, facts, SystemTime::now());
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let facts = lines.filter(|line| !line.starts_with("fusebox_build_info"));
    facts.map(str::to_owned).collect()
}

fn requests(role: &'static str, action: &'static str, code: u16, count: u64) -> Fact {
    Fact::AdminRequests {
        role,
        action,
        code,
        count,
    }
}

#[test]
fn a_label_holds_no_text_that_is_not_a_plain_word() {
    let long = "a".repeat(41).leak();
    for odd in ["", "Hold", "hold rag", "/v1/hold?x=1", "a\"b", "ü", long] {
        for fact in [
            requests(odd, "hold", 200, 1),
            requests("viewer", odd, 200, 1),
        ] {
            let written = lines(&Telling(vec![fact])).join("\n");
            assert!(written.contains("=\"other\""), "{odd:?}: {written}");
            assert!(odd.is_empty() || !written.contains(odd), "{written}");
        }
    }
    for (code, word) in [(100, "100"), (599, "599"), (99, "other"), (600, "other")] {
        let written = lines(&Telling(vec![requests("none", "read", code, 1)]));
        assert!(
            written[0].contains(&format!("code=\"{word}\"")),
            "{written:?}"
        );
    }
}

#[test]
fn what_several_parts_count_is_added_up_and_the_first_says_how_it_is() {
    let telling = |facts: Vec<Fact>| Arc::new(Telling(facts)) as Arc<dyn Facts>;
    let parts = vec![
        telling(vec![
            requests("admin", "reset", 200, 2),
            Fact::StoreWrites(5),
            Fact::StoreHealthy(false),
        ]),
        telling(vec![
            requests("admin", "reset", 409, 1),
            requests("admin", "reset", 200, 40),
            Fact::StoreWrites(6),
            Fact::StoreHealthy(true),
        ]),
    ];
    assert_eq!(
        lines(&parts),
        [
            "fusebox_admin_requests_total{role=\"admin\",action=\"reset\",code=\"200\"} 42",
            "fusebox_admin_requests_total{role=\"admin\",action=\"reset\",code=\"409\"} 1",
            "fusebox_store_writes_total 11",
            "fusebox_store_healthy 0",
        ]
    );
}

#[test]
fn the_parts_of_a_host_tell_of_one_queue_together() {
    let parts: Vec<Arc<dyn Facts>> = vec![
        Arc::new(Queued(vec![
            ("a\"b", QueueFact::Bytes(7)),
            ("other", QueueFact::Failed(1)),
        ])),
        Arc::new(Queued(vec![
            ("a\"b", QueueFact::Bytes(8)),
            ("a\"b", QueueFact::Failed(3)),
            ("a\"b", QueueFact::Failed(4)),
        ])),
    ];
    assert_eq!(
        lines(&parts),
        [
            "fusebox_queue_bytes{queue=\"a\\\"b\"} 7",
            "fusebox_queue_failed_total{queue=\"other\"} 1",
            "fusebox_queue_failed_total{queue=\"a\\\"b\"} 7",
        ]
    );
}

#[test]
fn a_reason_that_is_no_plain_word_is_another() {
    let reason = "the disk is full: /var/lib";
    let refused = Queued(vec![("q", QueueFact::Rejected { reason, count: 1 })]);
    let series = "fusebox_queue_rejected_total{queue=\"q\",reason=\"other\"} 1";
    assert_eq!(lines(&refused), [series]);
}

#[test]
fn odd_words_that_fall_together_are_one_series() {
    let facts = vec![
        requests("Ann", "x y", 200, 1),
        requests("Bob", "y z", 200, 2),
    ];
    let series = "fusebox_admin_requests_total{role=\"other\",action=\"other\",code=\"200\"}";
    assert_eq!(lines(&Telling(facts)), [format!("{series} 3")]);
}

#[test]
fn a_host_without_facts_has_no_empty_metric() {
    let none: Vec<Arc<CircuitBreaker>> = Vec::new();
    for exporter in [&CLASSIC as &dyn Exporter, &OPEN_METRICS] {
        let wall = SystemTime::now();
        let text = exporter.export_with(&none, &(), wall);
        assert!(!text.contains("fusebox_store"), "{text}");
        assert_eq!(text, exporter.export(&none, wall));
        let told = exporter.export_with(&none, &Host, wall);
        assert!(told.contains("fusebox_store_healthy 1\n"), "{told}");
    }
}
