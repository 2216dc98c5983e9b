//! The snapshot of a crate: one line for each thing that a user's code can depend on.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::visit_mut::VisitMut;
use syn::{Item, TraitItem};

use super::signature::{Writer, line, marks};
use super::surface::{Surface, joined, walk};
use super::tree::{Tree, is_public};
use super::{predicate, tokens};

/// The lines of the crate `name`, sorted.
pub(crate) fn of(tree: &Tree, name: &str) -> Vec<String> {
    let surface = walk(tree);
    let writer = Writer {
        tree,
        paths: &surface.items,
    };
    let mut lines = Lines {
        tree,
        surface: &surface,
        writer,
        root: name.replace('-', "_"),
        out: Vec::new(),
    };
    lines.out.push(format!("{}: pub mod", lines.root));
    for (path, what, gates) in &surface.others {
        let path = lines.full(path);
        let text = [gates.clone(), vec![what.clone()]].concat().join(" ");
        lines.out.push(format!("{path}: {text}"));
    }
    for item in surface.items.keys() {
        lines.item(*item);
    }
    for implemented in &tree.impls {
        lines.implementation(implemented);
    }
    for (module, unread) in &tree.unread {
        let path = tree.modules[*module].name.as_str();
        let root = lines.root.clone();
        lines.out.push(format!(
            "{root}: the macro `{unread}!` in `{path}` is not read"
        ));
    }
    lines.out.sort();
    lines.out.dedup();
    lines.out
}

pub(super) struct Lines<'a> {
    pub(super) tree: &'a Tree,
    pub(super) surface: &'a Surface,
    pub(super) writer: Writer<'a>,
    root: String,
    pub(super) out: Vec<String>,
}

/// Where an item stands: its full path, the module that its names are read in, its conditions.
pub(super) struct At {
    pub(super) path: String,
    pub(super) module: usize,
    pub(super) gates: Vec<String>,
}

impl At {
    /// A part of the item, by its name and the sign before it.
    pub(super) fn part(&self, sign: &str, name: &syn::Ident) -> At {
        At {
            path: format!("{}{sign}{name}", self.path),
            module: self.module,
            gates: self.gates.clone(),
        }
    }
}

impl Lines<'_> {
    pub(super) fn full(&self, path: &[String]) -> String {
        let root = [self.root.clone()];
        root.iter()
            .chain(path)
            .cloned()
            .collect::<Vec<_>>()
            .join("::")
    }

    /// One line; what never exists for a user has none.
    pub(super) fn put(&mut self, at: &At, attributes: &[syn::Attribute], text: TokenStream) {
        if let Some(own) = predicate::gates(attributes) {
            let text = line(&joined(&at.gates, &own), marks(attributes), text);
            self.out.push(format!("{}: {text}", at.path));
        }
    }

    fn item(&mut self, id: usize) {
        let declared = &self.tree.items[id];
        let module = declared.module;
        let at = At {
            path: self.full(&self.surface.items[&id]),
            module,
            gates: self.surface.gates.get(&id).cloned().unwrap_or_default(),
        };
        match &declared.item {
            Item::Struct(item) => self.structure(&at, item),
            Item::Enum(item) => self.enumeration(&at, item),
            Item::Trait(item) => self.contract(&at, item),
            Item::Fn(item) => {
                let signature = self.writer.function(module, &item.sig);
                self.put(&at, &item.attrs, quote!(pub #signature));
            }
            Item::Const(item) => {
                let (name, ty) = (&item.ident, self.writer.a_type(module, &item.ty));
                self.put(&at, &item.attrs, quote!(pub const #name: #ty));
            }
            Item::Static(item) => {
                let (name, ty) = (&item.ident, self.writer.a_type(module, &item.ty));
                self.put(&at, &item.attrs, quote!(pub static #name: #ty));
            }
            Item::Type(item) => {
                let (name, ty) = (&item.ident, self.writer.a_type(module, &item.ty));
                let (generics, conditions) = self.writer.generics(module, &item.generics);
                let text = quote!(pub type #name #generics = #ty #conditions);
                self.put(&at, &item.attrs, text);
            }
            Item::Macro(item) => {
                let name = &item.ident;
                let matchers = matchers(item.mac.tokens.clone());
                let text = quote!(macro_rules! #name { #matchers });
                let at = At {
                    path: format!("{}!", at.path),
                    ..at
                };
                self.put(&at, &item.attrs, text);
            }
            other => self.put(&at, &[], other.to_token_stream()),
        }
    }

    fn structure(&mut self, at: &At, item: &syn::ItemStruct) {
        let module = at.module;
        let name = &item.ident;
        let (generics, conditions) = self.writer.generics(module, &item.generics);
        let hides = item.fields.iter().any(|field| !is_public(&field.vis));
        let text = match &item.fields {
            syn::Fields::Named(_) if hides => quote!(pub struct #name #generics #conditions { .. }),
            syn::Fields::Named(_) => quote!(pub struct #name #generics #conditions),
            syn::Fields::Unnamed(fields) => {
                let fields = fields.unnamed.iter().map(|field| {
                    let ty = self.writer.a_type(module, &field.ty);
                    if is_public(&field.vis) {
                        quote!(pub #ty)
                    } else {
                        quote!(_)
                    }
                });
                quote!(pub struct #name #generics (#(#fields),*) #conditions)
            }
            syn::Fields::Unit => quote!(pub struct #name #generics #conditions;),
        };
        self.put(at, &item.attrs, text);
        self.derived(at, name, &item.generics, &item.attrs);
        for field in item.fields.iter().filter(|field| is_public(&field.vis)) {
            if let Some(name) = &field.ident {
                let ty = self.writer.a_type(module, &field.ty);
                self.put(&at.part(".", name), &field.attrs, quote!(pub #name: #ty));
            }
        }
    }

    fn enumeration(&mut self, at: &At, item: &syn::ItemEnum) {
        let module = at.module;
        let name = &item.ident;
        let (generics, conditions) = self.writer.generics(module, &item.generics);
        let text = quote!(pub enum #name #generics #conditions);
        self.put(at, &item.attrs, text);
        self.derived(at, name, &item.generics, &item.attrs);
        for variant in &item.variants {
            let name = &variant.ident;
            let fields = self.writer.fields(module, &variant.fields);
            let number = variant
                .discriminant
                .as_ref()
                .map(|(_, number)| quote!(= #number));
            let text = quote!(#name #fields #number);
            self.put(&at.part("::", name), &variant.attrs, text);
        }
    }

    fn contract(&mut self, at: &At, item: &syn::ItemTrait) {
        let module = at.module;
        let name = &item.ident;
        let (generics, conditions) = self.writer.generics(module, &item.generics);
        let above = self
            .writer
            .bounds(module, &item.supertraits, |names, bounds| {
                bounds
                    .iter_mut()
                    .for_each(|bound| names.visit_type_param_bound_mut(bound));
            });
        let colon = (!item.supertraits.is_empty()).then(|| quote!(:));
        let (safety, auto) = (&item.unsafety, &item.auto_token);
        let text = quote!(pub #safety #auto trait #name #generics #colon #above #conditions);
        self.put(at, &item.attrs, text);
        for inner in &item.items {
            let (name, attributes, text) = match inner {
                TraitItem::Fn(item) => {
                    let signature = self.writer.function(module, &item.sig);
                    // A method with a body need not be written by who implements the trait.
                    let provided = item.default.is_some().then(|| quote!({ .. }));
                    (&item.sig.ident, &item.attrs, quote!(#signature #provided))
                }
                TraitItem::Const(item) => {
                    let (name, ty) = (&item.ident, self.writer.a_type(module, &item.ty));
                    let provided = item.default.is_some().then(|| quote!(= ..));
                    (name, &item.attrs, quote!(const #name: #ty #provided))
                }
                TraitItem::Type(item) => {
                    let text = self.writer.bounds(module, item, |names, item| {
                        item.attrs.clear();
                        names.visit_trait_item_type_mut(item);
                    });
                    (&item.ident, &item.attrs, text)
                }
                _ => {
                    let text = tokens::text(inner.to_token_stream());
                    self.out.push(format!("{}: {text}", at.path));
                    continue;
                }
            };
            self.put(&at.part("::", name), attributes, text);
        }
    }
}

/// What an exported macro accepts, without what it makes of it.
fn matchers(rules: TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut takes = true;
    for token in rules {
        match &token {
            proc_macro2::TokenTree::Group(_) if takes => {
                out.extend([
                    token,
                    proc_macro2::Punct::new(';', proc_macro2::Spacing::Alone).into(),
                ]);
                takes = false;
            }
            proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ';' => takes = true,
            _ => {}
        }
    }
    out
}
