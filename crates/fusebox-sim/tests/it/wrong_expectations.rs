//! A wrong expectation is noticed, whichever key it is.

use fusebox_sim::replay::{Report, Script};
use serde_json::{Value, json};

fn run(steps: Value) -> Report {
    let breaker = json!({
        "consecutive_failures": 3, "slow_call_rate": "100%", "slow_call_duration": "1s",
        "window": "100 calls", "open_for": "10s", "jitter": "0%", "half_open_calls": 2,
    });
    run_with(breaker, steps)
}

fn run_with(breaker: Value, steps: Value) -> Report {
    let file = json!({ "id": "x", "breaker": breaker, "steps": steps }).to_string();
    Script::parse(file.as_bytes())
        .and_then(|script| script.run())
        .expect("a good file")
}

/// A script whose last step sees every number of `expect` at some value other than 0: one late
/// call, seven in the window, of them four failures and two slow.
fn busy(expect: &Value) -> Value {
    json!([
        { "do": "begin", "call": "old" },
        { "do": "transition", "to": "open" },
        { "do": "call", "outcome": "success" },
        { "do": "transition", "to": "closed" },
        { "do": "end", "call": "old", "outcome": "success" },
        { "do": "call", "outcome": "failure", "times": 2 },
        { "do": "call", "outcome": "success", "took": "2s", "times": 2 },
        { "do": "call", "outcome": "success" },
        { "do": "call", "outcome": "failure", "times": 2, "expect": expect },
    ])
}

#[test]
fn every_key_that_is_right_holds_and_every_key_that_is_wrong_does_not() {
    let cases = [
        ("admitted", json!(true), json!(false)),
        ("reason", json!(null), json!("open")),
        ("state", json!("closed"), json!("half_open")),
        ("hold", json!(null), json!("observe")),
        ("retry_after", json!(null), json!("1s")),
        ("successes", json!(3), json!(4)),
        ("failures", json!(4), json!(3)),
        ("slow", json!(2), json!(1)),
        ("calls", json!(7), json!(8)),
        ("consecutive_failures", json!(2), json!(4)),
        ("in_flight", json!(0), json!(1)),
        ("late", json!(1), json!(0)),
        ("rejected", json!(1), json!(2)),
        ("transitions", json!(2), json!(1)),
    ];
    for (key, right, wrong) in cases {
        let report = run(busy(&json!({ key: right })));
        assert!(report.ok(), "{report}");
        let report = run(busy(&json!({ "state": "closed", key: wrong })));
        let line: Value = serde_json::from_str(&report.to_json_line()).expect("JSON");
        let wanted = json!({
            "id": "x", "ok": false, "failed_step": 9,
            "expected": { key: wrong }, "actual": { key: right },
        });
        assert_eq!(line, wanted);
        assert!(
            report.to_string().contains(&format!("step 9: {key} ")),
            "{report}"
        );
    }
}

#[test]
fn what_a_rejection_tells_is_compared() {
    let open = |expect: Value| {
        run(json!([
            { "do": "call", "outcome": "failure", "times": 3 },
            { "do": "advance", "by": "4s" },
            { "do": "call", "outcome": "success", "expect": expect },
        ]))
    };
    let right = json!({ "admitted": false, "reason": "open", "retry_after": "6000ms" });
    assert!(open(right).ok());
    for wrong in [
        json!({ "admitted": true }),
        json!({ "reason": "half_open" }),
        json!({ "reason": null }),
        json!({ "retry_after": "10s" }),
        json!({ "retry_after": "5999999999ns" }),
        json!({ "retry_after": null }),
    ] {
        let report = open(wrong.clone());
        assert_eq!(report.failed_step(), Some(3), "{wrong}");
    }
}

#[test]
fn trials_in_flight_and_holds_are_compared() {
    let steps = |expect: Value| {
        json!([
            { "do": "hold", "to": "disabled" },
            { "do": "transition", "to": "open" },
            { "do": "release" },
            { "do": "transition", "to": "half_open" },
            { "do": "begin", "call": "a" },
            { "do": "begin", "call": "b" },
            { "do": "hold", "to": "observe", "expect": { "hold": "observe" } },
            { "do": "release" },
            { "do": "transition", "to": "half_open" },
            { "do": "begin", "call": "c", "expect": expect },
        ])
    };
    assert!(run(steps(json!({ "in_flight": 1, "hold": null }))).ok());
    assert!(!run(steps(json!({ "in_flight": 2 }))).ok());
    assert!(!run(steps(json!({ "hold": "observe" }))).ok());
}

#[test]
fn an_expectation_is_checked_after_the_last_repetition() {
    let steps = |state: &str| {
        json!([{ "do": "call", "outcome": "failure", "times": 4,
                 "expect": { "state": state, "admitted": false } }])
    };
    assert!(run(steps("open")).ok());
    assert!(!run(steps("closed")).ok());
}

#[test]
fn every_failed_step_is_told_but_the_first_is_the_answer() {
    let report = run(json!([
        { "expect": { "state": "open", "late": 0 } },
        { "expect": { "state": "closed" } },
        { "expect": { "calls": 7 } },
    ]));
    assert_eq!(report.failed_step(), Some(1));
    let line = concat!(
        r#"{"id":"x","ok":false,"failed_step":1,"#,
        r#""expected":{"state":"open"},"actual":{"state":"closed"}}"#
    );
    assert_eq!(report.to_json_line(), line);
    let text = report.to_string();
    for part in [
        "step 1: state expected open, was closed",
        "step 3: calls expected 7, was 0",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("step 2"), "{text}");
}

#[test]
fn a_step_that_a_failed_one_made_impossible_does_not_hide_it() {
    let report = run(json!([
        { "do": "transition", "to": "open" },
        { "do": "begin", "call": "a", "expect": { "admitted": true } },
        { "do": "end", "call": "a", "outcome": "success" },
    ]));
    assert_eq!(report.failed_step(), Some(2));
}

#[test]
fn a_file_that_holds_has_nothing_to_say() {
    let line = r#"{"id":"x","ok":true,"failed_step":null,"expected":null,"actual":null}"#;
    assert_eq!(run(json!([])).to_json_line(), line);
}

#[test]
fn settings_that_should_be_refused_are_compared_by_field() {
    let report = |field: &str, breaker: Value| {
        let file = json!({ "id": "x", "breaker": breaker, "error": field }).to_string();
        Script::parse(file.as_bytes())
            .and_then(|script| script.run())
            .expect("a good file")
    };
    assert!(report("backoff", json!({ "backoff": 0.5 })).ok());
    let other = report("window", json!({ "backoff": 0.5 }));
    let line = concat!(
        r#"{"id":"x","ok":false,"failed_step":null,"#,
        r#""expected":{"error":"window"},"actual":{"error":"backoff"}}"#
    );
    assert_eq!(other.to_json_line(), line);
    let accepted = report("backoff", json!({ "backoff": 1 }));
    assert_eq!(
        accepted.actual().map(|a| a["error"].clone()),
        Some(Value::Null)
    );
    assert!(
        accepted
            .to_string()
            .contains("error expected backoff, was none"),
        "{accepted}"
    );
}

#[test]
fn where_jitter_moves_the_end_a_time_holds_within_its_reach() {
    let told = |retry_after: Value| {
        let breaker = json!({ "consecutive_failures": 1, "open_for": "100s", "jitter": "10%" });
        let step = json!({ "do": "call", "outcome": "failure",
                           "expect": { "retry_after": retry_after } });
        run_with(breaker, json!([step])).ok()
    };
    assert!(told(json!("100s")));
    assert!(!told(json!("70s")));
    assert!(!told(json!("130s")));
    assert!(!told(json!(null)));
}
