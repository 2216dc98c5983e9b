//! The long tests: the gateway's evidence at full length, and its soak.
//!
//! `FUSEBOX_LONG=1 cargo test -p fusebox-server --test long [NAME...]`. Without the variable
//! nothing runs, and that is what the last line says.

// It shares files with `tests/it`, and needs a part of them only.
#![allow(dead_code)]
// A test may end itself and talk. (Clippy knows a test by its attribute only.)
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "it/house.rs"]
mod house;
#[path = "it/stand_in.rs"]
mod stand_in;
#[path = "it/stream.rs"]
mod stream;

#[path = "long/leaks.rs"]
mod leaks;
#[path = "long/soak.rs"]
mod soak;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

/// Every long test with its name.
const TESTS: [(&str, fn()); 2] = [
    (
        "a_failing_upstream_sees_five_calls_and_one_a_trial_in_25_s",
        leaks::run,
    ),
    (
        "a_minute_of_load_leaves_memory_sockets_and_tasks_flat",
        soak::run,
    ),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        for (name, _) in TESTS {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    if std::env::var_os("FUSEBOX_LONG").is_none_or(|value| value != "1") {
        println!("0 long tests; set FUSEBOX_LONG=1 to run {}", TESTS.len());
        println!(
            "test result: ok. 0 passed; 0 failed; {} filtered out",
            TESTS.len()
        );
        return ExitCode::SUCCESS;
    }
    // Flags of other harnesses (`--nocapture`, `-q`) mean nothing here.
    let wanted: Vec<&String> = arguments
        .iter()
        .filter(|word| !word.starts_with('-'))
        .collect();
    let chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(*word));
    let (mut passed, mut failed, mut filtered) = (0, 0, 0);
    for (name, test) in TESTS {
        if !chosen(name) {
            filtered += 1;
            continue;
        }
        println!("test {name} ...");
        let ended = std::panic::catch_unwind(AssertUnwindSafe(test));
        println!(
            "test {name} ... {}",
            if ended.is_ok() { "ok" } else { "FAILED" }
        );
        *if ended.is_ok() {
            &mut passed
        } else {
            &mut failed
        } += 1;
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {verdict}. {passed} passed; {failed} failed; {filtered} filtered out");
    ExitCode::from(u8::from(failed > 0))
}

/// Runs a test on a runtime like the daemon's.
fn on_a_runtime<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(test)
}
