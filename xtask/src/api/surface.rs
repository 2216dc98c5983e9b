//! Which items of a crate users can name, and by which path: the walk from the root along public
//! modules and re-exports.

use std::collections::{BTreeMap, VecDeque};

use super::names::{self, Meaning};
use super::tree::{Entry, To, Tree};

/// What users can name. Paths begin at the crate's root and do not name the crate.
#[derive(Debug, Default)]
pub(crate) struct Surface {
    /// The first of the shortest paths to each item.
    pub(crate) items: BTreeMap<usize, Vec<String>>,
    /// The conditions under which that path exists.
    pub(crate) gates: BTreeMap<usize, Vec<String>>,
    pub(crate) modules: BTreeMap<usize, Vec<String>>,
    /// Everything else that is public: path, what it is, conditions.
    pub(crate) others: Vec<(Vec<String>, String, Vec<String>)>,
}

/// A module, a path to what is in it, and the conditions under which that path exists.
struct Next {
    module: usize,
    path: Vec<String>,
    gates: Vec<String>,
}

/// Walks the whole crate.
pub(crate) fn walk(tree: &Tree) -> Surface {
    let mut surface = Surface::default();
    surface.modules.insert(0, Vec::new());
    let mut queue = VecDeque::from([Next {
        module: 0,
        path: Vec::new(),
        gates: Vec::new(),
    }]);
    // Breadth first, so that an item is known by its shortest path.
    while let Some(next) = queue.pop_front() {
        for (module, entry) in visible(tree, next.module, &mut vec![next.module], &mut surface) {
            let path = [next.path.clone(), vec![entry.name.clone()]].concat();
            let gates = joined(&next.gates, &entry.gates);
            let found = Next {
                module,
                path,
                gates,
            };
            surface.place(tree, &entry, found, &mut queue);
        }
    }
    surface
}

/// The public names of a module, also those that a `pub use path::*` brings.
fn visible(
    tree: &Tree,
    module: usize,
    seen: &mut Vec<usize>,
    surface: &mut Surface,
) -> Vec<(usize, Entry)> {
    let own = tree.modules[module]
        .entries
        .iter()
        .filter(|entry| entry.public);
    let mut entries: Vec<(usize, Entry)> = own.map(|entry| (module, entry.clone())).collect();
    for glob in tree.modules[module].globs.iter().filter(|glob| glob.public) {
        match names::entry_meaning(tree, module, glob) {
            Some(Meaning::Module(from)) if !seen.contains(&from) => {
                seen.push(from);
                let inner = visible(tree, from, seen, surface);
                entries.extend(inner.into_iter().map(|(module, mut entry)| {
                    entry.gates = joined(&glob.gates, &entry.gates);
                    (module, entry)
                }));
            }
            Some(Meaning::Foreign(from, _)) => {
                let what = format!("pub use {}::*", from.join("::"));
                let mut path = surface.modules.get(&module).cloned().unwrap_or_default();
                path.push("*".to_owned());
                surface.others.push((path, what, glob.gates.clone()));
            }
            _ => {}
        }
    }
    entries
}

impl Surface {
    fn place(&mut self, tree: &Tree, entry: &Entry, found: Next, queue: &mut VecDeque<Next>) {
        let Next {
            module,
            path,
            gates,
        } = found;
        let again = |first: &Vec<String>| format!("pub use crate::{}", first.join("::"));
        match names::entry_meaning(tree, module, entry) {
            Some(Meaning::Module(inner)) => {
                let first = self.modules.entry(inner).or_insert_with(|| path.clone());
                if *first != path {
                    let what = again(first);
                    return self.others.push((path, what, gates));
                }
                self.others
                    .push((path.clone(), "pub mod".to_owned(), gates.clone()));
                queue.push_back(Next {
                    module: inner,
                    path,
                    gates,
                });
            }
            Some(Meaning::Item(item, named)) => {
                let rest = match &entry.to {
                    To::Path(written) if written.len() > named => written[named..].to_vec(),
                    _ => Vec::new(),
                };
                let first = self.items.entry(item).or_insert_with(|| path.clone());
                if *first != path || !rest.is_empty() {
                    let what = again(&[first.clone(), rest].concat());
                    self.others.push((path, what, gates));
                } else {
                    let within = enclosing(tree, tree.items[item].module);
                    let own = joined(&within, &tree.items[item].gates);
                    self.gates.insert(item, joined(&gates, &own));
                }
            }
            Some(Meaning::Foreign(from, _)) => {
                let what = format!("pub use {}", from.join("::"));
                self.others.push((path, what, gates));
            }
            None => {}
        }
    }
}

/// The conditions of a module and of those around it.
pub(crate) fn enclosing(tree: &Tree, module: usize) -> Vec<String> {
    let mut gates = tree.modules[module].gates.clone();
    let mut at = module;
    while at != 0 {
        at = tree.modules[at].parent;
        gates = joined(&tree.modules[at].gates, &gates);
    }
    gates
}

/// All conditions, each once.
pub(crate) fn joined(one: &[String], other: &[String]) -> Vec<String> {
    let mut all = one.to_vec();
    all.extend(other.iter().filter(|gate| !one.contains(gate)).cloned());
    all
}
