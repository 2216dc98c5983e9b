//! The table as Markdown: rows of the design's first table, from fast to slow by one thread.

use crate::Measured;
use crate::case::Row;
use std::fmt::Write as _;

pub(crate) fn markdown(measured: &[Measured], disturbed: f64) -> String {
    let mut text = String::new();
    for row in Row::ALL {
        let mut of_row: Vec<&Measured> = measured.iter().filter(|m| m.case.row == row).collect();
        of_row.sort_by(|a, b| a.medians[0].total_cmp(&b.medians[0]));
        let best = |index: usize| {
            let others = of_row.iter().filter(|m| !m.case.ours && m.case.peer != "-");
            others
                .map(|m| m.medians[index])
                .fold(f64::INFINITY, f64::min)
        };
        let best = [best(0), best(1)];
        let (one, two) = row.goal();
        let _ = writeln!(
            text,
            "\n### {}\n\nGoal of the design: {one} ns / {two} ns.\n\n\
             | breaker | how | 1 thread | 2 threads on one breaker | beside the best peer |\n\
             |---|---|---|---|---|",
            row.title()
        );
        for one in of_row {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                if one.case.ours {
                    "**Fusebox**"
                } else {
                    one.case.peer
                },
                one.case.how,
                ns(one.medians[0]),
                ns(one.medians[1]),
                if one.case.ours {
                    beside(one.medians, best)
                } else {
                    String::new()
                },
            );
        }
    }
    let _ = writeln!(
        text,
        "\nSamples during which the system took a core away: {:.1} %.",
        disturbed * 100.0
    );
    text
}

/// Both ratios in words: who is faster, and how many times.
fn beside(ours: [f64; 2], best: [f64; 2]) -> String {
    let word = |ours: f64, best: f64| {
        if ours <= best {
            format!("{:.1}x faster", best / ours)
        } else {
            format!("**loses: {:.1}x slower**", ours / best)
        }
    };
    format!("{} / {}", word(ours[0], best[0]), word(ours[1], best[1]))
}

fn ns(value: f64) -> String {
    match value {
        v if v < 10.0 => format!("{v:.1} ns"),
        v if v < 10_000.0 => format!("{v:.0} ns"),
        v => format!("{:.0} us", v / 1_000.0),
    }
}
