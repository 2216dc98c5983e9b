//! Every dependency may be shipped under a licence that asks nothing of our users but a notice.

use crate::finding::Finding;
use crate::metadata::Package;
use crate::repo::Repo;
use crate::spdx;

const OURS: &str = "MIT OR Apache-2.0";

const ALLOWED: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    // Data, not code: the certificate roots.
    "CDLA-Permissive-2.0",
];

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    repo.packages.iter().filter_map(judge).collect()
}

fn judge(package: &Package) -> Option<Finding> {
    let place = format!("{} {}", package.name, package.version);
    let Some(license) = &package.license else {
        return Some(Finding::at(place, "names no licence"));
    };
    if package.member {
        let message = format!("`{license}`, this workspace is `{OURS}`");
        return (license != OURS).then(|| Finding::at(place, message));
    }
    match spdx::satisfied(license, ALLOWED) {
        Ok(true) => None,
        Ok(false) => Some(Finding::at(
            place,
            format!("licence `{license}` is not on the list"),
        )),
        Err(problem) => Some(Finding::at(
            place,
            format!("licence `{license}`: {problem}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(license: Option<&str>, member: bool) -> bool {
        let license = license.map(str::to_owned);
        let package = Package {
            license,
            member,
            ..Package::default()
        };
        !check(&Repo {
            packages: vec![package],
            ..Repo::default()
        })
        .is_empty()
    }

    #[test]
    fn licences_on_the_list_pass_and_others_fail() {
        assert!(!found(Some("MIT OR Apache-2.0"), false));
        assert!(!found(Some("Unlicense OR MIT"), false));
        assert!(!found(Some("(MIT OR Apache-2.0) AND Unicode-3.0"), false));
        assert!(found(Some("Unlicense"), false));
        assert!(found(Some("MPL-2.0"), false));
        assert!(found(Some("MIT AND GPL-3.0-only"), false));
    }

    #[test]
    fn no_licence_and_nonsense_fail() {
        assert!(found(None, false));
        assert!(found(Some("MIT OR"), false));
    }

    #[test]
    fn our_own_crates_carry_both_licences() {
        assert!(!found(Some(OURS), true));
        assert!(found(Some("MIT"), true));
    }
}
