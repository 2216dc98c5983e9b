//! Every crate begins with a header that says what it is; a library's says more than one line.

use crate::finding::Finding;
use crate::repo::Repo;

/// What it is, what it is not, how it fails: one line cannot hold that.
const LIB_HEADER_LINES_MIN: usize = 2;

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for target in repo.members().flat_map(|package| &package.targets) {
        let lines_min = match target.kind.as_str() {
            "lib" | "proc-macro" => LIB_HEADER_LINES_MIN,
            "bin" => 1,
            _ => continue,
        };
        let Some(file) = repo.file(&target.path) else {
            findings.push(Finding::at(&target.path, "is not tracked"));
            continue;
        };
        let lines = header_lines(&file.text);
        if lines < lines_min {
            let message = format!("{lines} lines of crate header, at least {lines_min} are wanted");
            findings.push(Finding::at(&file.path, message));
        }
    }
    findings
}

/// The lines with words in the inner documentation at the top; attributes may stand before it.
fn header_lines(text: &str) -> usize {
    let lines = text.lines().map(str::trim);
    let mut top = lines.skip_while(|line| line.is_empty() || line.starts_with("#!["));
    let documented = |line: &&str| line.starts_with("//!");
    top.by_ref()
        .take_while(documented)
        .filter(|line| line.len() > "//! ".len())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{Package, Target};

    fn found(kind: &str, text: &str) -> usize {
        let target = Target {
            kind: kind.to_owned(),
            path: "src/lib.rs".to_owned(),
        };
        let package = Package {
            member: true,
            targets: vec![target],
            ..Package::default()
        };
        let mut repo = Repo::of(&[("src/lib.rs", text)]);
        repo.packages.push(package);
        check(&repo).len()
    }

    #[test]
    fn a_library_says_what_it_is_in_some_lines() {
        assert_eq!(
            found(
                "lib",
                "#![forbid(unsafe_code)]\n\n//! One.\n//!\n//! Two.\n//! Three."
            ),
            0
        );
        assert_eq!(found("lib", "//! One.\n//!\npub mod a;"), 1);
        assert_eq!(found("lib", "pub mod a;\n//! Late."), 1);
    }

    #[test]
    fn a_program_says_one_line_and_a_test_none() {
        assert_eq!(found("bin", "//! The binary.\nfn main() {}"), 0);
        assert_eq!(found("bin", "fn main() {}"), 1);
        assert_eq!(found("test", "fn main() {}"), 0);
    }

    #[test]
    fn a_crate_whose_root_is_not_tracked_fails() {
        let target = Target {
            kind: "lib".to_owned(),
            path: "src/lib.rs".to_owned(),
        };
        let package = Package {
            member: true,
            targets: vec![target],
            ..Package::default()
        };
        assert_eq!(
            check(&Repo {
                packages: vec![package],
                ..Repo::default()
            })
            .len(),
            1
        );
    }
}
