//! Every defect of another breaker that `docs/defects.md` names has tests of ours, by their names,
//! and every test of `tests/it/peers` stands there.

use crate::finding::Finding;
use crate::repo::Repo;

const LIST: &str = "docs/defects.md";
const HEADER: &str = "| breaker | defect | tests |";
/// The tests that exist for nothing but such a defect.
const PEERS: &str = "crates/fusebox/tests/it/peers/";
const REPLAYS: &str = "conformance/";

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let Some(file) = repo.file(LIST) else {
        return vec![Finding::at(LIST, "is missing")];
    };
    let rows: Vec<(usize, &str)> = rows(&file.text).collect();
    if rows.is_empty() {
        return vec![Finding::at(LIST, format!("has no table `{HEADER}`"))];
    }
    let mut findings = Vec::new();
    for (index, row) in &rows {
        let found = judge(repo, row);
        findings.extend(found.map(|wrong| Finding::on_line(LIST, *index, wrong)));
    }
    for (path, index, name) in tests_of_peers(repo) {
        let cell = format!("`{name}`");
        if !rows.iter().any(|(_, row)| row.contains(&cell)) {
            let message = format!("`{name}` stands in no row of {LIST}");
            findings.push(Finding::on_line(path, index, message));
        }
    }
    findings
}

/// The rows of all tables with the header, each with its line.
fn rows(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_table = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let is_header = line.trim() == HEADER;
        in_table = is_header || (in_table && line.trim_start().starts_with('|'));
        in_table && !is_header && !line.starts_with("|-")
    })
}

/// What is wrong with a row.
fn judge(repo: &Repo, row: &str) -> Option<String> {
    let cells: Vec<&str> = row.trim().trim_matches('|').split('|').collect();
    let [breaker, defect, tests] = cells.as_slice() else {
        return Some("a row has three cells: breaker, defect, tests".to_owned());
    };
    if breaker.trim().is_empty() || defect.trim().is_empty() {
        return Some("names no breaker or no defect".to_owned());
    }
    // Every second part stands between two backticks.
    let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
    if names.is_empty() {
        return Some("names no test".to_owned());
    }
    let missing = names.into_iter().find(|name| !exists(repo, name))?;
    Some(format!("there is no test or replay file `{missing}`"))
}

fn exists(repo: &Repo, name: &str) -> bool {
    let declared = format!("fn {name}(");
    let replay = format!("{REPLAYS}{name}.json");
    repo.file(&replay).is_some() || repo.rust_files().any(|file| file.text.contains(&declared))
}

/// File, line and name of each.
fn tests_of_peers(repo: &Repo) -> impl Iterator<Item = (&str, usize, &str)> {
    let files = repo
        .rust_files()
        .filter(|file| file.path.starts_with(PEERS));
    files.flat_map(|file| {
        let lines = file.text.lines().enumerate();
        let pairs = lines.clone().zip(lines.skip(1));
        pairs.filter_map(|((_, marked), (index, line))| {
            let name = line.trim().strip_prefix("fn ")?.split_once('(')?.0;
            (marked.trim() == "#[test]").then_some((file.path.as_str(), index, name))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "#[test]\nfn half_open_herd_admits_one() {\n}\n";

    fn found(rows: &str) -> usize {
        let list = format!("# Title\n\n{HEADER}\n|---|---|---|\n{rows}\n\nText.\n");
        let peers = format!("{PEERS}trials.rs");
        let files = [
            (LIST, list.as_str()),
            (peers.as_str(), CODE),
            ("conformance/r1-a.json", "{}"),
        ];
        check(&Repo::of(&files)).len()
    }

    #[test]
    fn rows_with_tests_and_replay_files_pass() {
        assert_eq!(
            found("| one | admits all | `half_open_herd_admits_one`, `r1-a` |"),
            0
        );
    }

    #[test]
    fn rows_whose_tests_are_not_there_fail() {
        let good = "| one | admits all | `half_open_herd_admits_one` |";
        assert_eq!(found(&format!("{good}\n| two | leaks | `gone` |")), 1);
        assert_eq!(found(&format!("{good}\n| two | leaks | `r2-b` |")), 1);
        assert_eq!(found(&format!("{good}\n| two | leaks | none |")), 1);
        assert_eq!(found(&format!("{good}\n| | leaks | `r1-a` |")), 1);
        assert_eq!(found(&format!("{good}\n| two | `r1-a` |")), 1);
    }

    #[test]
    fn a_test_that_no_row_names_fails() {
        assert_eq!(found("| one | admits all | `r1-a` |"), 1);
    }

    #[test]
    fn a_missing_list_or_table_fails() {
        assert_eq!(check(&Repo::default()).len(), 1);
        assert_eq!(check(&Repo::of(&[(LIST, "# Title")])).len(), 1);
    }
}
