//! Files on keyed circuits: what is refused, and what an expectation on a branch tells.

use fusebox_sim::replay::{BadFile, Report, Script};
use serde_json::{Value, json};

fn run(breaker: Value, steps: Value) -> Result<Report, BadFile> {
    let file = json!({ "id": "x", "breaker": breaker, "steps": steps }).to_string();
    Script::parse(file.as_bytes()).and_then(|script| script.run())
}

fn keyed() -> Value {
    json!({ "consecutive_failures": 2, "open_for": "10s", "jitter": "0%",
            "branch": { "keys_min": 2, "keys_max": 2 } })
}

fn good(steps: Value) -> Report {
    run(keyed(), steps).expect("a good file")
}

fn assert_bad_at(breaker: Value, steps: Value, step: usize, words: &[&str]) {
    let bad = match run(breaker, steps.clone()) {
        Ok(report) => panic!("accepted: {steps}\n{report}"),
        Err(bad) => bad,
    };
    assert_eq!(bad.step(), Some(step), "{steps}: {bad}");
    for word in words {
        assert!(bad.text().contains(word), "{bad} does not say {word:?}");
    }
}

#[test]
fn a_key_needs_a_keyed_circuit() {
    let steps = [
        json!({ "do": "call", "outcome": "success", "key": "a" }),
        json!({ "do": "begin", "call": "1", "key": "a" }),
        json!({ "do": "hold", "to": "observe", "key": "a" }),
        json!({ "do": "release", "key": "a" }),
        json!({ "do": "transition", "to": "open", "key": "a" }),
        json!({ "do": "reset", "key": "a" }),
        json!({ "expect": { "key": "a", "state": "closed" } }),
    ];
    for step in steps {
        assert_bad_at(json!({}), json!([step]), 1, &["key", "\"branch\""]);
        // The settings in force are those of the last `settings` step.
        let first = json!({ "do": "call", "outcome": "success", "key": "a" });
        let taken = json!({ "do": "settings", "breaker": {} });
        assert_bad_at(keyed(), json!([first, taken, step]), 3, &["\"branch\""]);
        let given = json!({ "do": "settings", "breaker": { "branch": {} } });
        assert!(run(json!({}), json!([given, first, step])).is_ok());
    }
    let at_once = json!([
        { "do": "call", "outcome": "success", "key": "a" },
        { "do": "settings", "breaker": {}, "expect": { "key": "a", "state": "closed" } },
    ]);
    assert_bad_at(keyed(), at_once, 2, &["\"expect.key\"", "\"branch\""]);
}

#[test]
fn an_expectation_on_a_key_that_no_step_has_is_refused() {
    let steps = json!([
        { "do": "call", "outcome": "success", "key": "a" },
        { "expect": { "key": "b", "state": "closed" } },
    ]);
    assert_bad_at(keyed(), steps, 2, &["expect.key", "\"b\""]);
}

#[test]
fn an_expectation_on_a_branch_asks_for_nothing_else() {
    let wants = [
        ("admitted", json!(true)),
        ("reason", json!(null)),
        ("late", json!(0)),
        ("rejected", json!(0)),
        ("branches", json!(1)),
        ("evicted", json!(0)),
        ("evicted_open", json!(0)),
    ];
    for (key, value) in wants {
        let steps = json!([{ "do": "call", "outcome": "success", "key": "a",
                             "expect": { "key": "a", key: value } }]);
        assert_bad_at(keyed(), steps, 1, &[key, "branch", "consecutive_failures"]);
    }
    let steps = json!([{ "expect": { "key": 1 } }]);
    assert_bad_at(keyed(), steps, 1, &["expect.key", "text"]);
}

#[test]
fn settings_of_branches_are_refused_by_field() {
    let cases = [
        ("keys_min", json!({ "keys_min": 0 })),
        ("keys_min", json!({ "keys_min": 1001 })),
        ("keys_min", json!({ "keys_min": -1 })),
        ("keys_min", json!({ "keys_min": 1.5 })),
        ("keys_min", json!({ "keys_min": "3" })),
        ("keys_min", json!({ "keys_min": null, "keys_max": 0 })),
        ("keys_max", json!({ "keys_max": 0 })),
        ("keys_max", json!({ "keys_max": 1_000_001 })),
        ("keys_max", json!({ "keys_max": 4_294_967_297_u64 })),
        ("keys_max", json!({ "keys_max": true })),
        ("keys", json!({ "keys": 3 })),
        ("open_fro", json!({ "breaker": { "open_fro": "1s" } })),
        ("backoff", json!({ "breaker": { "backoff": 0.5 } })),
        ("branch", json!({ "breaker": { "branch": {} } })),
        ("breaker", json!({ "breaker": [] })),
        ("branch", json!(3)),
        ("branch", json!(null)),
    ];
    for (field, branch) in cases {
        let breaker = json!({ "branch": branch });
        let file = json!({ "id": "x", "breaker": breaker, "error": field }).to_string();
        let report = Script::parse(file.as_bytes()).and_then(|script| script.run());
        assert!(report.as_ref().is_ok_and(Report::ok), "{file}: {report:?}");
        // Where the settings are needed the same is a bad file.
        let bad = run(breaker.clone(), json!([])).expect_err("refused settings");
        assert!(bad.text().contains(field), "{bad}");
        let step = json!([{ "do": "settings", "breaker": breaker }]);
        assert_bad_at(json!({}), step, 1, &["refused", field]);
    }
}

#[test]
fn the_bounds_of_keys_are_accepted() {
    for branch in [
        json!({}),
        json!({ "keys_min": 1, "keys_max": 1 }),
        json!({ "keys_min": 1000, "keys_max": 1_000_000, "breaker": {} }),
    ] {
        assert!(run(json!({ "branch": branch }), json!([])).is_ok());
    }
}

#[test]
fn a_miss_on_a_branch_names_its_key() {
    let report = good(json!([
        { "do": "call", "outcome": "success", "key": "b" },
        { "do": "call", "outcome": "failure", "key": "a", "times": 2 },
        { "expect": { "key": "a", "state": "closed", "failures": 0 } },
    ]));
    assert_eq!(
        report.to_json_line(),
        concat!(
            r#"{"id":"x","ok":false,"failed_step":3,"#,
            r#""expected":{"key":"a","state":"closed"},"actual":{"key":"a","state":"open"}}"#
        )
    );
    let text = report.to_string();
    assert!(
        text.ends_with("\n  step 3: branch \"a\": state expected closed, was open"),
        "{text}"
    );
}

#[test]
fn every_key_of_a_branch_can_be_right_and_wrong() {
    let breaker = json!({
        "failure_rate": "100%", "slow_call_rate": "100%", "slow_call_duration": "1s",
        "window": "10 calls", "minimum_calls": 10, "half_open_calls": 2, "open_for": "10s",
        "jitter": "0%", "branch": { "breaker": {
            "consecutive_failures": 3, "slow_call_rate": "100%", "slow_call_duration": "1s",
            "window": "10 calls", "minimum_calls": 10, "half_open_calls": 2, "open_for": "10s",
            "jitter": "0%" } },
    });
    let counted = [
        ("state", json!("closed"), json!("open")),
        ("successes", json!(1), json!(0)),
        ("failures", json!(2), json!(3)),
        ("slow", json!(2), json!(0)),
        ("calls", json!(3), json!(4)),
        ("consecutive_failures", json!(2), json!(0)),
        ("hold", json!(null), json!("observe")),
        ("transitions", json!(0), json!(1)),
    ];
    let trying = [
        ("state", json!("half_open"), json!("closed")),
        ("retry_after", json!("30s"), json!(null)),
        ("in_flight", json!(2), json!(0)),
        ("transitions", json!(1), json!(0)),
    ];
    let begin = |name: &str| json!({ "do": "begin", "call": name, "key": "a" });
    let cases = counted.iter().map(|case| (case, json!([])));
    let moved = json!([{ "do": "transition", "to": "half_open", "key": "a" },
                       begin("1"), begin("2")]);
    let cases = cases.chain(trying.iter().map(|case| (case, moved.clone())));
    for ((key, right, wrong), more) in cases {
        let steps = |value: &Value| {
            let mut steps = vec![
                json!({ "do": "call", "outcome": "success", "key": "a" }),
                json!({ "do": "call", "outcome": "failure", "took": "2s", "times": 2, "key": "a" }),
                json!({ "do": "call", "outcome": "success", "key": "b", "times": 4 }),
            ];
            steps.extend(more.as_array().cloned().unwrap_or_default());
            steps.push(json!({ "expect": { "key": "a", *key: value } }));
            json!(steps)
        };
        let report = run(breaker.clone(), steps(right)).expect("a good file");
        assert!(report.ok(), "{report}");
        let report = run(breaker.clone(), steps(wrong)).expect("a good file");
        assert!(!report.ok(), "{key}: {wrong}");
    }
}

#[test]
fn the_numbers_of_branches_are_compared() {
    let steps = |expect: Value| {
        json!([
            { "do": "call", "outcome": "success", "key": "a" },
            { "do": "call", "outcome": "failure", "key": "b", "times": 2 },
            // Ends the circuit's run of failures, so that it stays closed.
            { "do": "call", "outcome": "success" },
            { "do": "call", "outcome": "failure", "key": "a", "times": 2 },
            { "do": "call", "outcome": "success", "key": "c" },
            { "do": "call", "outcome": "success", "key": "d", "expect": expect },
        ])
    };
    let right = json!({ "branches": 2, "evicted": 2, "evicted_open": 1 });
    let report = good(steps(right));
    assert!(report.ok(), "{report}");
    for wrong in [
        json!({ "branches": 3 }),
        json!({ "evicted": 1 }),
        json!({ "evicted_open": 2 }),
    ] {
        assert!(!good(steps(wrong)).ok());
    }
    let plain = run(
        json!({}),
        json!([{ "expect": { "branches": 0, "evicted": 0 } }]),
    );
    assert!(plain.expect("a good file").ok());
}

#[test]
fn a_branch_that_went_is_closed_and_empty() {
    let report = good(json!([
        { "do": "call", "outcome": "failure", "key": "a" },
        { "do": "call", "outcome": "success", "key": "b" },
        { "do": "call", "outcome": "success", "key": "c" },
        { "expect": { "key": "a", "state": "closed", "consecutive_failures": 0, "calls": 0,
                      "retry_after": null, "hold": null, "transitions": 0 } },
        { "expect": { "branches": 2, "evicted": 1 } },
    ]));
    assert!(report.ok(), "{report}");
}

#[test]
fn jitter_moves_what_a_branch_tells_within_its_reach() {
    let breaker = json!({ "consecutive_failures": 1, "open_for": "100s", "jitter": "10%",
                          "branch": {} });
    let told = |expect: Value| {
        let steps = json!([
            { "do": "call", "outcome": "success", "key": "b" },
            { "do": "call", "outcome": "failure", "key": "a" },
            { "do": "call", "outcome": "success", "key": "a", "expect": expect },
        ]);
        run(breaker.clone(), steps).expect("a good file").ok()
    };
    assert!(told(json!({ "reason": "open", "retry_after": "100s" })));
    assert!(told(json!({ "key": "a", "retry_after": "100s" })));
    for wrong in [json!("70s"), json!("130s"), json!(null)] {
        assert!(!told(json!({ "retry_after": wrong })));
        assert!(!told(json!({ "key": "a", "retry_after": wrong })));
    }
}
