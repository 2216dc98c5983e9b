//! The snapshot of a crate: one line for each thing that a user's code can depend on.

use quote::{ToTokens, quote};
use syn::visit_mut::VisitMut;
use syn::{ImplItem, Item, TraitItem};

use super::names::{self, Meaning};
use super::signature::{Writer, line, marks};
use super::surface::{Surface, enclosing, joined, walk};
use super::tree::{Implemented, Tree, is_public};
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
        lines.out.push(format!("{root}: the macro `{unread}!` in `{path}` is not read"));
    }
    lines.out.sort();
    lines.out.dedup();
    lines.out
}

struct Lines<'a> {
    tree: &'a Tree,
    surface: &'a Surface,
    writer: Writer<'a>,
    root: String,
    out: Vec<String>,
}

impl Lines<'_> {
    fn full(&self, path: &[String]) -> String {
        let root = [self.root.clone()];
        root.iter().chain(path).cloned().collect::<Vec<_>>().join("::")
    }

    /// A line below `path`; what never exists for a user has none.
    fn put(
        &mut self,
        path: &str,
        gates: &[String],
        attributes: &[syn::Attribute],
        text: proc_macro2::TokenStream,
    ) {
        if let Some(own) = predicate::gates(attributes) {
            let text = line(&joined(gates, &own), marks(attributes), text);
            self.out.push(format!("{path}: {text}"));
        }
    }

    fn item(&mut self, id: usize) {
        let declared = &self.tree.items[id];
        let module = declared.module;
        let path = self.full(&self.surface.items[&id]);
        let gates = self.surface.gates.get(&id).cloned().unwrap_or_default();
        match &declared.item {
            Item::Struct(item) => self.structure(&path, module, &gates, item),
            Item::Enum(item) => self.enumeration(&path, module, &gates, item),
            Item::Trait(item) => self.contract(&path, module, &gates, item),
            Item::Fn(item) => {
                let signature = self.writer.function(module, &item.sig);
                self.put(&path, &gates, &item.attrs, quote!(pub #signature));
            }
            Item::Const(item) => {
                let (name, ty) = (&item.ident, self.writer.a_type(module, &item.ty));
                self.put(&path, &gates, &item.attrs, quote!(pub const #name: #ty));
            }
            Item::Static(item) => {
                let (name, ty) = (&item.ident, self.writer.a_type(module, &item.ty));
                self.put(&path, &gates, &item.attrs, quote!(pub static #name: #ty));
            }
            Item::Type(item) => {
                let (name, ty) = (&item.ident, self.writer.a_type(module, &item.ty));
                let (generics, conditions) = self.writer.generics(module, &item.generics);
                let text = quote!(pub type #name #generics = #ty #conditions);
                self.put(&path, &gates, &item.attrs, text);
            }
            Item::Macro(item) => {
                let name = &item.ident;
                let matchers = matchers(item.mac.tokens.clone());
                let text = quote!(macro_rules! #name { #matchers });
                self.put(&format!("{path}!"), &gates, &item.attrs, text);
            }
            other => self.put(&path, &gates, &[], other.to_token_stream()),
        }
    }

    fn structure(&mut self, path: &str, module: usize, gates: &[String], item: &syn::ItemStruct) {
        let name = &item.ident;
        let (generics, conditions) = self.writer.generics(module, &item.generics);
        let hides = item.fields.iter().any(|field| !is_public(&field.vis));
        let text = match &item.fields {
            syn::Fields::Named(_) if hides => quote!(pub struct #name #generics #conditions { .. }),
            syn::Fields::Named(_) => quote!(pub struct #name #generics #conditions),
            syn::Fields::Unnamed(fields) => {
                let fields = fields.unnamed.iter().map(|field| {
                    let ty = self.writer.a_type(module, &field.ty);
                    if is_public(&field.vis) { quote!(pub #ty) } else { quote!(_) }
                });
                quote!(pub struct #name #generics (#(#fields),*) #conditions)
            }
            syn::Fields::Unit => quote!(pub struct #name #generics #conditions;),
        };
        self.put(path, gates, &item.attrs, text);
        self.derived(path, gates, name, &item.generics, (module, &item.attrs));
        for field in item.fields.iter().filter(|field| is_public(&field.vis)) {
            if let Some(name) = &field.ident {
                let ty = self.writer.a_type(module, &field.ty);
                let path = format!("{path}.{name}");
                self.put(&path, gates, &field.attrs, quote!(pub #name: #ty));
            }
        }
    }

    fn enumeration(&mut self, path: &str, module: usize, gates: &[String], item: &syn::ItemEnum) {
        let name = &item.ident;
        let (generics, conditions) = self.writer.generics(module, &item.generics);
        let text = quote!(pub enum #name #generics #conditions);
        self.put(path, gates, &item.attrs, text);
        self.derived(path, gates, name, &item.generics, (module, &item.attrs));
        for variant in &item.variants {
            let name = &variant.ident;
            let fields = self.writer.fields(module, &variant.fields);
            let number = variant.discriminant.as_ref().map(|(_, number)| quote!(= #number));
            let text = quote!(#name #fields #number);
            self.put(&format!("{path}::{name}"), gates, &variant.attrs, text);
        }
    }

    fn contract(&mut self, path: &str, module: usize, gates: &[String], item: &syn::ItemTrait) {
        let name = &item.ident;
        let (generics, conditions) = self.writer.generics(module, &item.generics);
        let above = self.writer.bounds(module, &item.supertraits, |names, bounds| {
            bounds.iter_mut().for_each(|bound| names.visit_type_param_bound_mut(bound));
        });
        let colon = (!item.supertraits.is_empty()).then(|| quote!(:));
        let (safety, auto) = (&item.unsafety, &item.auto_token);
        let text = quote!(pub #safety #auto trait #name #generics #colon #above #conditions);
        self.put(path, gates, &item.attrs, text);
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
                    self.out.push(format!("{path}: {text}"));
                    continue;
                }
            };
            self.put(&format!("{path}::{name}"), gates, attributes, text);
        }
    }

    /// A derived implementation, written as if it stood there.
    fn derived(
        &mut self,
        path: &str,
        gates: &[String],
        name: &syn::Ident,
        generics: &syn::Generics,
        (module, attributes): (usize, &[syn::Attribute]),
    ) {
        for attribute in attributes.iter().filter(|a| a.path().is_ident("derive")) {
            type List = syn::punctuated::Punctuated<syn::Path, syn::Token![,]>;
            let Ok(derived) = attribute.parse_args_with(List::parse_terminated) else {
                continue;
            };
            for derived in derived {
                let derived = self.writer.path(module, &derived);
                let mut generics = generics.clone();
                for parameter in generics.type_params_mut() {
                    parameter.bounds.push(syn::parse_quote!(#derived));
                    parameter.default = None;
                }
                let (_, arguments, _) = generics.split_for_impl();
                let arguments = arguments.to_token_stream();
                let (parameters, conditions) = self.writer.generics(module, &generics);
                let text = quote!(impl #parameters #derived for #name #arguments #conditions);
                self.put(path, gates, &[], text);
            }
        }
    }

    fn implementation(&mut self, implemented: &Implemented) {
        let (module, item) = (implemented.module, &implemented.item);
        let within = enclosing(self.tree, module);
        let mut gates = joined(&within, &implemented.gates);
        let of_type = self.head(module, &item.self_ty);
        let known = of_type.and_then(|id| self.surface.items.get(&id));
        let (generics, conditions) = self.writer.generics(module, &item.generics);
        let self_type = self.writer.a_type(module, &item.self_ty);
        let Some((not, contract, _)) = &item.trait_ else {
            let Some(path) = known else { return };
            let plain = tokens::text(self_type.clone()) == path.join("::");
            let header = quote!(impl #generics #self_type #conditions);
            let header = (!plain || !item.generics.params.is_empty()).then(|| header);
            let path = self.full(path);
            for inner in &item.items {
                self.inherent(&path, module, &gates, inner, header.as_ref());
            }
            return;
        };
        let (their_path, their_gates) = match self.contract_of(module, contract) {
            // Nobody outside can name this trait, nor call through it.
            Some(id) if !self.surface.items.contains_key(&id) => return,
            Some(id) => (self.surface.items.get(&id), self.surface.gates.get(&id)),
            None => (None, None),
        };
        let type_gates = of_type.and_then(|id| self.surface.gates.get(&id));
        for more in [their_gates, type_gates].into_iter().flatten() {
            gates = joined(&gates, more);
        }
        let Some(path) = known.or(their_path).map(|path| self.full(path)) else {
            return;
        };
        let contract = self.writer.path(module, contract);
        let safety = &item.unsafety;
        let types = item.items.iter().filter_map(|inner| match inner {
            ImplItem::Type(item) => {
                let (name, ty) = (&item.ident, self.writer.a_type(module, &item.ty));
                let (generics, conditions) = self.writer.generics(module, &item.generics);
                Some(quote!(type #name #generics = #ty #conditions;))
            }
            _ => None,
        });
        let types: Vec<_> = types.collect();
        let types = (!types.is_empty()).then(|| quote!({ #(#types)* }));
        let text = quote!(
            #safety impl #generics #not #contract for #self_type #conditions #types
        );
        self.put(&path, &gates, &[], text);
    }

    fn inherent(
        &mut self,
        path: &str,
        module: usize,
        gates: &[String],
        item: &ImplItem,
        header: Option<&proc_macro2::TokenStream>,
    ) {
        let (name, visibility, attributes, text) = match item {
            ImplItem::Fn(item) => {
                let text = self.writer.function(module, &item.sig);
                (&item.sig.ident, &item.vis, &item.attrs, text)
            }
            ImplItem::Const(item) => {
                let (name, ty) = (&item.ident, self.writer.a_type(module, &item.ty));
                (name, &item.vis, &item.attrs, quote!(const #name: #ty))
            }
            ImplItem::Type(item) => {
                let (name, ty) = (&item.ident, self.writer.a_type(module, &item.ty));
                (name, &item.vis, &item.attrs, quote!(type #name = #ty))
            }
            ImplItem::Macro(item) => {
                let name = tokens::text(item.mac.path.to_token_stream());
                self.out.push(format!("{path}: the macro `{name}!` in an impl is not read"));
                return;
            }
            _ => return,
        };
        if is_public(visibility) {
            let header = header.map(|header| quote!(in #header));
            let text = quote!(pub #text #header);
            self.put(&format!("{path}::{name}"), gates, attributes, text);
        }
    }

    /// The item of this crate that a type is made of, through references.
    fn head(&self, module: usize, ty: &syn::Type) -> Option<usize> {
        match ty {
            syn::Type::Path(path) if path.qself.is_none() => self.contract_of(module, &path.path),
            syn::Type::Reference(inner) => self.head(module, &inner.elem),
            syn::Type::Paren(inner) => self.head(module, &inner.elem),
            syn::Type::Group(inner) => self.head(module, &inner.elem),
            syn::Type::TraitObject(object) => object.bounds.iter().find_map(|bound| match bound {
                syn::TypeParamBound::Trait(bound) => self.contract_of(module, &bound.path),
                _ => None,
            }),
            _ => None,
        }
    }

    fn contract_of(&self, module: usize, path: &syn::Path) -> Option<usize> {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        match names::meaning(self.tree, module, &segments)? {
            Meaning::Item(item, _) => Some(item),
            Meaning::Module(_) | Meaning::Foreign(..) => None,
        }
    }
}

/// What an exported macro accepts, without what it makes of it.
fn matchers(rules: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let mut out = proc_macro2::TokenStream::new();
    let mut takes = true;
    for token in rules {
        match &token {
            proc_macro2::TokenTree::Group(_) if takes => {
                out.extend([token, proc_macro2::Punct::new(';', proc_macro2::Spacing::Alone).into()]);
                takes = false;
            }
            proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ';' => takes = true,
            _ => {}
        }
    }
    out
}
