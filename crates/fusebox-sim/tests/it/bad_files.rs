//! What is not in the format is refused, with its place and what is allowed.

use fusebox_sim::replay::{BadFile, Script};

fn bad(text: &str) -> BadFile {
    match Script::parse(text.as_bytes()).and_then(|script| script.run()) {
        Ok(report) => panic!("accepted: {text}\n{report}"),
        Err(bad) => bad,
    }
}

/// The error of a file with these steps, which is to be at the last of them.
fn bad_steps(steps: &str) -> String {
    let bad = bad(&format!(
        r#"{{"id": "x", "breaker": {{}}, "steps": [{steps}]}}"#
    ));
    let count = steps.split(r#"{"do""#).count().saturating_sub(1).max(1);
    assert_eq!(bad.step(), Some(count), "{steps}: {bad}");
    assert_eq!(bad.id(), Some("x"));
    bad.to_string()
}

fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
}

#[test]
fn what_is_no_json_is_refused_with_its_position() {
    assert_says(
        &bad("{\"id\": \"x\",\n oops}").to_string(),
        &["line 2", "column"],
    );
    assert_says(&bad("").to_string(), &["JSON"]);
    assert_says(&bad("{} {}").to_string(), &["trailing"]);
    assert!(Script::parse(&[b'"', 0xff, 0xfe, b'"']).is_err());
    assert!(Script::parse("[".repeat(100_000).as_bytes()).is_err());
}

#[test]
fn a_key_given_twice_is_refused() {
    let text = r#"{"id": "x", "breaker": {"open_for": "1s", "open_for": "2s"}, "steps": []}"#;
    assert_says(&bad(text).to_string(), &["\"open_for\"", "twice", "line 1"]);
}

#[test]
fn the_top_of_a_file_is_strict() {
    let cases: [(&str, &[&str]); 12] = [
        ("[]", &["an array", "object"]),
        (r#"{"breaker": {}, "steps": []}"#, &["\"id\"", "missing"]),
        (r#"{"id": "", "breaker": {}, "steps": []}"#, &["\"id\""]),
        (
            r#"{"id": 7, "breaker": {}, "steps": []}"#,
            &["\"id\" is 7", "text"],
        ),
        (r#"{"id": "x", "steps": []}"#, &["\"breaker\"", "missing"]),
        (
            r#"{"id": "x", "breaker": [], "steps": []}"#,
            &["\"breaker\"", "an array"],
        ),
        (
            r#"{"id": "x", "breaker": {}}"#,
            &["neither", "steps", "error"],
        ),
        (
            r#"{"id": "x", "breaker": {}, "steps": [], "error": "window"}"#,
            &["both"],
        ),
        (
            r#"{"id": "x", "breaker": {}, "steps": {}}"#,
            &["\"steps\"", "an object"],
        ),
        (
            r#"{"id": "x", "breaker": {}, "error": 5}"#,
            &["\"error\" is 5"],
        ),
        (
            r#"{"id": "x", "breaker": {}, "steps": [], "abuot": ""}"#,
            &["\"abuot\"", "about"],
        ),
        (
            r#"{"id": "x", "breaker": {}, "steps": [], "rule": 2}"#,
            &["\"rule\" is 2", "text"],
        ),
    ];
    for (text, words) in cases {
        assert_says(&bad(text).to_string(), words);
    }
}

#[test]
fn settings_that_are_refused_are_a_bad_file_where_they_are_needed() {
    let bad = bad(r#"{"id": "x", "breaker": {"open_fro": "1s"}, "steps": []}"#);
    assert_says(&bad.to_string(), &["open_fro", "open_for"]);
    let text = bad_steps(r#"{"do": "settings", "breaker": {"backoff": 0.5}}"#);
    assert_says(&text, &["step 1", "backoff", "0.5"]);
}

#[test]
fn steps_are_strict() {
    let cases: [(&str, &[&str]); 20] = [
        ("{}", &["\"expect\"", "\"do\""]),
        ("5", &["a number", "object"]),
        (r#"{"do": "dance"}"#, &["dance", "call", "advance"]),
        (r#"{"do": null}"#, &["null", "begin"]),
        (r#"{"do": "call"}"#, &["\"outcome\"", "missing", "success"]),
        (
            r#"{"do": "call", "outcome": "fail"}"#,
            &["\"fail\"", "\"failure\"", "\"ignored\""],
        ),
        (
            r#"{"do": "call", "outcome": "success", "tok": "1s"}"#,
            &["\"tok\"", "took"],
        ),
        (
            r#"{"do": "call", "outcome": "success", "took": 5}"#,
            &["\"took\" is 5", "250ms"],
        ),
        (
            r#"{"do": "call", "outcome": "success", "took": "5"}"#,
            &["\"took\"", "unit"],
        ),
        (
            r#"{"do": "call", "outcome": "success", "times": 0}"#,
            &["\"times\" is 0", "1 or more"],
        ),
        (
            r#"{"do": "call", "outcome": "success", "times": 1.5}"#,
            &["\"times\" is 1.5"],
        ),
        (
            r#"{"do": "call", "outcome": "success", "times": 99999999999}"#,
            &["calls in all"],
        ),
        (r#"{"do": "begin"}"#, &["\"call\"", "missing"]),
        (
            r#"{"do": "begin", "call": "a", "times": 2}"#,
            &["\"times\"", "begin"],
        ),
        (r#"{"do": "advance"}"#, &["\"by\"", "missing"]),
        (r#"{"do": "advance", "by": "5000000h"}"#, &["years"]),
        (
            r#"{"do": "transition", "to": "half-open"}"#,
            &["half-open", "half_open"],
        ),
        (
            r#"{"do": "hold", "to": "open"}"#,
            &["forced_open", "disabled", "observe"],
        ),
        (
            r#"{"do": "hold", "to": "observe", "for": null}"#,
            &["\"for\" is null"],
        ),
        (
            r#"{"do": "release", "call": "a"}"#,
            &["\"call\"", "release"],
        ),
    ];
    for (steps, words) in cases {
        assert_says(&bad_steps(steps), words);
    }
}

#[test]
fn steps_on_the_main_breaker_slow_calls_and_keys_are_strict() {
    let cases: [(&str, &[&str]); 5] = [
        (r#"{"do": "overdue"}"#, &["\"call\"", "missing"]),
        (r#"{"do": "main"}"#, &["\"to\"", "missing", "open"]),
        (
            r#"{"do": "main", "to": "half_open"}"#,
            &["\"half_open\"", "\"open\"", "\"closed\""],
        ),
        (
            r#"{"do": "main", "to": "open", "key": "a"}"#,
            &["\"key\"", "main"],
        ),
        (
            r#"{"do": "call", "outcome": "success", "key": 5}"#,
            &["\"key\" is 5", "text"],
        ),
    ];
    for (steps, words) in cases {
        assert_says(&bad_steps(steps), words);
    }
}

#[test]
fn expectations_are_strict() {
    let cases: [(&str, &[&str]); 10] = [
        (r#"{"expect": {"stat": "open"}}"#, &["expect.stat", "state"]),
        (
            r#"{"expect": {"state": "Open"}}"#,
            &["\"Open\"", "\"open\""],
        ),
        (r#"{"expect": {"state": null}}"#, &["null", "closed"]),
        (
            r#"{"expect": {"hold": "open"}}"#,
            &["expect.hold", "forced_open"],
        ),
        (
            r#"{"expect": {"retry_after": 5}}"#,
            &["expect.retry_after", "is 5"],
        ),
        (r#"{"expect": {"late": -1}}"#, &["expect.late", "0 or more"]),
        (r#"{"expect": {"calls": "3"}}"#, &["expect.calls"]),
        (
            r#"{"expect": {"admitted": true}}"#,
            &["expect.admitted", "call", "begin"],
        ),
        (
            r#"{"do": "advance", "by": "1s", "expect": {"reason": "open"}}"#,
            &["expect.reason"],
        ),
        (r#"{"expect": ["open"]}"#, &["\"expect\"", "an array"]),
    ];
    for (steps, words) in cases {
        assert_says(&bad_steps(steps), words);
    }
    let text = bad_steps(r#"{"do": "call", "outcome": "success", "expect": {"admitted": 1}}"#);
    assert_says(&text, &["expect.admitted", "true or false"]);
}

#[test]
fn a_call_ends_once_and_only_if_it_was_begun_and_admitted() {
    let cases: [(&str, &[&str]); 9] = [
        (
            r#"{"do": "end", "call": "a", "outcome": "success"}"#,
            &["\"a\"", "never begun"],
        ),
        (r#"{"do": "drop", "call": "a"}"#, &["\"a\"", "never begun"]),
        (
            r#"{"do": "overdue", "call": "a"}"#,
            &["\"a\"", "never begun"],
        ),
        (
            concat!(
                r#"{"do": "begin", "call": "a"}, "#,
                r#"{"do": "drop", "call": "a"}, {"do": "overdue", "call": "a"}"#
            ),
            &["step 3", "over already"],
        ),
        (
            r#"{"do": "transition", "to": "open"}, {"do": "begin", "call": "a"},
               {"do": "overdue", "call": "a"}"#,
            &["step 3", "not admitted"],
        ),
        (
            concat!(
                r#"{"do": "begin", "call": "a"}, "#,
                r#"{"do": "drop", "call": "a"}, {"do": "drop", "call": "a"}"#
            ),
            &["step 3", "over already"],
        ),
        (
            r#"{"do": "begin", "call": "a"}, {"do": "begin", "call": "a"}"#,
            &["step 2", "in flight"],
        ),
        (
            r#"{"do": "transition", "to": "open"}, {"do": "begin", "call": "a"},
               {"do": "end", "call": "a", "outcome": "success"}"#,
            &["step 3", "not admitted"],
        ),
        (
            r#"{"do": "transition", "to": "open"}, {"do": "begin", "call": "a"},
               {"do": "drop", "call": "a"}"#,
            &["step 3", "not admitted"],
        ),
    ];
    for (steps, words) in cases {
        assert_says(&bad_steps(steps), words);
    }
}

#[test]
fn the_name_of_a_rejected_or_finished_call_may_be_used_again() {
    let text = r#"{"id": "x", "breaker": {}, "steps": [
        {"do": "transition", "to": "open"}, {"do": "begin", "call": "a"},
        {"do": "transition", "to": "closed"}, {"do": "begin", "call": "a"},
        {"do": "drop", "call": "a"}, {"do": "begin", "call": "a"},
        {"do": "end", "call": "a", "outcome": "success"}]}"#;
    let report = Script::parse(text.as_bytes())
        .and_then(|script| script.run())
        .expect("good");
    assert!(report.ok());
}

#[test]
fn a_huge_value_does_not_make_a_huge_text() {
    let long = "z".repeat(1_000_000);
    assert!(
        bad(&format!(r#"{{"id": {{}}, "{long}": 1}}"#))
            .to_string()
            .len()
            < 2000
    );
    assert!(bad_steps(&format!(r#"{{"do": "{long}"}}"#)).len() < 2000);
}
