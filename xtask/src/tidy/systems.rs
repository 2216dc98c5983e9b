//! A system is at most 500 lines of code: its folder and its program, without tests, stand-ins,
//! blank lines and comments. What systems share has a budget of its own, so that no system grows
//! there.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::repo::{Repo, SourceFile};

const SYSTEM_LINES_MAX: usize = 500;
const SHARED_LINES_MAX: usize = 600;
/// Four services in one program: never to grow.
const OVER: (&str, usize) = ("essay-platform", 760);

const SOURCES: &str = "systems/src/";
/// The heading of the files that belong to no system.
const SHARED: &str = "what systems share";
/// Servers in place of what the systems call, and their programs.
const STAND_INS: [&str; 6] = [
    "stand_in",
    "agent-stand-ins",
    "essay-stand-ins",
    "ofd-stand-in",
    "sprint-stand-ins",
    "third-parties",
];

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for file in repo.rust_files() {
        if let Some(owner) = file.path.strip_prefix(SOURCES).and_then(owner) {
            *lines.entry(owner).or_default() += code_lines(file);
        }
    }
    let over = lines.into_iter().filter_map(|(owner, lines)| {
        let max = match owner.as_str() {
            SHARED => SHARED_LINES_MAX,
            owner if owner == OVER.0 => OVER.1,
            _ => SYSTEM_LINES_MAX,
        };
        let message = format!("{lines} lines of code, {max} are allowed: mend the library");
        (lines > max).then(|| Finding::at(owner, message))
    });
    over.collect()
}

/// The system that a file below `systems/src` belongs to, if it is not a stand-in's.
fn owner(path: &str) -> Option<String> {
    let owner = match path.split_once('/') {
        None => SHARED,
        Some(("bin", program)) => program.trim_end_matches(".rs"),
        Some((folder, _)) => folder,
    };
    let is_counted = !STAND_INS.contains(&owner);
    is_counted.then(|| owner.replace('_', "-"))
}

fn code_lines(file: &SourceFile) -> usize {
    let lines = file.text.lines().take(file.tests_from()).map(str::trim);
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with("//");
    lines.filter(is_code).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Findings for files of so many lines of code, each line with a comment and a blank one.
    fn found(files: &[(&str, usize)]) -> Vec<String> {
        let texts = files
            .iter()
            .map(|(_, lines)| "// why\nwork();\n\n".repeat(*lines));
        let texts: Vec<String> = texts.collect();
        let paths = files.iter().map(|(path, _)| *path);
        let files: Vec<_> = paths.zip(texts.iter().map(String::as_str)).collect();
        let found = check(&Repo::of(&files));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_system_is_its_folder_and_its_program() {
        let program = ("systems/src/bin/till-adapter.rs", 100);
        assert!(found(&[("systems/src/till_adapter/mod.rs", 400), program]).is_empty());
        let found = found(&[("systems/src/till_adapter/mod.rs", 401), program]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("till-adapter") && found[0].contains("501"),
            "{found:?}"
        );
    }

    #[test]
    fn two_systems_are_counted_apart_and_what_they_share_is_too() {
        let (one, other) = ("systems/src/one/a.rs", "systems/src/other/a.rs");
        assert!(found(&[(one, 500), (other, 500), ("systems/src/shared.rs", 600)]).is_empty());
        assert_eq!(found(&[(one, 501), (other, 501)]).len(), 2);
        let shared = [("systems/src/shared.rs", 300), ("systems/src/more.rs", 301)];
        assert_eq!(found(&shared).len(), 1);
    }

    #[test]
    fn tests_and_stand_ins_are_free() {
        assert!(
            found(&[
                ("systems/src/one/tests.rs", 501),
                ("systems/tests/it/one.rs", 501),
                ("systems/src/stand_in/one.rs", 501),
                ("systems/src/bin/ofd-stand-in.rs", 501),
            ])
            .is_empty()
        );
        let unit = format!(
            "{}#[cfg(test)]\nmod tests {{\n{}",
            "a();\n".repeat(500),
            "b();\n"
        );
        assert!(check(&Repo::of(&[("systems/src/one/a.rs", &unit)])).is_empty());
    }
}
