//! The text of an item's signature. Names are written as a user would: those of the crate by their
//! public path, those of others by their full path, whatever the source imports.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, FnArg, Pat};

use super::names::{Meaning, meaning};
use super::tokens;
use super::tree::Tree;

/// Attributes that a user's code notices, with their arguments or without.
const KEPT: &[&str] = &["non_exhaustive", "repr", "proc_macro_derive"];
const KEPT_BARE: &[&str] = &[
    "must_use",
    "deprecated",
    "proc_macro",
    "proc_macro_attribute",
    "macro_export",
];

/// Writes signatures of one crate.
pub(crate) struct Writer<'a> {
    pub(crate) tree: &'a Tree,
    /// The public path of each item that has one, from the crate's root.
    pub(crate) paths: &'a BTreeMap<usize, Vec<String>>,
}

impl Writer<'_> {
    /// The path that users know the item by; from the crate's root for one that they cannot name.
    fn path_of(&self, item: usize) -> Vec<String> {
        if let Some(path) = self.paths.get(&item) {
            return path.clone();
        }
        let declared = &self.tree.items[item];
        let mut path = vec![declared.name.clone()];
        let mut at = declared.module;
        while at != 0 {
            path.push(self.tree.modules[at].name.clone());
            at = self.tree.modules[at].parent;
        }
        path.push("crate".to_owned());
        path.reverse();
        path
    }

    fn names(&self, module: usize) -> Names<'_> {
        Names {
            writer: self,
            module,
        }
    }

    /// A function without its body.
    pub(crate) fn function(&self, module: usize, signature: &syn::Signature) -> TokenStream {
        let mut signature = signature.clone();
        self.names(module).visit_signature_mut(&mut signature);
        signature.to_token_stream()
    }

    pub(crate) fn a_type(&self, module: usize, ty: &syn::Type) -> TokenStream {
        let mut ty = ty.clone();
        self.names(module).visit_type_mut(&mut ty);
        ty.to_token_stream()
    }

    pub(crate) fn path(&self, module: usize, path: &syn::Path) -> TokenStream {
        let mut path = path.clone();
        self.names(module).visit_path_mut(&mut path);
        path.to_token_stream()
    }

    /// Parameters, and the conditions on them with `where`.
    pub(crate) fn generics(
        &self,
        module: usize,
        generics: &syn::Generics,
    ) -> (TokenStream, TokenStream) {
        let mut generics = generics.clone();
        self.names(module).visit_generics_mut(&mut generics);
        let conditions = generics.where_clause.take();
        (generics.to_token_stream(), conditions.to_token_stream())
    }

    pub(crate) fn bounds<B: ToTokens + Clone>(
        &self,
        module: usize,
        bounds: &B,
        visit: impl Fn(&mut Names<'_>, &mut B),
    ) -> TokenStream {
        let mut bounds = bounds.clone();
        visit(&mut self.names(module), &mut bounds);
        bounds.to_token_stream()
    }

    pub(crate) fn fields(&self, module: usize, fields: &syn::Fields) -> TokenStream {
        let mut fields = fields.clone();
        for field in &mut fields {
            field.attrs.clear();
        }
        self.names(module).visit_fields_mut(&mut fields);
        match &mut fields {
            syn::Fields::Named(named) => drop(named.named.pop_punct()),
            syn::Fields::Unnamed(unnamed) => drop(unnamed.unnamed.pop_punct()),
            syn::Fields::Unit => {}
        }
        fields.to_token_stream()
    }
}

/// The marks before an item that a user's code notices.
pub(crate) fn marks(attributes: &[Attribute]) -> TokenStream {
    let mut out = TokenStream::new();
    for attribute in attributes {
        let path = attribute.path();
        let hidden = path.is_ident("doc")
            && attribute
                .meta
                .require_list()
                .is_ok_and(|list| list.tokens.to_string() == "hidden");
        if KEPT.iter().any(|kept| path.is_ident(kept)) || hidden {
            attribute.to_tokens(&mut out);
        } else if KEPT_BARE.iter().any(|kept| path.is_ident(kept)) {
            out.extend(quote!(#[#path]));
        }
    }
    out
}

/// Replaces each path by the one that users know, and drops what only the source's layout asks for.
pub(crate) struct Names<'a> {
    writer: &'a Writer<'a>,
    module: usize,
}

impl VisitMut for Names<'_> {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        visit_mut::visit_path_mut(self, path);
        if path.leading_colon.is_some() || path.is_ident("Self") {
            return;
        }
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        let (full, named) = match meaning(self.writer.tree, self.module, &segments) {
            Some(Meaning::Item(item, named)) => (self.writer.path_of(item), named),
            Some(Meaning::Foreign(full, named)) => (full, named),
            Some(Meaning::Module(_)) | None => return,
        };
        let mut rest: Vec<syn::PathSegment> = path.segments.iter().cloned().collect();
        let after = rest.split_off(named);
        let arguments = rest.pop().map(|last| last.arguments).unwrap_or_default();
        let span = proc_macro2::Span::call_site();
        let mut segments: Vec<syn::PathSegment> = full
            .iter()
            .map(|name| syn::Ident::new(name, span).into())
            .collect();
        if let Some(last) = segments.last_mut() {
            last.arguments = arguments;
        }
        path.segments = segments.into_iter().chain(after).collect();
    }

    fn visit_attribute_mut(&mut self, _: &mut Attribute) {}

    fn visit_macro_mut(&mut self, _: &mut syn::Macro) {}

    fn visit_visibility_mut(&mut self, _: &mut syn::Visibility) {}

    fn visit_signature_mut(&mut self, signature: &mut syn::Signature) {
        visit_mut::visit_signature_mut(self, signature);
        signature.inputs.pop_punct();
    }

    /// Whether a function changes its own copy of an argument is nobody's business.
    fn visit_fn_arg_mut(&mut self, argument: &mut FnArg) {
        visit_mut::visit_fn_arg_mut(self, argument);
        match argument {
            FnArg::Receiver(receiver) if receiver.reference.is_none() => receiver.mutability = None,
            FnArg::Receiver(_) => {}
            FnArg::Typed(typed) => {
                if let Pat::Ident(name) = &mut *typed.pat {
                    name.mutability = None;
                    name.by_ref = None;
                }
            }
        }
    }

    fn visit_generics_mut(&mut self, generics: &mut syn::Generics) {
        visit_mut::visit_generics_mut(self, generics);
        generics.params.pop_punct();
    }

    fn visit_where_clause_mut(&mut self, clause: &mut syn::WhereClause) {
        visit_mut::visit_where_clause_mut(self, clause);
        clause.predicates.pop_punct();
    }

    fn visit_angle_bracketed_generic_arguments_mut(
        &mut self,
        arguments: &mut syn::AngleBracketedGenericArguments,
    ) {
        visit_mut::visit_angle_bracketed_generic_arguments_mut(self, arguments);
        arguments.args.pop_punct();
    }

    fn visit_parenthesized_generic_arguments_mut(
        &mut self,
        arguments: &mut syn::ParenthesizedGenericArguments,
    ) {
        visit_mut::visit_parenthesized_generic_arguments_mut(self, arguments);
        arguments.inputs.pop_punct();
    }

    fn visit_type_tuple_mut(&mut self, tuple: &mut syn::TypeTuple) {
        visit_mut::visit_type_tuple_mut(self, tuple);
        // `(A,)` needs its comma.
        if tuple.elems.len() > 1 {
            tuple.elems.pop_punct();
        }
    }

    fn visit_type_bare_fn_mut(&mut self, function: &mut syn::TypeBareFn) {
        visit_mut::visit_type_bare_fn_mut(self, function);
        function.inputs.pop_punct();
    }
}

/// The line's text: conditions, marks, signature.
pub(crate) fn line(gates: &[String], marks: TokenStream, signature: TokenStream) -> String {
    let marks = tokens::text(marks);
    let signature = tokens::text(signature);
    let parts = gates
        .iter()
        .map(String::as_str)
        .chain([marks.as_str(), signature.as_str()]);
    parts
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
