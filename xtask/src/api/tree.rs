//! A crate as its sources write it: modules, the names that each declares and imports, items and
//! implementations.

use syn::{Attribute, Item, Visibility};

/// A crate. Module 0 is its root.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) modules: Vec<Module>,
    pub(crate) items: Vec<Declared>,
    pub(crate) impls: Vec<Implemented>,
    /// Macros that could not be read: module and name.
    pub(crate) unread: Vec<(usize, String)>,
}

#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) parent: usize,
    pub(crate) name: String,
    pub(crate) gates: Vec<String>,
    pub(crate) entries: Vec<Entry>,
    /// `use path::*`.
    pub(crate) globs: Vec<Entry>,
}

/// A name in a module.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) to: To,
    pub(crate) public: bool,
    pub(crate) gates: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) enum To {
    Module(usize),
    Item(usize),
    Path(Vec<String>),
}

pub(crate) struct Declared {
    pub(crate) module: usize,
    pub(crate) name: String,
    pub(crate) item: Item,
    pub(crate) gates: Vec<String>,
}

pub(crate) struct Implemented {
    pub(crate) module: usize,
    pub(crate) item: syn::ItemImpl,
    pub(crate) gates: Vec<String>,
}

pub(crate) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The name of an item and whether it is public; `None` for what has no name.
pub(crate) fn declared(item: &Item) -> Option<(String, bool)> {
    let (name, visibility) = match item {
        Item::Const(item) => (&item.ident, &item.vis),
        Item::Enum(item) => (&item.ident, &item.vis),
        Item::Fn(item) => (&item.sig.ident, &item.vis),
        Item::Static(item) => (&item.ident, &item.vis),
        Item::Struct(item) => (&item.ident, &item.vis),
        Item::Trait(item) => (&item.ident, &item.vis),
        Item::TraitAlias(item) => (&item.ident, &item.vis),
        Item::Type(item) => (&item.ident, &item.vis),
        Item::Union(item) => (&item.ident, &item.vis),
        Item::Macro(item) => return Some((item.ident.as_ref()?.to_string(), true)),
        _ => return None,
    };
    Some((name.to_string(), is_public(visibility)))
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
