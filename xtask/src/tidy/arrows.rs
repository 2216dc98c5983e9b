//! Arrows between the workspace's crates go down the floors of the house, and only down.
//!
//! Crates on one floor are strangers to each other. Nothing may depend on a tool; a tool may look
//! at everything. A crate without a floor is an error: a new crate needs its line here and its
//! sentence in ARCHITECTURE.md. A crate that asks for itself, so that its tests have its features,
//! draws no arrow.

use crate::finding::Finding;
use crate::repo::Repo;

const FLOORS: &[(&str, u8)] = &[
    ("fusebox-macros", 0),
    ("fusebox", 1),
    ("fusebox-tower", 2),
    ("fusebox-queue", 2),
    ("fusebox-store", 2),
    ("fusebox-telemetry", 2),
    ("fusebox-sim", 2),
    ("fusebox-fleet", 2),
    ("fusebox-admin", 3),
    ("fusebox-server", 4),
    ("systems", 5),
];

const TOOLS: &[&str] = &["xtask"];

/// Arrows that go another way: from, to, kind and the reason. None today.
const EXCEPTIONS: &[(&str, &str, &str, &str)] = &[];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Floor(u8),
    Tool,
}

fn place(name: &str) -> Option<Place> {
    if TOOLS.contains(&name) {
        return Some(Place::Tool);
    }
    FLOORS
        .iter()
        .find(|(crate_name, _)| *crate_name == name)
        .map(|(_, n)| Place::Floor(*n))
}

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let members: Vec<&str> = repo
        .members()
        .map(|package| package.name.as_str())
        .collect();
    let mut findings = Vec::new();
    for package in repo.members() {
        let Some(from) = place(&package.name) else {
            findings.push(Finding::at(
                &package.name,
                "has no floor in xtask/src/tidy/arrows.rs",
            ));
            continue;
        };
        let inside = package
            .dependencies
            .iter()
            .filter(|d| members.contains(&d.name.as_str()) && d.name != package.name);
        for dependency in inside {
            let excepted = EXCEPTIONS.iter().any(|(a, b, kind, _)| {
                *a == package.name && *b == dependency.name && *kind == dependency.kind
            });
            // A crate without a floor is reported once, at its own turn.
            let Some(to) = place(&dependency.name) else {
                continue;
            };
            if excepted || goes_down(from, to) {
                continue;
            }
            let arrow = format!("{} -> {}", package.name, dependency.name);
            let why = "arrows go to a lower floor only (DESIGN: the house)";
            findings.push(Finding::at(
                arrow,
                format!("{} dependency: {why}", dependency.kind),
            ));
        }
    }
    findings
}

fn goes_down(from: Place, to: Place) -> bool {
    match (from, to) {
        (Place::Floor(from), Place::Floor(to)) => from > to,
        (Place::Tool, Place::Floor(_)) => true,
        (_, Place::Tool) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{Dependency, Package};

    fn member(name: &str, dependencies: &[(&str, &str)]) -> Package {
        let dependency = |(name, kind): &(&str, &str)| Dependency {
            name: (*name).into(),
            kind: (*kind).into(),
        };
        Package {
            name: name.to_owned(),
            member: true,
            dependencies: dependencies.iter().map(dependency).collect(),
            ..Package::default()
        }
    }

    fn findings(packages: Vec<Package>) -> Vec<String> {
        let repo = Repo {
            packages,
            ..Repo::default()
        };
        check(&repo).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arrows_down_and_to_the_outside_are_fine() {
        let core = member("fusebox", &[("rustix", "normal")]);
        let tower = member("fusebox-tower", &[("fusebox", "normal")]);
        let server = member(
            "fusebox-server",
            &[("fusebox", "normal"), ("fusebox-tower", "dev")],
        );
        assert!(findings(vec![core, tower, server]).is_empty());
    }

    #[test]
    fn a_crate_may_ask_for_its_own_features_in_its_tests() {
        let core = member(
            "fusebox",
            &[("fusebox", "dev"), ("fusebox-macros", "normal")],
        );
        assert!(findings(vec![core, member("fusebox-macros", &[])]).is_empty());
    }

    #[test]
    fn strangers_on_one_floor_are_reported_in_tests_too() {
        let tower = member("fusebox-tower", &[("fusebox-sim", "dev")]);
        let found = findings(vec![tower, member("fusebox-sim", &[])]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("fusebox-tower -> fusebox-sim: dev dependency"));
    }

    #[test]
    fn an_arrow_up_and_an_arrow_to_a_tool_are_reported() {
        let core = member(
            "fusebox",
            &[("fusebox-tower", "normal"), ("xtask", "build")],
        );
        let others = [member("fusebox-tower", &[]), member("xtask", &[])];
        assert_eq!(findings([vec![core], others.to_vec()].concat()).len(), 2);
    }

    #[test]
    fn a_crate_without_a_floor_is_reported() {
        assert_eq!(findings(vec![member("fusebox-attic", &[])]).len(), 1);
    }
}
