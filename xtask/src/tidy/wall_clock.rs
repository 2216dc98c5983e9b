//! Tests that let real time pass stand in one list with their seconds, and the list is true.

use crate::finding::Finding;
use crate::repo::Repo;

const LIST: &str = "docs/wall-clock-tests.md";
const HEADER: &str = "| test | seconds | why |";

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let Some(file) = repo.file(LIST) else {
        return vec![Finding::at(LIST, "is missing")];
    };
    let mut lines = file
        .text
        .lines()
        .enumerate()
        .skip_while(|(_, line)| line.trim() != HEADER);
    if lines.next().is_none() {
        return vec![Finding::at(LIST, format!("has no table `{HEADER}`"))];
    }
    let rows = lines
        .skip(1)
        .take_while(|(_, line)| line.trim_start().starts_with('|'));
    rows.filter_map(|(index, row)| Some(Finding::on_line(LIST, index, judge(repo, row)?)))
        .collect()
}

/// What is wrong with a row.
fn judge(repo: &Repo, row: &str) -> Option<String> {
    let cells: Vec<&str> = row
        .trim()
        .trim_matches('|')
        .split('|')
        .map(str::trim)
        .collect();
    let [test, seconds, why] = cells.as_slice() else {
        return Some("a row has three cells: test, seconds, why".to_owned());
    };
    let name = test
        .trim_matches('`')
        .rsplit("::")
        .next()
        .unwrap_or_default();
    let declared = format!("fn {name}(");
    if name.is_empty() || !repo.rust_files().any(|file| file.text.contains(&declared)) {
        return Some(format!("there is no test `{name}`"));
    }
    if !seconds
        .parse::<f64>()
        .is_ok_and(|n| n.is_finite() && n > 0.0)
    {
        return Some(format!("`{seconds}` is not a number of seconds"));
    }
    why.is_empty().then(|| "says no why".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(row: &str) -> usize {
        let list = format!("# Title\n\n{HEADER}\n|---|---|---|\n{row}\n");
        let code = "async fn drains_within_its_bound() {}";
        check(&Repo::of(&[(LIST, &list), ("tests/it/serve.rs", code)])).len()
    }

    #[test]
    fn a_true_row_passes() {
        assert_eq!(
            found("| `serve::drains_within_its_bound` | 2.5 | a real socket |"),
            0
        );
    }

    #[test]
    fn rows_without_test_seconds_or_reason_fail() {
        assert_eq!(found("| `gone` | 2 | a real socket |"), 1);
        assert_eq!(
            found("| `drains_within_its_bound` | short | a real socket |"),
            1
        );
        assert_eq!(found("| `drains_within_its_bound` | 2 | |"), 1);
        assert_eq!(found("| `drains_within_its_bound` | 2 |"), 1);
    }

    #[test]
    fn a_missing_list_fails() {
        assert_eq!(check(&Repo::default()).len(), 1);
        assert_eq!(check(&Repo::of(&[(LIST, "# Title")])).len(), 1);
    }
}
