//! The circuits that are tried in turn when one is in trouble.

use super::nearest::nearest;
use super::section::Section;
use super::tree::{Node, Table};

/// Reads `next` of the circuit `own`: names of other circuits of the file, each once.
pub(super) fn read(section: Section<'_>, own: &str, circuits: &Table) -> Option<Vec<String>> {
    const ALLOWED: &str = "names of other circuits, each once";
    let items = section.array("next")?;
    if let (true, Some(node)) = (items.is_empty(), section.table.get("next")) {
        let message = "empty: name at least one other circuit";
        section.report.add(&node.at, section.field("next"), message);
    }
    let mut names: Vec<String> = Vec::new();
    for item in items {
        match item.text() {
            Some(name) if name != own && !names.iter().any(|other| other == name) => {
                check_known(section, item, name, own, circuits);
                names.push(name.to_owned());
            }
            _ => section.refuse("next", item, ALLOWED),
        }
    }
    Some(names)
}

fn check_known(section: Section<'_>, item: &Node, name: &str, own: &str, circuits: &Table) {
    if circuits.get(name).is_some() {
        return;
    }
    let others = circuits.0.iter().map(|(name, _)| name.as_str());
    let meant = nearest(name, others.filter(|other| *other != own));
    let meant = meant.map_or_else(String::new, |meant| format!(" (did you mean {meant}?)"));
    let allowed = format!("the name of another circuit of this file{meant}");
    section.refuse("next", item, &allowed);
}
