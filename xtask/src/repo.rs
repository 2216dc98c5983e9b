//! What the checks look at: the tracked text files of the checkout and its packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::metadata::{self, Package};

/// A shorter text is no reason.
const REASON_MIN: usize = 10;

/// The repository as the checks see it.
#[derive(Debug, Default)]
pub(crate) struct Repo {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) packages: Vec<Package>,
    /// The root of the checkout.
    pub(crate) root: PathBuf,
}

/// A tracked text file; `path` is relative to the root, with `/`.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Repo {
    /// Reads the checkout that the current directory belongs to.
    pub(crate) fn open() -> Result<Repo, String> {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let answer = output(Command::new(cargo).args(["metadata", "--format-version", "1"]))?;
        let (root, packages) = metadata::parse(&text(answer)?)?;
        let root = Path::new(&root);
        let listed = text(output(
            Command::new("git")
                .arg("-C")
                .arg(root)
                .args(["ls-files", "-z"]),
        )?)?;
        let files = listed.split('\0').filter(|path| !path.is_empty());
        // A file may be deleted and not yet committed, or be binary: neither has text to check.
        let files = files.filter_map(|path| {
            let text = std::fs::read_to_string(root.join(path)).ok()?;
            Some(SourceFile {
                path: path.to_owned(),
                text,
            })
        });
        Ok(Repo {
            files: files.collect(),
            packages,
            root: root.to_owned(),
        })
    }

    /// The tracked Rust files.
    pub(crate) fn rust_files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// A tracked file by its path.
    pub(crate) fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The packages of this workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.member)
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Repo {
        let file = |(path, text): &(&str, &str)| SourceFile {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        Repo {
            files: files.iter().map(file).collect(),
            ..Repo::default()
        }
    }
}

impl SourceFile {
    /// The index of the first line that only a test build reads: 0 in a file of tests, the line of
    /// `#[cfg(test)]` before a module of tests (they end a file here), or the file's length.
    pub(crate) fn tests_from(&self) -> usize {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let in_tests = self
            .path
            .split('/')
            .any(|part| part == "tests" || part == "benches");
        if in_tests || name == "tests.rs" || name.ends_with("_tests.rs") {
            return 0;
        }
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        let opens_tests = |pair: &[&str]| {
            let gated = pair[0].starts_with("#[cfg(") && pair[0].contains("test");
            gated && pair[1].starts_with("mod ") && pair[1].ends_with('{')
        };
        lines
            .windows(2)
            .position(opens_tests)
            .unwrap_or(lines.len())
    }

    /// Whether the line, or the comment right above it, excuses it from a check with a reason:
    /// `// tidy-allow(sleep): the stand-in is slow on purpose`. In the header of the file (`//!`)
    /// it excuses the whole file.
    pub(crate) fn excused(&self, index: usize, check: &str) -> bool {
        let mark = format!("tidy-allow({check}):");
        let line = |at: usize| self.text.lines().nth(at).unwrap_or_default();
        let reasoned = |line: &str| {
            line.split_once(&mark)
                .is_some_and(|(_, reason)| reason.trim().len() >= REASON_MIN)
        };
        let above = index
            .checked_sub(1)
            .map(line)
            .filter(|line| line.trim().starts_with("//"));
        let mut header = self.text.lines().take_while(|line| line.starts_with("//!"));
        reasoned(line(index)) || above.is_some_and(reasoned) || header.any(reasoned)
    }
}

fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command
        .output()
        .map_err(|e| format!("cannot run {name}: {e}"))?;
    if done.status.success() {
        return Ok(done.stdout);
    }
    Err(format!(
        "{name} failed: {}",
        String::from_utf8_lossy(&done.stderr).trim()
    ))
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|e| format!("not UTF-8: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn tests_are_found_by_folder_by_name_and_by_gate() {
        assert_eq!(
            file("crates/x/tests/it/main.rs", "fn a() {}").tests_from(),
            0
        );
        assert_eq!(
            file("crates/x/src/window/tests.rs", "fn a() {}").tests_from(),
            0
        );
        assert_eq!(
            file("src/a.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n}\n").tests_from(),
            1
        );
        assert_eq!(
            file("src/a.rs", "fn a() {}\n#[cfg(all(test, loom))]\nmod t {").tests_from(),
            1
        );
        assert_eq!(
            file("src/a.rs", "#[cfg(test)]\nmod tests;\nfn a() {}\n").tests_from(),
            3
        );
    }

    #[test]
    fn an_excuse_needs_the_check_and_a_reason() {
        let good = file("a.rs", "// tidy-allow(sleep): slow on purpose\nwait();");
        assert!(good.excused(1, "sleep"));
        assert!(!good.excused(1, "words"));
        assert!(!file("a.rs", "// tidy-allow(sleep):\nwait();").excused(1, "sleep"));
        assert!(!file("a.rs", "wait();\nwait();").excused(1, "sleep"));
    }

    #[test]
    fn an_excuse_in_the_header_is_for_the_whole_file() {
        let soak = file(
            "a.rs",
            "//! Load.\n//! tidy-allow(sleep): it is load\n\nfn a() {}\nw();",
        );
        assert!(soak.excused(4, "sleep"));
        let later = file(
            "a.rs",
            "fn a() {}\n// tidy-allow(sleep): slow on purpose\nw();\nw();",
        );
        assert!(!later.excused(3, "sleep"));
    }

    #[test]
    fn this_checkout_opens_and_lists_itself() {
        let repo = Repo::open().unwrap();
        assert!(repo.file("Cargo.toml").is_some());
        assert!(repo.members().any(|package| package.name == "xtask"));
        assert!(repo.packages.iter().any(|package| !package.member));
    }
}
