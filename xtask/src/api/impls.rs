//! The lines of implementations: methods of types, traits that types implement, derived ones too.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ImplItem;

use super::lines::{At, Lines};
use super::names::{self, Meaning};
use super::surface::{enclosing, joined};
use super::tokens;
use super::tree::{Implemented, is_public};

impl Lines<'_> {
    /// A derived implementation, written as if it stood there.
    pub(super) fn derived(
        &mut self,
        at: &At,
        name: &syn::Ident,
        generics: &syn::Generics,
        attributes: &[syn::Attribute],
    ) {
        for attribute in attributes.iter().filter(|a| a.path().is_ident("derive")) {
            type List = syn::punctuated::Punctuated<syn::Path, syn::Token![,]>;
            let Ok(derived) = attribute.parse_args_with(List::parse_terminated) else {
                continue;
            };
            for derived in derived {
                let derived = full_name(self.writer.path(at.module, &derived));
                let mut generics = generics.clone();
                for parameter in generics.type_params_mut() {
                    parameter.bounds.push(syn::parse_quote!(#derived));
                    parameter.default = None;
                }
                let (_, arguments, _) = generics.split_for_impl();
                let arguments = arguments.to_token_stream();
                let (parameters, conditions) = self.writer.generics(at.module, &generics);
                let text = quote!(impl #parameters #derived for #name #arguments #conditions);
                self.put(at, &[], text);
            }
        }
    }

    pub(super) fn implementation(&mut self, implemented: &Implemented) {
        let (module, item) = (implemented.module, &implemented.item);
        let within = enclosing(self.tree, module);
        let mut gates = joined(&within, &implemented.gates);
        let of_type = self.head(module, &item.self_ty);
        if let Some(more) = of_type.and_then(|id| self.surface.gates.get(&id)) {
            gates = joined(&gates, more);
        }
        let known = of_type.and_then(|id| self.surface.items.get(&id));
        let (generics, conditions) = self.writer.generics(module, &item.generics);
        let self_type = self.writer.a_type(module, &item.self_ty);
        let Some((not, contract, _)) = &item.trait_ else {
            let Some(path) = known else { return };
            let plain = tokens::text(self_type.clone()) == path.join("::");
            let header = quote!(impl #generics #self_type #conditions);
            let header = (!plain || !item.generics.params.is_empty()).then_some(header);
            let at = At {
                path: self.full(path),
                module,
                gates,
            };
            for inner in &item.items {
                self.inherent(&at, inner, header.as_ref());
            }
            return;
        };
        let (their_path, their_gates) = match self.contract_of(module, contract) {
            // Nobody outside can name this trait, nor call through it.
            Some(id) if !self.surface.items.contains_key(&id) => return,
            Some(id) => (self.surface.items.get(&id), self.surface.gates.get(&id)),
            None => (None, None),
        };
        if let Some(more) = their_gates {
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
        let types = (!types.is_empty()).then_some(quote!({ #(#types)* }));
        let text = quote!(
            #safety impl #generics #not #contract for #self_type #conditions #types
        );
        let at = At {
            path,
            module,
            gates,
        };
        self.put(&at, &[], text);
    }

    fn inherent(&mut self, at: &At, item: &ImplItem, header: Option<&TokenStream>) {
        let module = at.module;
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
                let what = format!("the macro `{name}!` in an impl is not read");
                self.out.push(format!("{}: {what}", at.path));
                return;
            }
            _ => return,
        };
        if is_public(visibility) {
            let header = header.map(|header| quote!(in #header));
            let text = quote!(pub #text #header);
            self.put(&at.part("::", name), attributes, text);
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

/// A derived trait by the name that an implementation by hand has: the derives in the prelude are
/// not the traits of their name.
fn full_name(derived: TokenStream) -> TokenStream {
    match derived.to_string().as_str() {
        "Debug" => quote!(std::fmt::Debug),
        "Hash" => quote!(std::hash::Hash),
        _ => derived,
    }
}
