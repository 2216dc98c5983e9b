//! No line of Rust is wider than a split screen shows. rustfmt leaves comments and strings alone.
//!
//! A table of long texts, one a line, is excused in its header (`tidy-allow(columns)`, see
//! [`SourceFile::excused`](crate::repo::SourceFile::excused)).

use crate::finding::Finding;
use crate::repo::Repo;

const COLUMNS_MAX: usize = 100;

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repo.rust_files() {
        for (index, line) in file.text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS_MAX && !file.excused(index, "columns") {
                let message = format!("{columns} columns, {COLUMNS_MAX} are allowed");
                findings.push(Finding::on_line(&file.path, index, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hundred_and_first_column_fails() {
        let line = |columns: usize| format!("short\n{}\n", "é".repeat(columns));
        assert!(check(&Repo::of(&[("a.rs", &line(COLUMNS_MAX))])).is_empty());
        let found = check(&Repo::of(&[("a.rs", &line(COLUMNS_MAX + 1))]));
        assert_eq!(
            found,
            [Finding::on_line("a.rs", 1, "101 columns, 100 are allowed")]
        );
    }
    #[test]
    fn a_table_of_long_texts_is_excused_with_its_reason() {
        let wide = "x".repeat(COLUMNS_MAX + 1);
        let table = format!("//! tidy-allow(columns): one message a line\n{wide}\n{wide}");
        assert!(check(&Repo::of(&[("tests.rs", &table)])).is_empty());
    }
}
