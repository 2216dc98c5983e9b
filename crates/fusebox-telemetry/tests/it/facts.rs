//! What hosts tell of themselves.

use std::sync::Arc;
use std::time::SystemTime;

use fusebox::CircuitBreaker;
use fusebox_telemetry::{Exporter, Fact, Facts};

use crate::hosts::{CLASSIC, Host, OPEN_METRICS};

/// Tells these.
struct Telling(Vec<Fact>);

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
