//! Overrides from the environment: `FUSEBOX__CIRCUITS__RAG__BREAKER__OPEN_FOR=60s`.
//!
//! A variable changes a key of the server or of a circuit that the file has; it makes no new
//! circuits, since a name could not be told from its upper-case form.

use std::collections::HashMap;
use std::sync::Arc;

use super::keys;
use super::nearest::nearest;
use super::problem::{Place, Report};
use super::tree::{Node, Table, Value};

/// What all our variables begin with.
pub(super) const PREFIX: &str = "FUSEBOX__";

/// Lays every variable that begins with the prefix over `tree`.
pub(super) fn overlay(
    tree: &mut Table,
    env: impl Iterator<Item = (String, String)>,
    report: &Report,
) {
    let known = Known::of(tree, report);
    let mut variables: Vec<_> = env.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    variables.sort();
    for (name, value) in variables {
        let place = Place::Variable(Arc::from(name.as_str()));
        match known.path(&name) {
            Ok(path) => tree.set(&path, Node::from_outside(place, value)),
            Err(message) => report.add(&place, "", message),
        }
    }
}

/// The part of a variable that stands for a circuit.
fn part(name: &str) -> String {
    name.to_ascii_uppercase().replace(['-', '.'], "_")
}

/// Every variable that means something, with the key it means.
struct Known {
    paths: HashMap<String, Vec<Vec<String>>>,
    /// Beginnings of variables whose rest is a key of its own: statuses and headers.
    open: Vec<(String, Vec<String>)>,
}

impl Known {
    fn of(tree: &Table, report: &Report) -> Self {
        let mut known = Self {
            paths: HashMap::new(),
            open: Vec::new(),
        };
        for key in keys::SERVER.iter().filter(|key| **key != "admin_tls") {
            known.add(&["SERVER", key], &["server", key]);
        }
        for key in keys::ADMIN_TLS {
            known.add(&["SERVER", "ADMIN_TLS", key], &["server", "admin_tls", key]);
        }
        for key in keys::STORE {
            known.add(&["STORE", key], &["store", key]);
        }
        for key in keys::METRICS {
            known.add(&["METRICS", key], &["metrics", key]);
        }
        for key in keys::TELEMETRY {
            known.add(&["TELEMETRY", key], &["telemetry", key]);
        }
        let mut seen: HashMap<String, &str> = HashMap::new();
        for (name, node) in tree
            .table("circuits")
            .into_iter()
            .flat_map(|circuits| &circuits.0)
        {
            let part = part(name);
            match seen.get(&part) {
                Some(first) => {
                    let variable = format!("{PREFIX}CIRCUITS__{part}");
                    let message = format!(
                        "has the same environment variable as circuits.{first} ({variable}__...); \
                         rename one of them"
                    );
                    report.add(&node.key_at, format!("circuits.{name}"), message);
                }
                None => {
                    known.add_circuit(name, &part);
                    seen.insert(part, name);
                }
            }
        }
        known
    }

    fn add(&mut self, variable: &[&str], path: &[&str]) {
        let variable = format!("{PREFIX}{}", variable.join("__").to_ascii_uppercase());
        let path = path.iter().map(|&key| key.to_owned()).collect();
        self.paths.entry(variable).or_default().push(path);
    }

    fn add_circuit(&mut self, name: &str, part: &str) {
        for key in keys::CIRCUIT
            .iter()
            .filter(|key| !matches!(**key, "breaker" | "branch" | "fallback"))
        {
            self.add(&["CIRCUITS", part, key], &["circuits", name, key]);
        }
        for key in fusebox::Settings::KEYS {
            self.add(
                &["CIRCUITS", part, "BREAKER", key],
                &["circuits", name, "breaker", key],
            );
        }
        for key in keys::BRANCH.iter().filter(|key| **key != "breaker") {
            self.add(
                &["CIRCUITS", part, "BRANCH", key],
                &["circuits", name, "branch", key],
            );
        }
        for key in fusebox::Settings::KEYS {
            self.add(
                &["CIRCUITS", part, "BRANCH", "BREAKER", key],
                &["circuits", name, "branch", "breaker", key],
            );
        }
        for key in keys::FALLBACK {
            self.add(
                &["CIRCUITS", part, "FALLBACK", key],
                &["circuits", name, "fallback", key],
            );
        }
        let open = [
            ("CLASSIFY", vec!["classify"]),
            ("FALLBACK__HEADERS", vec!["fallback", "headers"]),
        ];
        for (rest, keys) in open {
            let path = ["circuits", name]
                .into_iter()
                .chain(keys)
                .map(str::to_owned)
                .collect();
            self.open
                .push((format!("{PREFIX}CIRCUITS__{part}__{rest}__"), path));
        }
    }

    /// The key that a variable means, or what is wrong with it.
    fn path(&self, variable: &str) -> Result<Vec<String>, String> {
        let mut found: Vec<Vec<String>> = self.paths.get(variable).cloned().unwrap_or_default();
        for (beginning, path) in &self.open {
            if let Some(rest) = variable
                .strip_prefix(beginning.as_str())
                .filter(|rest| !rest.is_empty())
            {
                let mut path = path.clone();
                path.push(rest.to_ascii_lowercase().replace('_', "-"));
                found.push(path);
            }
        }
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => Err(
                match nearest(variable, self.paths.keys().map(String::as_str)) {
                    Some(meant) => format!("names no setting (did you mean {meant}?)"),
                    None => "names no setting of this file (circuits are made in the file only)"
                        .to_owned(),
                },
            ),
            _ => {
                let all: Vec<String> = found.iter().map(|path| path.join(".")).collect();
                Err(format!("could mean {}; rename a circuit", all.join(" or ")))
            }
        }
    }
}

/// Lays a flag over `tree`.
pub(super) fn flag(tree: &mut Table, name: &'static str, path: [&str; 2], value: &str) {
    let at = Place::Flag(name);
    let node = Node {
        key_at: at.clone(),
        at,
        value: Value::Text(value.to_owned()),
        raw: Some(value.to_owned()),
    };
    tree.set(&path.map(str::to_owned), node);
}
