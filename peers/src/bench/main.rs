//! What a call costs with each breaker, by one thread and by two threads on one breaker, all in one
//! run: `bench-peers [ROUNDS]` prints a table in Markdown.
//!
//! A loop of its own instead of divan, which runs one bench to its end before the next begins and
//! pins no thread. Here every round takes one sample of every case, so that a machine that gets
//! slower gets slower for all; each thread has a core of its own; and a sample in which the system
//! took a core away is taken again (`stand.rs`).

#![allow(clippy::print_stdout, clippy::print_stderr)] // a table is its output

mod case;
mod peers;
mod stand;
mod table;

use case::Case;
use std::process::ExitCode;

/// Odd, so that a median is a sample.
const ROUNDS: usize = 11;

/// The medians of a case: ns for each call of each thread, by one thread and by two.
pub(crate) struct Measured {
    pub(crate) case: Case,
    pub(crate) medians: [f64; 2],
}

fn main() -> ExitCode {
    // The other thread of a sample waits for one that has panicked, without end.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("bench-peers: {panic}");
        std::process::exit(101);
    }));
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok());
    match measure(peers::all(), rounds.unwrap_or(ROUNDS)) {
        Ok((measured, disturbed)) => {
            print!("{}", table::markdown(&measured, disturbed));
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("bench-peers: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Samples every case `rounds` times, with one and with two threads; says, too, which part of the
/// samples was disturbed in spite of being taken again.
fn measure(cases: Vec<Case>, rounds: usize) -> Result<(Vec<Measured>, f64), String> {
    let mut stands = Vec::new();
    for case in &cases {
        for threads in [1, 2] {
            stands.push(stand::Stand::set_up(case, threads)?);
        }
    }
    for round in 0..rounds {
        eprint!("\rround {} of {rounds}", round + 1);
        for stand in &mut stands {
            stand.sample()?;
        }
    }
    eprintln!();
    let disturbed: usize = stands.iter().map(|stand| stand.disturbed).sum();
    let share = disturbed as f64 / (stands.len() * rounds) as f64;
    let medians: Vec<f64> = stands.iter_mut().map(stand::Stand::median).collect();
    let measured = cases.into_iter().zip(medians.chunks(2));
    let measured = measured.map(|(case, two)| Measured {
        case,
        medians: [two[0], two[1]],
    });
    Ok((measured.collect(), share))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A case counts the answers that its row is about: a success, the failure of the call itself,
    /// a rejection.
    #[test]
    fn every_case_gets_the_answers_that_its_row_is_about() {
        for case in peers::all() {
            let calls = (case.make)();
            for times in [1, 7, 1_000] {
                let right = calls(times);
                let title = case.row.title();
                assert_eq!(right, times, "{title}, {} ({})", case.peer, case.how);
            }
        }
    }

    #[test]
    fn every_row_has_ours_and_another_breaker() {
        let cases = peers::all();
        for row in case::Row::ALL {
            let of_row = || cases.iter().filter(move |case| case.row == row);
            assert!(of_row().any(|case| case.ours), "{}", row.title());
            let other = |case: &Case| !case.ours && case.peer != "-";
            assert!(of_row().any(other), "{}", row.title());
        }
    }

    #[test]
    fn a_sample_with_other_answers_ends_the_run() {
        let wrong = Case {
            row: case::Row::Rejection,
            peer: "wrong",
            how: "one answer too few",
            ours: false,
            make: || Box::new(|times| times - 1),
        };
        let refused = measure(vec![wrong], 1).err();
        assert!(refused.is_some_and(|problem| problem.contains("other answers")));
    }
}
