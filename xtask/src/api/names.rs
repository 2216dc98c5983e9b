//! What a path in a module means: an item or module of this crate, or something of another one.

use super::tree::{Entry, To, Tree};

/// Imports that lead in a circle end here.
const STEPS_MAX: usize = 32;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    Module(usize),
    /// An item, and how many segments of the path named it: the rest is a variant or the like.
    Item(usize, usize),
    /// Something of another crate by its full path, and how many segments named it.
    Foreign(Vec<String>, usize),
}

/// Follows `path` from `module`. `None` where nothing declares or imports its first segment: a
/// prelude's name, a generic parameter, another crate.
pub(crate) fn meaning(tree: &Tree, module: usize, path: &[String]) -> Option<Meaning> {
    follow(tree, module, path, STEPS_MAX)
}

fn follow(tree: &Tree, module: usize, path: &[String], steps: usize) -> Option<Meaning> {
    let steps = steps.checked_sub(1)?;
    let mut at = module;
    let mut rooted = false;
    for (index, segment) in path.iter().enumerate() {
        match segment.as_str() {
            "crate" if index == 0 => at = 0,
            "self" if index == 0 => {}
            "super" if index == 0 || rooted => at = tree.modules[at].parent,
            name => match lookup(tree, at, name, steps)? {
                Meaning::Module(inner) => at = inner,
                Meaning::Item(item, _) => return Some(Meaning::Item(item, index + 1)),
                Meaning::Foreign(mut full, _) => {
                    full.extend_from_slice(&path[index + 1..]);
                    return Some(Meaning::Foreign(full, path.len()));
                }
            },
        }
        rooted = true;
    }
    rooted.then_some(Meaning::Module(at))
}

/// What `name` is in a module. Types and modules go before functions and imports of their name.
fn lookup(tree: &Tree, module: usize, name: &str, steps: usize) -> Option<Meaning> {
    let entries = tree.modules[module].entries.iter();
    let mut named: Vec<&Entry> = entries.filter(|entry| entry.name == name).collect();
    named.sort_by_key(|entry| rank(tree, entry));
    if let Some(entry) = named.first() {
        return target(tree, module, entry, steps);
    }
    tree.modules[module].globs.iter().find_map(|glob| {
        let To::Path(path) = &glob.to else {
            return None;
        };
        match follow(tree, module, path, steps)? {
            Meaning::Module(from) if from != module => {
                lookup(tree, from, name, steps.checked_sub(1)?)
            }
            _ => None,
        }
    })
}

fn rank(tree: &Tree, entry: &Entry) -> u8 {
    match entry.to {
        To::Module(_) => 0,
        To::Item(id) => {
            let value = matches!(
                tree.items[id].item,
                syn::Item::Fn(_) | syn::Item::Const(_) | syn::Item::Static(_) | syn::Item::Macro(_)
            );
            if value { 2 } else { 0 }
        }
        To::Path(_) => 1,
    }
}

/// What an entry of `module` leads to.
pub(crate) fn entry_meaning(tree: &Tree, module: usize, entry: &Entry) -> Option<Meaning> {
    target(tree, module, entry, STEPS_MAX)
}

fn target(tree: &Tree, module: usize, entry: &Entry, steps: usize) -> Option<Meaning> {
    match &entry.to {
        To::Module(id) => Some(Meaning::Module(*id)),
        To::Item(id) => Some(Meaning::Item(*id, 1)),
        // What nothing here declares is another crate's.
        To::Path(path) => follow(tree, module, path, steps.checked_sub(1)?)
            .or_else(|| Some(Meaning::Foreign(path.clone(), path.len()))),
    }
}
