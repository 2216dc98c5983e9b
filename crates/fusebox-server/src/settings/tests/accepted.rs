//! Files that are right: what comes out, defaults filled in.

use std::time::Duration;

use fusebox::{FailureClass, Outcome, Rate};
use fusebox_telemetry::Names;
use http::header::CONTENT_TYPE;

use super::{RAG, parse};
use crate::settings::{
    CircuitSettings, Config, Scheme, ServerSettings, StoreKind, Trouble, WhenUnavailable,
};

const SECOND: Duration = Duration::from_secs(1);

fn rag(rest: &str) -> CircuitSettings {
    let config = parse(&format!("{RAG}{rest}")).unwrap();
    config.circuits.into_iter().next().unwrap()
}

#[test]
fn an_empty_file_gives_the_defaults_and_no_circuits() {
    let config = parse("").unwrap();
    assert_eq!(
        config,
        Config {
            server: ServerSettings::default(),
            store: StoreKind::Sqlite,
            metric_names: Names::Standard,
            otlp: false,
            circuits: Vec::new()
        }
    );
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.admin.to_string(), "127.0.0.1:9797");
    assert_eq!(config.server.data_dir.to_str(), Some("fusebox-data"));
}

#[test]
fn a_circuit_with_an_upstream_alone_is_complete() {
    let rag = rag("");
    assert_eq!(
        (rag.upstream.scheme, rag.upstream.port),
        (Scheme::Http, 8000)
    );
    assert_eq!(
        (rag.upstream.host.as_str(), rag.upstream.path.as_str()),
        ("rag", "")
    );
    assert_eq!(
        (rag.timeout, rag.connect_timeout),
        (30 * SECOND, 2 * SECOND)
    );
    assert_eq!(rag.head_timeout, None);
    assert_eq!(
        (rag.path.as_str(), rag.strip_path, rag.host),
        ("/rag", true, None)
    );
    assert_eq!(rag.settle_after, 5 * SECOND);
    assert_eq!(rag.when_unavailable, WhenUnavailable::Reject);
    assert_eq!((rag.fallback, rag.fallback_on), (None, Vec::new()));
    assert!(!rag.trips_main);
}

#[test]
fn the_contract_s_example_is_read() {
    let config = parse(
        r#"
[server]
listen = "127.0.0.1:0"
admin = "[::1]:0"
data_dir = "data"
[circuits.rag]
upstream = "http://rag:8000"
timeout = "30s"
priority = 1
when_unavailable = "fallback"
fallback_on = ["rejected", "connect", "timeout", "reset", "5xx"]
classify = { "429" = "failure" }
settle_after = "5s"
trips_main = false
[circuits.rag.breaker]
consecutive_failures = 5
open_for = "60s"
[circuits.rag.fallback]
status = 200
json = { linked_explanation = "...", retrieved_context = [], confidence_score = 0.0 }
"#,
    )
    .unwrap();
    let rag = &config.circuits[0];
    assert_eq!(rag.priority, 1);
    assert_eq!(rag.fallback_on, Trouble::ALL);
    assert_eq!(rag.breaker.consecutive_failures(), Some(5));
    assert_eq!(rag.breaker.failure_rate(), None);
    let fallback = rag.fallback.as_ref().unwrap();
    let body = r#"{"linked_explanation":"...","retrieved_context":[],"confidence_score":0.0}"#;
    assert_eq!(fallback.body, body);
    assert_eq!(fallback.headers[CONTENT_TYPE], "application/json");
}

#[test]
fn the_gateway_s_time_outs_enter_the_breaker_unless_it_says_otherwise() {
    let short = rag("timeout = \"3s\"").breaker;
    assert_eq!(short.half_open_timeout(), 30 * SECOND);
    assert_eq!(short.abandoned_after(), Some(3 * SECOND));
    let long = rag("timeout = \"60s\"").breaker;
    assert_eq!(long.half_open_timeout(), 65 * SECOND);
    assert_eq!(long.abandoned_after(), Some(60 * SECOND));
    let own = rag("breaker = { half_open_timeout = \"1s\", abandoned_after = \"off\" }").breaker;
    assert_eq!(
        (own.half_open_timeout(), own.abandoned_after()),
        (SECOND, None)
    );
    let entries = long.entries();
    assert!(
        entries.contains(&("half_open_timeout", "65s".into())),
        "{entries:?}"
    );
}

#[test]
fn a_short_time_out_shortens_the_default_for_connecting() {
    assert_eq!(
        rag("timeout = \"500ms\"").connect_timeout,
        Duration::from_millis(500)
    );
}

#[test]
fn a_route_follows_from_path_and_host() {
    let route = |rest: &str| {
        let rag = rag(rest);
        (rag.path, rag.strip_path, rag.host)
    };
    let some = |host: &str| Some(host.to_owned());
    assert_eq!(route("path = \"/api\""), ("/api".into(), false, None));
    assert_eq!(
        route("path = \"/api/v1/\""),
        ("/api/v1".into(), false, None)
    );
    assert_eq!(
        route("path = \"/api\"\nstrip_path = true"),
        ("/api".into(), true, None)
    );
    assert_eq!(route("path = \"/\""), ("/".into(), false, None));
    assert_eq!(route("strip_path = false"), ("/rag".into(), false, None));
    assert_eq!(
        route("host = \"RAG.example\""),
        ("/".into(), false, some("rag.example"))
    );
    assert_eq!(
        route("host = \"rag.example\"\npath = \"/a\""),
        ("/a".into(), false, some("rag.example"))
    );
}

#[test]
fn circuits_keep_the_order_of_the_file() {
    let text = "[circuits.b]\nupstream = \"http://b\"\n[circuits.a]\nupstream = \"http://a\"\n\
        [circuits.c]\nupstream = \"http://c\"";
    let names: Vec<_> = parse(text)
        .unwrap()
        .circuits
        .into_iter()
        .map(|c| c.name)
        .collect();
    assert_eq!(names, ["b", "a", "c"]);
}

#[test]
fn an_exact_status_outranks_its_class_and_both_outrank_the_default() {
    let rag =
        rag("classify = { \"4xx\" = \"ignored\", \"404\" = \"success\", \"429\" = \"failure\" }");
    let failure = Outcome::Failure(FailureClass::Status);
    for (status, outcome) in [
        (200, Outcome::Success),
        (400, Outcome::Ignored),
        (404, Outcome::Success),
        (429, failure),
        (500, failure),
        (501, Outcome::Success),
    ] {
        assert_eq!(rag.outcome_of(status), outcome, "{status}");
    }
}

#[test]
fn a_fallback_s_body_is_a_text_a_json_value_or_a_file() {
    let text = rag("fallback = { body = \"sorry\", status = 503, headers = { X-Why = \"down\" } }");
    assert_eq!(text.when_unavailable, WhenUnavailable::Fallback);
    let fallback = text.fallback.unwrap();
    assert_eq!(
        (fallback.status.as_u16(), &fallback.body[..]),
        (503, &b"sorry"[..])
    );
    assert_eq!(fallback.headers["x-why"], "down");
    assert_eq!(fallback.headers[CONTENT_TYPE], "text/plain; charset=utf-8");

    let own = rag("fallback = { body = \"<p>\", headers = { Content-Type = \"text/html\" } }");
    assert_eq!(own.fallback.unwrap().headers[CONTENT_TYPE], "text/html");

    let empty = rag("fallback = { status = 204 }").fallback.unwrap();
    assert!(empty.body.is_empty() && empty.headers.is_empty());

    // A file beside the settings file: here this crate's manifest.
    let folder = env!("CARGO_MANIFEST_DIR");
    let text = format!("{RAG}fallback = {{ file = \"Cargo.toml\" }}");
    let name = format!("{folder}/f.toml");
    let config = Config::parse(&text, &name, std::iter::empty()).unwrap();
    let body = &config.circuits[0].fallback.as_ref().unwrap().body;
    assert_eq!(
        body,
        &std::fs::read(format!("{folder}/Cargo.toml")).unwrap()
    );
}

#[test]
fn the_settings_in_force_are_shown_with_their_defaults() {
    let shown = parse(&format!("{RAG}timeout = \"40s\""))
        .unwrap()
        .effective();
    let rag = &shown["circuits"]["rag"];
    assert_eq!(rag["upstream"], "http://rag:8000");
    assert_eq!(rag["connect_timeout"], "2s");
    assert_eq!(rag["breaker"]["half_open_timeout"], "45s");
    assert_eq!(rag["breaker"]["abandoned_after"], "40s");
    assert_eq!(shown["server"]["listen"], "127.0.0.1:8080");
}

#[test]
fn line_ends_of_other_systems_and_a_byte_order_mark_do_no_harm() {
    let text = format!("\u{feff}{RAG}timeout = \"3s\"\n").replace('\n', "\r\n");
    assert_eq!(parse(&text).unwrap().circuits[0].timeout, 3 * SECOND);
}

#[test]
fn rates_keep_their_decimals() {
    let breaker = rag("breaker = { failure_rate = \"0.25%\" }").breaker;
    assert_eq!(breaker.failure_rate(), Rate::percent(0.25).ok());
}

#[test]
fn the_contract_s_keyed_circuit_with_a_queue_is_read() {
    let text = "[circuits.ofd]\nupstream = \"https://ofd.example\"\ntrips_main = true\n\
        when_unavailable = \"queue\"\n\
        [circuits.ofd.branch]\nkey = \"header:X-POS-ID\"\n\
        [circuits.ofd.queue]\nmessages_max = 7\nbytes_max = \"2MiB\"\nage_max = \"1h\"\n\
        key = \"header:X-POS-ID\"\nheaders = [\"Authorization\"]\n";
    let ofd = parse(text).unwrap().circuits.remove(0);
    assert!(ofd.trips_main);
    assert_eq!(ofd.when_unavailable, WhenUnavailable::Queue);
    let effective = ofd.effective();
    let branch = ofd.branch.unwrap();
    assert_eq!(branch.key.to_string(), "header:x-pos-id");
    assert_eq!(branch.settings, fusebox::BranchSettings::default());
    let queue = ofd.queue.unwrap();
    assert_eq!(queue.key, Some(branch.key));
    assert_eq!(queue.settings.messages_max, 7);
    assert_eq!(queue.settings.bytes_max, 2 << 20);
    assert_eq!(queue.settings.age_max, Some(3600 * SECOND));
    assert_eq!(queue.settings.attempts_max, Some(20));
    assert_eq!(queue.headers, ["authorization"]);
    assert!(!queue.uncertain);
    assert_eq!(effective["queue"]["bytes_max"], 2 << 20);
    assert_eq!(effective["when_unavailable"], "queue");
}

#[test]
fn next_circuits_are_read_in_their_order_whatever_the_order_of_the_file() {
    let more = "when_unavailable = \"next\"\nnext = [\"z\", \"a\"]\nnext_uncertain = true\n\
        [circuits.a]\nupstream = \"http://a\"\nwhen_unavailable = \"next\"\nnext = [\"rag\"]\n\
        fallback_on = [\"5xx\", \"connect\"]\n[circuits.z]\nupstream = \"http://z\"\n";
    let config = parse(&format!("{RAG}{more}")).unwrap();
    let [rag, a, z] = &config.circuits[..] else {
        panic!("{config:?}");
    };
    assert_eq!(rag.when_unavailable, WhenUnavailable::Next);
    assert_eq!(rag.next, ["z", "a"]);
    assert_eq!(rag.fallback_on, Trouble::ALL);
    let effective = rag.effective();
    assert_eq!(effective["when_unavailable"], "next");
    assert_eq!(effective["next"], serde_json::json!(["z", "a"]));
    assert_eq!(
        a.next,
        ["rag"],
        "a circle is none: no next of a next is tried"
    );
    assert_eq!(a.fallback_on, [Trouble::Status5xx, Trouble::Connect]);
    assert!(z.next.is_empty() && z.fallback_on.is_empty());
    assert!(rag.next_uncertain && !a.next_uncertain && !z.next_uncertain);
    assert_eq!(effective["next_uncertain"], true);
    // It would be refused in a file without `next`.
    assert!(z.effective()["next_uncertain"].is_null());
}

#[test]
fn a_queue_has_defaults_and_needs_no_table() {
    let rag = rag("when_unavailable = \"queue\"\nqueue_uncertain = true");
    let queue = rag.queue.unwrap();
    assert!(queue.uncertain);
    assert_eq!(queue.key, None);
    assert_eq!(queue.settings, fusebox_queue::QueueSettings::default());
}

#[test]
fn the_budget_for_bodies_has_a_default_and_holds_the_largest_call() {
    let shown = |text: &str| {
        let config = parse(text).unwrap();
        let shown = config.effective()["server"]["buffered_bytes_max"].clone();
        (config.server.buffered_bytes_max, shown)
    };
    assert_eq!(shown(""), (256 << 20, "256MiB".into()));
    let queue = "when_unavailable = \"queue\"\nqueue = { message_bytes_max = \"1GiB\" }\n";
    let server = "[server]\nbuffered_bytes_max = \"1GiB\"\n";
    let both = format!("{RAG}{queue}{server}");
    assert_eq!(shown(&both), (1 << 30, "1GiB".into()));
}

#[test]
fn a_queue_may_have_no_limits_of_age_attempts_and_crashes() {
    let rag = rag("when_unavailable = \"queue\"\n[circuits.rag.queue]\n\
        age_max = \"unlimited\"\nattempts_max = \"unlimited\"\ncrashes_max = \"unlimited\"\n");
    let effective = &rag.effective()["queue"];
    for key in ["age_max", "attempts_max", "crashes_max"] {
        assert_eq!(effective[key], "unlimited", "{key}");
    }
    let queue = rag.queue.unwrap().settings;
    assert_eq!(
        (queue.age_max, queue.attempts_max, queue.crashes_max),
        (None, None, None)
    );
}

#[test]
fn a_branch_s_breaker_knows_the_time_outs_as_the_circuit_s_does() {
    let rag = rag(
        "timeout = \"40s\"\n[circuits.rag.branch]\nkey = \"query:shard\"\n\
        keys_min = 2\nkeys_max = 50\nbreaker = { consecutive_failures = 2 }\n",
    );
    let effective = rag.effective();
    let branch = rag.branch.unwrap();
    assert_eq!(
        (branch.settings.keys_min(), branch.settings.keys_max()),
        (2, 50)
    );
    let breaker = branch.settings.breaker().unwrap();
    assert_eq!(breaker.consecutive_failures(), Some(2));
    assert_eq!(breaker.half_open_timeout(), 45 * SECOND);
    assert_eq!(breaker.abandoned_after(), Some(40 * SECOND));
    assert_eq!(effective["branch"]["key"], "query:shard");
    assert_eq!(effective["branch"]["keys_max"], 50);
    assert_eq!(effective["branch"]["breaker"]["consecutive_failures"], "2");
}

#[test]
fn the_files_of_the_systems_are_accepted() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../systems/gateway");
    let mut circuits = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let config = Config::load(Some(&path), std::iter::empty());
        circuits += config
            .unwrap_or_else(|wrong| panic!("{wrong:?}"))
            .circuits
            .len();
    }
    assert_eq!(circuits, 7, "of both files");
}
