//! What the interface tells of itself to a scraper.

use std::sync::Arc;
use std::time::SystemTime;

use axum::http::header;
use fusebox::CircuitBreaker;
use fusebox_admin::{Grant, Role, Token, Tokens};
use fusebox_queue::relay::Relay;
use fusebox_queue::sink::Reply;
use fusebox_queue::{Leased, Scope};
use fusebox_telemetry::{Fact, Facts, Names};

use super::asking::{Desk, from, request};

/// The lines of `/metrics` that begin with this.
async fn lines(desk: &Desk, begin: &str) -> Vec<String> {
    let text = desk.get("/metrics").await.text;
    let lines = text.lines().filter(|line| line.starts_with(begin));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn requests_are_counted_by_role_action_and_status() {
    let desk = Desk::new();
    desk.get("/livez").await;
    desk.get("/api/v1/circuit-breakers/none").await.problem(404);
    for _ in 0..2 {
        let path = "/api/v1/circuit-breakers/rag/force-state";
        desk.post(path, r#"{"state": "open"}"#).await.ok();
    }
    assert_eq!(
        lines(&desk, "fusebox_admin_requests_total{").await,
        [
            "fusebox_admin_requests_total{role=\"admin\",action=\"force-state\",code=\"200\"} 2",
            "fusebox_admin_requests_total{role=\"admin\",action=\"read\",code=\"404\"} 1",
            "fusebox_admin_requests_total{role=\"none\",action=\"read\",code=\"200\"} 1",
        ]
    );
}

#[tokio::test]
async fn who_is_refused_is_counted_by_the_role_that_was_recognised() {
    let (viewer, text) = Token::issue(Grant::new("eve", Role::Viewer)).expect("a token");
    let desk = Desk::with(|admin| admin.tokens(Tokens::fixed([viewer])));
    let bearer = format!("Bearer {}", text.as_str());
    let send = async |method: &str, path: &str, bearer: Option<&str>| {
        let mut sent = request(method, path);
        if let Some(bearer) = bearer {
            sent = sent.header(header::AUTHORIZATION, bearer);
        }
        desk.send(from("10.0.0.1:1", sent)).await
    };
    send("POST", "/api/v1/main", None).await.problem(401);
    send("POST", "/api/v1/main", Some(&bearer))
        .await
        .problem(403);
    let metrics = send("GET", "/metrics", Some(&bearer)).await.text;
    for series in [
        "{role=\"none\",action=\"main\",code=\"401\"} 1\n",
        "{role=\"viewer\",action=\"main\",code=\"403\"} 1\n",
    ] {
        let line = format!("fusebox_admin_requests_total{series}");
        assert!(metrics.contains(&line), "{metrics}");
    }
}

#[tokio::test]
async fn store_and_followers_are_told() {
    let desk = Desk::new();
    assert_eq!(
        lines(&desk, "fusebox_stream_clients").await,
        ["fusebox_stream_clients 0"]
    );
    let following = super::stream::follow_all(&desk).await;
    assert_eq!(
        lines(&desk, "fusebox_stream_clients").await,
        ["fusebox_stream_clients 1"]
    );
    drop(following);
    let store = lines(&desk, "fusebox_store_").await;
    for name in [
        "writes_total",
        "failures_total",
        "pending",
        "lag_seconds",
        "healthy",
    ] {
        let begin = format!("fusebox_store_{name} ");
        let found = store.iter().filter(|line| line.starts_with(&begin)).count();
        assert_eq!(found, 1, "{name}: {store:?}");
    }
}

#[tokio::test]
async fn queues_and_their_relays_are_told() {
    let (queues, rag, _vms) = super::queues::queues();
    let breaker = Arc::new(CircuitBreaker::builder("rag").build().expect("a breaker"));
    let relay = Relay::builder(rag.clone(), breaker).sink(|_: Leased| async { Reply::DELIVERED });
    let watch = relay.build().expect("a relay").watch();
    let desk = Desk::with(|admin| {
        let relays = move || vec![watch.clone()];
        admin.queues(queues.clone()).relays(relays)
    });
    super::queues::kill(&rag, "till-1", "dead").await;
    super::queues::push(&rag, "till-2", "waits").await;
    let spring = Scope::Group("rag".to_owned(), "spring".to_owned());
    for scope in [spring, Scope::Queue("rag".to_owned())] {
        queues.pause(scope, "drill", "ada").await.expect("paused");
    }
    let told = lines(&desk, "fusebox_queue_").await;
    for line in [
        "paused{queue=\"rag\"} 1",
        "paused{queue=\"vms\"} 0",
        "paused_groups{queue=\"rag\"} 1",
        "limit_messages{queue=\"rag\"} 100000",
        "limit_bytes{queue=\"vms\"} 1073741824",
        "pushed_total{queue=\"rag\"} 2",
        "rejected_total{queue=\"rag\",reason=\"disk_full\"} 0",
        "delivered_total{queue=\"rag\"} 0",
        "retries_total{queue=\"rag\"} 0",
        "deferred_total{queue=\"rag\"} 0",
        "crashed_total{queue=\"rag\"} 0",
        "dead_letters_total{queue=\"rag\",reason=\"refused\"} 1",
        "failed_total{queue=\"rag\"} 0",
        "drain_rate{queue=\"rag\"} 0",
        "commit_failures_total 0",
        "storage_healthy 1",
    ] {
        let line = format!("fusebox_queue_{line}");
        assert!(told.contains(&line), "{line}: {told:#?}");
    }
    let of = |begin: &str| {
        let mut told = told.iter().filter_map(|line| line.split_once(' '));
        let found = told.find(|(series, _)| *series == format!("fusebox_queue_{begin}"));
        found.and_then(|(_, value)| value.parse::<f64>().ok())
    };
    // Two pushes, a lease, a settlement and two pauses, each at its own time; and chores.
    assert!(of("commit_duration_seconds_count").is_some_and(|count| count >= 6.0));
    assert!(of("commit_duration_seconds_sum").is_some_and(|sum| sum > 0.0));
    let depth = |state: &str| of(&format!("depth{{queue=\"rag\",state=\"{state}\"}}"));
    assert!(
        ["waiting", "leased", "dead"]
            .map(depth)
            .iter()
            .all(Option::is_some)
    );
    assert_eq!(of("failed_total{queue=\"vms\"}"), None, "nobody drains it");

    let nothing = lines(&Desk::new(), "fusebox_queue_").await;
    assert_eq!(nothing, Vec::<String>::new(), "a service without queues");
}

/// A host that has read its settings.
struct Host;

impl Facts for Host {
    fn facts(&self, visit: &mut dyn FnMut(Fact)) {
        visit(Fact::ConfigLastReloadSuccess(true));
        visit(Fact::ConfigLastReload(SystemTime::UNIX_EPOCH));
    }
}

#[tokio::test]
async fn a_host_adds_its_own_facts_and_chooses_the_names() {
    let desk = Desk::with(|admin| admin.facts(Arc::new(Host)).metric_names(Names::Enhanced));
    assert_eq!(
        lines(&desk, "fusebox_config_last_reload_success").await,
        ["fusebox_config_last_reload_success 1"]
    );
    let enhanced = lines(&desk, "enhanced_circuit_breaker_state{").await;
    assert_eq!(enhanced.len(), 2, "{enhanced:?}");
    assert!(lines(&desk, "circuit_breaker_").await.is_empty());
}
