//! A newcomer finds a thing by its name: names that say nothing are not given to files or modules.

use crate::finding::Finding;
use crate::repo::Repo;

/// Each is a drawer that fills up with whatever nobody wanted to name.
const BANNED: &[&str] = &[
    "util",
    "utils",
    "utility",
    "utilities",
    "common",
    "helper",
    "helpers",
    "manager",
    "misc",
];

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &repo.files {
        let parts = file
            .path
            .split('/')
            .map(|part| part.split('.').next().unwrap_or(part));
        for part in parts.filter(|part| says_nothing(part)) {
            findings.push(Finding::at(
                &file.path,
                format!("`{part}` is no name for a file"),
            ));
        }
    }
    for file in repo.rust_files() {
        for (index, line) in file.text.lines().enumerate() {
            if let Some(name) = module_name(line).filter(|name| says_nothing(name)) {
                let message = format!("`{name}` is no name for a module");
                findings.push(Finding::on_line(&file.path, index, message));
            }
        }
    }
    findings
}

fn says_nothing(name: &str) -> bool {
    name.to_lowercase()
        .split(['_', '-'])
        .any(|word| BANNED.contains(&word))
}

/// The name in `mod name;` or `mod name {`, whatever its visibility.
fn module_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("mod ")?;
    let before = before.trim();
    let declares = before.is_empty() || before == "pub" || before.starts_with("pub(");
    let name = after.trim_end().strip_suffix([';', '{'])?.trim();
    declares.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_with_empty_names_fail() {
        for path in [
            "src/util.rs",
            "src/common/mod.rs",
            "docs/helpers.md",
            "src/pool_manager.rs",
        ] {
            assert_eq!(check(&Repo::of(&[(path, "")])).len(), 1, "{path}");
        }
        assert!(
            check(&Repo::of(&[
                ("src/window.rs", ""),
                ("src/commons_law.rs", "")
            ]))
            .is_empty()
        );
    }

    #[test]
    fn modules_with_empty_names_fail() {
        let text =
            "mod window;\npub(crate) mod util;\nmod helpers {\n// a mod common; in a comment";
        assert_eq!(check(&Repo::of(&[("src/a.rs", text)])).len(), 2);
    }
}
