//! Overrides from the environment, and flags over all.

use std::time::Duration;

use super::{RAG, lines, parse, with_env};
use crate::settings::{BranchKey, Config, Flags};

#[test]
fn a_variable_outranks_the_file() {
    let text = format!("{RAG}timeout = \"3s\"\n[circuits.rag.breaker]\nopen_for = \"1s\"\n");
    let config = with_env(
        &text,
        &[
            ("FUSEBOX__CIRCUITS__RAG__BREAKER__OPEN_FOR", "60s"),
            ("FUSEBOX__CIRCUITS__RAG__BREAKER__CONSECUTIVE_FAILURES", "7"),
            ("FUSEBOX__CIRCUITS__RAG__BREAKER__FAILURE_RATE", "25%"),
            ("FUSEBOX__CIRCUITS__RAG__BREAKER__BACKOFF", "1.5"),
            ("FUSEBOX__CIRCUITS__RAG__TIMEOUT", "\"4s\""),
            ("FUSEBOX__CIRCUITS__RAG__STRIP_PATH", "false"),
            ("FUSEBOX__CIRCUITS__RAG__CLASSIFY__429", "failure"),
            ("FUSEBOX__CIRCUITS__RAG__CLASSIFY__4XX", "ignored"),
            ("FUSEBOX__CIRCUITS__RAG__FALLBACK__STATUS", "200"),
            ("FUSEBOX__CIRCUITS__RAG__FALLBACK__BODY", "3"),
            ("FUSEBOX__CIRCUITS__RAG__FALLBACK__HEADERS__X_WHY", "down"),
            ("FUSEBOX__CIRCUITS__RAG__FALLBACK_ON", "[\"5xx\"]"),
            ("FUSEBOX__SERVER__LISTEN", "127.0.0.1:0"),
            ("FUSEBOX_URL", "not ours to read"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    let rag = &config.circuits[0];
    assert_eq!(rag.breaker.open_for(), Duration::from_secs(60));
    assert_eq!(rag.breaker.consecutive_failures(), Some(7));
    assert_eq!(rag.breaker.backoff(), 1.5);
    assert_eq!(rag.timeout, Duration::from_secs(4));
    assert!(!rag.strip_path);
    assert_eq!(rag.classify.len(), 2);
    assert_eq!(rag.fallback_on.len(), 1);
    let fallback = rag.fallback.as_ref().unwrap();
    assert_eq!(fallback.body, "3");
    assert_eq!(fallback.headers["x-why"], "down");
    assert_eq!(config.server.listen.port(), 0);
}

#[test]
fn a_variable_sets_branches_and_makes_them() {
    let prefix = "FUSEBOX__CIRCUITS__RAG__";
    let env = [
        ("TRIPS_MAIN", "true"),
        ("BRANCH__KEY", "path:2"),
        ("BRANCH__KEYS_MIN", "4"),
        ("BRANCH__BREAKER__OPEN_FOR", "7s"),
    ];
    let env = env.map(|(name, value)| (format!("{prefix}{name}"), value));
    let env = env.each_ref().map(|(name, value)| (name.as_str(), *value));
    let rag = with_env(RAG, &env).unwrap().circuits.remove(0);
    let branch = rag.branch.unwrap();
    assert!(rag.trips_main);
    assert_eq!(branch.key, BranchKey::Path(2));
    assert_eq!(branch.settings.keys_min(), 4);
    let breaker = branch.settings.breaker().unwrap();
    assert_eq!(breaker.open_for(), Duration::from_secs(7));

    let slip = "FUSEBOX__CIRCUITS__RAG__BRANCH__KEYS_MINI";
    assert_eq!(
        lines(with_env(RAG, &[(slip, "4")])),
        [format!(
            "{slip}: names no setting (did you mean {prefix}BRANCH__KEYS_MIN?)"
        )]
    );
}

#[test]
fn the_name_of_a_circuit_is_written_in_capitals_with_underscores() {
    let text = "[circuits.\"a-b.c\"]\nupstream = \"http://x\"";
    let config = with_env(text, &[("FUSEBOX__CIRCUITS__A_B_C__PRIORITY", "1")]).unwrap();
    assert_eq!(config.circuits[0].priority, 1);
}

#[test]
fn a_variable_that_means_nothing_is_refused_with_the_one_that_was_meant() {
    let refused = |name: &str| lines(with_env(RAG, &[(name, "60s")]));
    assert_eq!(
        refused("FUSEBOX__CIRCUITS__RAG__BREAKER__OPEN_FRO"),
        [
            "FUSEBOX__CIRCUITS__RAG__BREAKER__OPEN_FRO: names no setting \
             (did you mean FUSEBOX__CIRCUITS__RAG__BREAKER__OPEN_FOR?)"
        ]
    );
    assert_eq!(
        refused("FUSEBOX__CIRCUITS__rag__TIMEOUT"),
        ["FUSEBOX__CIRCUITS__rag__TIMEOUT: names no setting \
             (did you mean FUSEBOX__CIRCUITS__RAG__TIMEOUT?)"]
    );
    assert_eq!(
        refused("FUSEBOX__QUUX"),
        ["FUSEBOX__QUUX: names no setting of this file (circuits are made in the file only)"]
    );
}

#[test]
fn a_wrong_value_from_the_environment_is_placed_at_its_variable() {
    let refused = |name: &str, value: &str| lines(with_env(RAG, &[(name, value)]));
    assert_eq!(
        refused("FUSEBOX__CIRCUITS__RAG__PRIORITY", "4"),
        [
            "FUSEBOX__CIRCUITS__RAG__PRIORITY: circuits.rag.priority: 4 is not allowed; \
             allowed is a whole number, 1 to 3"
        ]
    );
    assert_eq!(
        refused("FUSEBOX__CIRCUITS__RAG__BREAKER__OPEN_FOR", "0s"),
        [
            "FUSEBOX__CIRCUITS__RAG__BREAKER__OPEN_FOR: circuits.rag.breaker.open_for: \
             0s is not allowed; allowed is longer than 0s"
        ]
    );
}

#[test]
fn a_variable_that_two_circuits_could_mean_is_refused() {
    let text = "[circuits.a]\nupstream = \"http://a\"\n[circuits.a__fallback]\n\
        upstream = \"http://b\"\n\
        [circuits.a__fallback__headers]\nupstream = \"http://c\"\n";
    assert_eq!(
        lines(with_env(
            text,
            &[("FUSEBOX__CIRCUITS__A__FALLBACK__HEADERS__HOST", "x")]
        )),
        ["FUSEBOX__CIRCUITS__A__FALLBACK__HEADERS__HOST: could mean \
             circuits.a__fallback__headers.host or circuits.a.fallback.headers.host; \
             rename a circuit"]
    );
}

#[test]
fn a_flag_outranks_the_environment() {
    let env = [(
        "FUSEBOX__SERVER__LISTEN".to_owned(),
        "127.0.0.1:1".to_owned(),
    )];
    let load = |listen: &str| {
        let flags = Flags {
            listen: Some(listen.to_owned()),
            admin: None,
        };
        Config::load_with(None, env.iter().cloned(), &flags)
    };
    assert_eq!(load("127.0.0.1:2").unwrap().server.listen.port(), 2);
    assert_eq!(
        lines(load("here")),
        [
            "--listen: server.listen: \"here\" is not allowed; allowed is an IP address with a \
             port, like \"127.0.0.1:8080\""
        ]
    );
}

#[test]
fn problems_come_in_reading_order_whatever_their_kind() {
    let text = "[circuits.b]\ntimeout = 3\n[server]\nx = 1\n";
    let said = lines(parse(text));
    let places: Vec<_> = said
        .iter()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    assert_eq!(places, ["f.toml:1:11", "f.toml:2:11", "f.toml:4:1"]);
}
