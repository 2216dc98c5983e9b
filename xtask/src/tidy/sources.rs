//! Dependencies come from one package registry or lie in this repository: nothing from git, whose
//! history others can rewrite, and no second registry that could answer for the same name.

use crate::finding::Finding;
use crate::repo::Repo;

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut registry: Option<&str> = None;
    for package in &repo.packages {
        let place = format!("{} {}", package.name, package.version);
        match package.source.as_deref() {
            None if package.member => {}
            None => findings.push(Finding::at(place, "lies outside the workspace")),
            Some(source) if !source.starts_with("registry+") => {
                findings.push(Finding::at(place, format!("comes from `{source}`")));
            }
            Some(source) if *registry.get_or_insert(source) != source => {
                findings.push(Finding::at(place, "comes from a second registry"));
            }
            Some(_) => {}
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Package;

    fn found(sources: &[Option<&str>]) -> usize {
        let package = |s: &Option<&str>| Package {
            source: s.map(str::to_owned),
            ..Package::default()
        };
        let packages = sources.iter().map(package).collect();
        check(&Repo {
            packages,
            ..Repo::default()
        })
        .len()
    }

    #[test]
    fn one_registry_passes_and_a_second_one_fails() {
        assert_eq!(found(&[Some("registry+a"), Some("registry+a")]), 0);
        assert_eq!(found(&[Some("registry+a"), Some("registry+b")]), 1);
    }

    #[test]
    fn git_and_paths_outside_the_workspace_fail() {
        assert_eq!(found(&[Some("git+ssh://somewhere/x")]), 1);
        assert_eq!(found(&[None]), 1);
    }

    #[test]
    fn the_members_of_the_workspace_pass() {
        let member = Package {
            member: true,
            ..Package::default()
        };
        assert!(
            check(&Repo {
                packages: vec![member],
                ..Repo::default()
            })
            .is_empty()
        );
    }
}
