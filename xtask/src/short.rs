//! The two tables of the README that put this breaker beside others, taken from the documents
//! that `bench-peers` and `matrix` write: nothing in them is typed by hand.

use std::fmt::Write as _;

const OURS: &str = "**Fusebox**";

/// For each row of the bench: ours at its best by the figure for two threads, and the best that any
/// other has in each column.
pub(crate) fn of_bench(performance: &str) -> Result<String, String> {
    let mut text = String::from(
        "| one run | 1 thread: this, best other | 2 threads on one breaker |\n|---|---|---|\n",
    );
    let mut rows = 0;
    for part in performance.split("\n### ").skip(1) {
        let title = part.lines().next().unwrap_or_default();
        let figures = part.lines().filter_map(figures);
        let (ours, others): (Vec<_>, Vec<_>) = figures.partition(|row| row.0);
        let best = |of: &[(bool, [f64; 2])], column: usize| {
            let column = of.iter().map(|(_, both)| both[column]);
            column.fold(f64::INFINITY, f64::min)
        };
        if ours.is_empty() || others.is_empty() {
            continue;
        }
        rows += 1;
        let _ = writeln!(
            text,
            "| {} | {}, {} | {}, {} |",
            lower(title),
            ns(best(&ours, 0)),
            ns(best(&others, 0)),
            ns(best(&ours, 1)),
            ns(best(&others, 1)),
        );
    }
    if rows == 0 {
        return Err("docs/performance.md has no table with ours and another breaker".to_owned());
    }
    Ok(text)
}

/// Whether a row is ours, and its figures in nanoseconds; the floor of the harness is no breaker.
fn figures(line: &str) -> Option<(bool, [f64; 2])> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [_, breaker, _, one, two, ..] = cells[..] else {
        return None;
    };
    let both = [nanos(one)?, nanos(two)?];
    (breaker != "-").then_some((breaker == OURS, both))
}

fn nanos(cell: &str) -> Option<f64> {
    let (number, unit) = cell.split_once(' ')?;
    let number: f64 = number.parse().ok()?;
    match unit {
        "ns" => Some(number),
        "us" => Some(number * 1_000.0),
        _ => None,
    }
}

fn ns(nanos: f64) -> String {
    match nanos {
        n if n < 10.0 => format!("{n:.1} ns"),
        n => format!("{n:.0} ns"),
    }
}

fn lower(title: &str) -> String {
    let mut letters = title.chars();
    let first = letters.next().map(|c| c.to_lowercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}

/// What each breaker passes, in the order of that.
pub(crate) fn of_matrix(matrix: &str) -> Result<String, String> {
    let files = matrix
        .split_once(" of them say something that a caller")
        .and_then(|(before, _)| before.rsplit(' ').next())
        .ok_or("docs/matrix.md does not say how many files it is about")?;
    let mut rows: Vec<(u32, String)> = matrix.lines().filter_map(verdicts).collect();
    if rows.is_empty() {
        return Err("docs/matrix.md has no table of breakers".to_owned());
    }
    rows.sort_by_key(|(passes, _)| std::cmp::Reverse(*passes));
    let mut text = format!(
        "Of the {files} files whose effect a caller sees:\n\n\
         | breaker | language | passes | wrong | not promised |\n|---|---|---|---|---|\n\
         | {OURS} | Rust | {files} | 0 | 0 |\n"
    );
    for (_, row) in rows {
        let _ = writeln!(text, "{row}");
    }
    Ok(text)
}

fn verdicts(line: &str) -> Option<(u32, String)> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [_, _, _, passes, wrong, unsupported, _] = cells[..] else {
        return None;
    };
    let passes = passes.parse().ok()?;
    let numbers = [wrong, unsupported].map(str::parse::<u32>);
    numbers
        .iter()
        .all(Result::is_ok)
        .then(|| (passes, line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BENCH: &str = "\
### Admit + success

| breaker | how | 1 thread | 2 threads on one breaker | beside the best peer |
|---|---|---|---|---|
| - | the floor | 1.0 ns | 1.0 ns |  |
| one 1.0 | a | 12 ns | 30 ns |  |
| **Fusebox** | by hand | 3.8 ns | 3.9 ns | 3.2x faster |
| two 2.0 | b | 20 ns | 12 us |  |

Samples.
";

    #[test]
    fn a_row_has_our_best_and_the_best_of_the_others() {
        let text = of_bench(&format!("before\n{BENCH}")).unwrap();
        let last = text.lines().last().unwrap();
        assert_eq!(last, "| admit + success | 3.8 ns, 12 ns | 3.9 ns, 30 ns |");
        assert!(of_bench("nothing").is_err());
    }

    #[test]
    fn breakers_stand_in_the_order_of_what_they_pass() {
        let matrix = "Fusebox passes all 9 files. 7 of them say something that a caller sees.\n\
                      | breaker | language | passes | wrong | unsupported |\n\
                      |---|---|---|---|---|\n\
                      | one | Go | 2 | 1 | 4 |\n\
                      | two | Rust | 5 | 0 | 2 |\n";
        let text = of_matrix(matrix).unwrap();
        let rows: Vec<_> = text.lines().skip(4).collect();
        assert_eq!(
            rows,
            [
                "| **Fusebox** | Rust | 7 | 0 | 0 |",
                "| two | Rust | 5 | 0 | 2 |",
                "| one | Go | 2 | 1 | 4 |"
            ]
        );
        assert!(of_matrix("nothing").is_err());
    }
}
