//! The guide is read as files, too, where nothing hides a line of an example.

use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guide")
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let below = |path: PathBuf| match path.is_dir() {
        true => pages(&path),
        false => vec![path],
    };
    paths.flat_map(below).collect()
}

/// Lines of examples in Rust that rustdoc would leave out.
fn hidden(page: &str) -> Vec<&str> {
    let mut is_rust = false;
    let lines = page.lines().filter(|line| {
        if line.starts_with("```") {
            is_rust = line.starts_with("```rust");
        }
        let line = line.trim_start();
        is_rust && (line == "#" || line.starts_with("# "))
    });
    lines.collect()
}

#[test]
fn no_example_of_the_guide_has_a_line_that_a_page_hides_and_a_file_shows() {
    let page = "# Title\n```rust\n# use fusebox::Rate;\n#[test]\n```\n# Next\n```toml\n# a\n```";
    assert_eq!(hidden(page), ["# use fusebox::Rate;"]);
    let pages = pages(&folder());
    assert!(pages.len() >= 11, "{pages:?}");
    for path in pages {
        let page = fs::read_to_string(&path).expect("text");
        assert_eq!(hidden(&page), [""; 0], "{}", path.display());
    }
}

/// As the tables of the guide show it.
fn short(n: f64) -> String {
    let digits = match n {
        n if n < 0.0001 => return "< 0.0001".to_owned(),
        n if n < 0.001 => 4,
        n if n < 0.01 => 3,
        n if n < 1.0 => 2,
        n if n < 10.0 => 1,
        _ => 0,
    };
    format!("{n:.digits$}")
}

#[test]
fn both_tables_of_failures_in_a_row_are_what_their_formulas_say() {
    let page = fs::read_to_string(folder().join("choosing_a_policy.md")).expect("a page");
    for k in [5, 6, 8, 10] {
        let trips = [0.02_f64, 0.05, 0.1, 0.2]
            .map(|p| short(p.powi(k) * (1.0 - p) * 100.0 * 86_400.0))
            .join(" | ");
        let calls = [1.0, 0.5, 0.3, 0.1].map(|p: f64| {
            let sum: f64 = (1..=k).map(|i| p.powi(-i)).sum();
            match sum > 1e6 {
                true => "> 1000000".to_owned(),
                false => format!("{sum:.0}"),
            }
        });
        let calls = calls.join(" | ");
        for row in [format!("| {k} | {trips} |"), format!("| {k} | {calls} |")] {
            assert!(page.contains(&row), "the page has no row {row}");
        }
    }
}
