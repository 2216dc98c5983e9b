//! What other settings would have made of a file.

use fusebox::{SettingsChange, State, Value};
use fusebox_sim::replay::{Comparison, Question, Script, files};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

const OUTAGE: &str = r#"{"id": "outage",
 "breaker": {"consecutive_failures": 5, "open_for": "5s", "jitter": "0%", "half_open_successes": 1},
 "steps": [
  {"do": "call", "outcome": "success", "times": 3},
  {"do": "advance", "by": "1s"},
  {"do": "call", "outcome": "failure", "times": 5},
  {"expect": {"state": "open"}},
  {"do": "advance", "by": "4s"},
  {"do": "call", "outcome": "success", "times": 2, "expect": {"admitted": false}},
  {"do": "advance", "by": "1s"},
  {"do": "call", "outcome": "success", "expect": {"state": "closed"}}]}"#;

fn with(text: &str, change: SettingsChange) -> Comparison {
    let script = Script::parse(text.as_bytes()).expect("a good file");
    assert!(script.run().expect("a file that runs").ok());
    script.run_with(&change).expect("settings that are taken")
}

fn set(key: &str, value: Value<'_>) -> SettingsChange {
    SettingsChange::new().set(key, value)
}

#[test]
fn an_earlier_opening_rejects_calls_that_had_failed() {
    let comparison = with(OUTAGE, set("consecutive_failures", Value::Integer(3)));
    let now = comparison.now();
    assert_eq!(
        (now.calls, now.calls_rejected, now.failures_avoided),
        (9, 2, 2)
    );
    assert_eq!((now.rejections, now.let_through), (2, 0));
    assert_eq!(now.openings.total(), 1);
    assert_eq!(
        now.openings.kept()[0].why(),
        "3 failures in a row, the last one by other"
    );
    assert!(comparison.report().ok(), "the same states are seen");
}

#[test]
fn a_shorter_opening_lets_calls_through_of_which_nobody_knows_the_outcome() {
    let comparison = with(OUTAGE, set("open_for", Value::Text("2s")));
    let now = comparison.now();
    assert_eq!((now.calls_rejected, now.let_through), (0, 2));
    // Ignored trials close nothing.
    assert_eq!(now.ended, Some(State::Closed));
    assert_eq!(now.time_open, Duration::from_secs(2));
    assert_eq!(comparison.recorded().time_open, Duration::from_secs(5));
    assert_eq!(comparison.report().failed_step(), Some(6));
    let told = comparison.to_string();
    for line in [
        "outage with open_for = 2s\n",
        "as it is: opened after 1s for 5s: 5 failures in a row, the last one by other\n",
        "now: opened after 1s for 2s: 5 failures in a row, the last one by other\n",
        "of 9 calls rejected 0 (0 had failed, 0 had succeeded); let through 2 that were rejected",
        "nobody knows: they count as ignored",
        "open for 2s of 6s, as it is 5s\n",
        "outage: does not hold\n  step 6: admitted expected no, was yes",
    ] {
        assert!(told.contains(line), "{line:?} in:\n{told}");
    }
}

#[test]
fn settings_that_never_open_let_all_rejected_calls_through() {
    let comparison = with(OUTAGE, set("consecutive_failures", Value::Integer(6)));
    assert_eq!(comparison.now().openings.total(), 0);
    assert_eq!(comparison.now().let_through, 2);
    assert!(comparison.to_string().contains("now: did not open\n"));
}

#[test]
fn a_call_under_way_that_is_not_let_through_now_ends_nowhere() {
    let file = r#"{"id": "begun", "breaker": {"consecutive_failures": 2, "jitter": "0%"},
     "steps": [
      {"do": "call", "outcome": "failure"},
      {"do": "begin", "call": "a"}, {"do": "begin", "call": "b"}, {"do": "begin", "call": "c"},
      {"do": "overdue", "call": "a"},
      {"do": "end", "call": "a", "outcome": "success"},
      {"do": "end", "call": "b", "outcome": "failure"},
      {"do": "drop", "call": "c"}]}"#;
    let comparison = with(file, set("consecutive_failures", Value::Integer(1)));
    let now = comparison.now();
    assert_eq!((now.calls, now.calls_rejected), (4, 3));
    assert_eq!((now.successes_lost, now.failures_avoided), (1, 1));
}

#[test]
fn a_call_that_began_rejected_and_is_let_through_now_holds_no_trial_place() {
    let file = r#"{"id": "begun", "breaker": {"consecutive_failures": 1, "jitter": "0%"},
     "steps": [
      {"do": "call", "outcome": "failure"},
      {"do": "begin", "call": "a"},
      {"do": "advance", "by": "5s"},
      {"do": "call", "outcome": "success", "times": 2},
      {"expect": {"state": "closed"}}]}"#;
    let comparison = with(file, set("open_for", Value::Text("1ns")));
    assert_eq!(comparison.now().let_through, 0, "no time has passed");
    let comparison = with(file, set("consecutive_failures", Value::Integer(2)));
    assert_eq!(comparison.now().let_through, 1);
    assert!(comparison.report().ok());
}

#[test]
fn settings_of_a_step_are_changed_too() {
    let file = r#"{"id": "steps", "breaker": {"consecutive_failures": 9, "jitter": "0%"},
     "steps": [
      {"do": "settings", "breaker": {"consecutive_failures": 8, "jitter": "0%"}},
      {"do": "call", "outcome": "failure", "times": 7}]}"#;
    let comparison = with(file, set("consecutive_failures", Value::Integer(7)));
    assert_eq!(comparison.now().openings.total(), 1);
}

#[test]
fn a_held_circuit_says_that_it_would_have_opened() {
    let file = r#"{"id": "held", "breaker": {"consecutive_failures": 9},
     "steps": [
      {"do": "hold", "to": "observe"},
      {"do": "call", "outcome": "failure", "times": 4}]}"#;
    let comparison = with(file, set("consecutive_failures", Value::Integer(4)));
    let told = comparison.to_string();
    assert!(
        told.contains("now: would have opened after 0s: 4 failures in a row"),
        "{told}"
    );
    assert!(told.contains("as it is: did not open"), "{told}");
}

struct File(PathBuf);

impl File {
    fn new(test: &str, content: &str) -> Self {
        let name = format!("{test}-{}.json", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, content).expect("a file for the test");
        Self(path)
    }

    fn ask(&self, sets: &[&str], json: bool) -> (u8, String, String) {
        let question = Question {
            json,
            ..Question::default()
        };
        let question = sets
            .iter()
            .try_fold(question, |question, text| question.set(text));
        let question = question.expect("KEY=VALUE");
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let paths = [self.0.clone()];
        let code = files(&paths, &question, &mut out, &mut err);
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (code, text(out), text(err))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // A file that stays behind is only untidy.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn the_exit_code_says_whether_it_would_have_been_the_same() {
    let file = File::new("same", OUTAGE);
    assert_eq!(file.ask(&[], false).0, 0);
    assert_eq!(file.ask(&["consecutive_failures=3"], false).0, 0);
    assert_eq!(
        file.ask(&["consecutive_failures=3", "open_for=90s"], false)
            .0,
        1
    );
}

#[test]
fn a_setting_that_is_refused_is_2_and_says_why() {
    let file = File::new("refused", OUTAGE);
    for (set, text) in [
        ("open_fro=10s", "did you mean open_for?"),
        ("open_for=10", "a duration like"),
        ("consecutive_failures=0", "1 to 1048576"),
        ("consecutive_failures=off", "has to stay"),
        ("window=20s", "no effect"),
    ] {
        let (code, out, err) = file.ask(&[set], false);
        assert_eq!((code, out.as_str()), (2, ""), "{set}");
        assert!(
            err.contains(text) && err.contains("changed settings"),
            "{set}: {err}"
        );
    }
    assert_eq!(file.ask(&["open_for=10s", "open_for=20s"], false).0, 2);
    for text in ["open_for", "=10s", ""] {
        let bad = Question::default().set(text).expect_err("not KEY=VALUE");
        assert!(bad.to_string().contains("KEY=VALUE"));
    }
}

#[test]
fn json_is_one_line_with_both_courses() {
    let file = File::new("json", OUTAGE);
    let (code, out, _) = file.ask(&["open_for=2s", "backoff=1.5"], true);
    assert_eq!((code, out.lines().count()), (1, 1));
    let line: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        line["set"],
        serde_json::json!({"open_for": "2s", "backoff": 1.5})
    );
    assert_eq!(
        (&line["id"], &line["ok"]),
        (&"outage".into(), &false.into())
    );
    assert_eq!(line["recorded"]["openings"][0]["lasted"], "5s");
    assert_eq!(line["now"]["openings"][0]["open_for"], "2s");
    assert_eq!(line["now"]["openings"][0]["cause"], "consecutive_failures");
    assert_eq!(
        (&line["let_through"], &line["rejected"]),
        (&2.into(), &0.into())
    );
}

#[test]
fn a_file_without_steps_has_no_other_settings() {
    let text = r#"{"id": "refused", "breaker": {"open_for": "0s"}, "error": "open_for"}"#;
    let file = File::new("no-steps", text);
    assert_eq!(file.ask(&["backoff=3"], false).0, 2);
    let mut sink = io::sink();
    let code = files(
        std::slice::from_ref(&file.0),
        &Question::default(),
        &mut sink,
        &mut io::sink(),
    );
    assert_eq!(code, 0);
}
