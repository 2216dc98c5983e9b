//! Reads the modules of a crate from its files, along `mod`, with what its macros make.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, UseTree};

use super::expand::Rules;
use super::predicate;
use super::surface::joined;
use super::tree::{
    Declared, Entry, Implemented, Module, To, Tree, attributes, declared, is_public,
};
use crate::repo::Repo;

/// Macros of other crates whose input is an item with marks in it.
const WRAPPERS: &[&str] = &["pin_project"];
/// Macros that make nothing that a user could name.
const PRIVATE: &[&str] = &["thread_local", "compile_error"];
/// A macro that makes macros without an end.
const DEPTH_MAX: usize = 32;

/// Where a module was found.
#[derive(Clone)]
struct Place {
    /// The folder of the file.
    folder: String,
    /// The folder of the module's children.
    children: String,
    /// How many macros made what is read here, and under which conditions.
    depth: usize,
    gates: Vec<String>,
}

struct Reader<'a> {
    repo: &'a Repo,
    tree: Tree,
    macros: BTreeMap<String, Vec<(usize, Rules)>>,
    /// Invocations, read when all definitions are known.
    waiting: Vec<(usize, Place, syn::Macro)>,
}

/// Reads the crate whose root file is `root`.
///
/// # Errors
/// A file that is not tracked or is not Rust.
pub(crate) fn read(repo: &Repo, root: &str) -> Result<Tree, String> {
    let mut reader = Reader {
        repo,
        tree: Tree::default(),
        macros: BTreeMap::new(),
        waiting: Vec::new(),
    };
    let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
    let place = Place {
        folder: folder.to_owned(),
        children: folder.to_owned(),
        depth: 0,
        gates: Vec::new(),
    };
    reader.tree.modules.push(Module::default());
    let items = reader.parse(root)?;
    reader.items(0, &place, items)?;
    while let Some((module, place, invoked)) = reader.waiting.pop() {
        reader.invoke(module, place, &invoked)?;
    }
    Ok(reader.tree)
}

impl Reader<'_> {
    fn parse(&self, path: &str) -> Result<Vec<Item>, String> {
        let file = self.repo.file(path);
        let text = &file.ok_or_else(|| format!("{path} is not tracked"))?.text;
        match syn::parse_file(text) {
            Ok(file) => Ok(file.items),
            Err(problem) => Err(format!("{path} is not Rust: {problem}")),
        }
    }

    fn items(&mut self, module: usize, place: &Place, items: Vec<Item>) -> Result<(), String> {
        for item in items {
            let Some(own) = predicate::gates(attributes(&item)) else {
                continue;
            };
            let gates = joined(&place.gates, &own);
            match item {
                Item::Mod(inner) => self.module(module, place, inner, gates)?,
                Item::Use(used) => {
                    let public = is_public(&used.vis);
                    self.import(module, &[], &used.tree, (public, &gates));
                }
                Item::Impl(item) => self.tree.impls.push(Implemented {
                    module,
                    item,
                    gates,
                }),
                Item::Macro(item) => self.macro_item(module, place, item, gates),
                Item::ExternCrate(_) | Item::ForeignMod(_) | Item::Verbatim(_) => {}
                other => self.declare(module, other, gates),
            }
        }
        Ok(())
    }

    fn module(
        &mut self,
        parent: usize,
        place: &Place,
        item: syn::ItemMod,
        gates: Vec<String>,
    ) -> Result<(), String> {
        let name = item.ident.to_string();
        let id = self.tree.modules.len();
        self.tree.modules.push(Module {
            parent,
            name: name.clone(),
            gates: gates.clone(),
            ..Module::default()
        });
        self.tree.modules[parent].entries.push(Entry {
            name: name.clone(),
            to: To::Module(id),
            public: is_public(&item.vis),
            gates,
        });
        let children = format!("{}/{name}", place.children);
        if let Some((_, items)) = item.content {
            let place = Place {
                folder: children.clone(),
                children,
                depth: place.depth,
                gates: Vec::new(),
            };
            return self.items(id, &place, items);
        }
        let (path, place) = self.file_of(place, &item.attrs, &children)?;
        let items = self.parse(&path)?;
        self.items(id, &place, items)
    }

    /// The file of `mod name;` and the place of that module's own children.
    fn file_of(
        &self,
        place: &Place,
        attributes: &[Attribute],
        children: &str,
    ) -> Result<(String, Place), String> {
        let place_of = |path: &str, children: Option<&str>| {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            Place {
                folder: folder.to_owned(),
                children: children.unwrap_or(folder).to_owned(),
                depth: place.depth,
                gates: Vec::new(),
            }
        };
        if let Some(path) = path_attribute(attributes) {
            let path = format!("{}/{path}", place.folder);
            let place = place_of(&path, None);
            return Ok((path, place));
        }
        for path in [format!("{children}.rs"), format!("{children}/mod.rs")] {
            if self.repo.file(&path).is_some() {
                let place = place_of(&path, Some(children));
                return Ok((path, place));
            }
        }
        Err(format!("{children}.rs is not tracked"))
    }

    fn declare(&mut self, module: usize, item: Item, gates: Vec<String>) {
        let Some((name, public)) = declared(&item) else {
            return;
        };
        let id = self.tree.items.len();
        self.tree.modules[module].entries.push(Entry {
            name: name.clone(),
            to: To::Item(id),
            public,
            gates: gates.clone(),
        });
        self.tree.items.push(Declared {
            module,
            name,
            item,
            gates,
        });
    }

    fn import(
        &mut self,
        module: usize,
        before: &[String],
        tree: &UseTree,
        (public, gates): (bool, &Vec<String>),
    ) {
        let mut path = before.to_vec();
        let (name, glob) = match tree {
            UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                return self.import(module, &path, &inner.tree, (public, gates));
            }
            UseTree::Group(group) => {
                for inner in &group.items {
                    self.import(module, &path, inner, (public, gates));
                }
                return;
            }
            UseTree::Name(name) => (add(&mut path, &name.ident), false),
            UseTree::Rename(rename) => {
                add(&mut path, &rename.ident);
                (rename.rename.to_string(), false)
            }
            UseTree::Glob(_) => ("*".to_owned(), true),
        };
        let entry = Entry {
            name,
            to: To::Path(path),
            public,
            gates: gates.clone(),
        };
        let module = &mut self.tree.modules[module];
        if glob {
            module.globs.push(entry);
        } else {
            module.entries.push(entry);
        }
    }

    /// A definition is kept for its invocations, and declared in the root if it is exported.
    fn macro_item(
        &mut self,
        module: usize,
        place: &Place,
        item: syn::ItemMacro,
        gates: Vec<String>,
    ) {
        let Some(name) = &item.ident else {
            let place = Place {
                gates,
                ..place.clone()
            };
            return self.waiting.push((module, place, item.mac));
        };
        if let Some(rules) = Rules::parse(item.mac.tokens.clone()) {
            let known = self.macros.entry(name.to_string()).or_default();
            known.push((module, rules));
        }
        if item.attrs.iter().any(|a| a.path().is_ident("macro_export")) {
            self.declare(0, Item::Macro(item), gates);
        }
    }

    fn invoke(
        &mut self,
        module: usize,
        mut place: Place,
        invoked: &syn::Macro,
    ) -> Result<(), String> {
        let last = invoked.path.segments.last();
        let name = last
            .map(|segment| segment.ident.to_string())
            .unwrap_or_default();
        if PRIVATE.contains(&name.as_str()) {
            return Ok(());
        }
        let made = if WRAPPERS.contains(&name.as_str()) {
            Some(without_marks(invoked.tokens.clone()))
        } else {
            self.rules(module, &name)
                .and_then(|rules| rules.expand(invoked.tokens.clone()))
        };
        let file = made.and_then(|made| syn::parse2::<syn::File>(made).ok());
        match file {
            Some(file) if place.depth < DEPTH_MAX => {
                place.depth += 1;
                self.items(module, &place, file.items)
            }
            _ => {
                self.tree.unread.push((module, name));
                Ok(())
            }
        }
    }

    /// The definition that is meant: the one of the nearest module, else the only one there is.
    fn rules(&self, module: usize, name: &str) -> Option<&Rules> {
        let known = self.macros.get(name)?;
        let mut at = module;
        loop {
            if let Some((_, rules)) = known.iter().find(|(of, _)| *of == at) {
                return Some(rules);
            }
            if at == 0 {
                return known.first().map(|(_, rules)| rules);
            }
            at = self.tree.modules[at].parent;
        }
    }
}

fn add(path: &mut Vec<String>, name: &syn::Ident) -> String {
    // `use a::{self}` imports `a`.
    if name != "self" || path.is_empty() {
        path.push(name.to_string());
    }
    path.last().cloned().unwrap_or_default()
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|a| a.path().is_ident("path"))?;
    let value = &attribute.meta.require_name_value().ok()?.value;
    let text = value.to_token_stream().to_string();
    Some(text.trim_matches('"').to_owned())
}

/// The items in a wrapper's input, without `#[pin]` before its fields and the like.
fn without_marks(input: TokenStream) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    for token in input {
        let mark = match (&token, out.last()) {
            (TokenTree::Group(group), Some(TokenTree::Punct(hash))) if hash.as_char() == '#' => {
                let text = group.stream().to_string();
                text == "pin" || text.starts_with("project")
            }
            _ => false,
        };
        match token {
            _ if mark => {
                out.pop();
            }
            TokenTree::Group(group) => {
                let inside = without_marks(group.stream());
                out.push(proc_macro2::Group::new(group.delimiter(), inside).into());
            }
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}
