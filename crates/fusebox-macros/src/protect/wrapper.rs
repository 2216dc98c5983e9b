//! The struct around an implementation, and the head of the trait's `impl` for it.

use super::{is_async_trait, is_cfg};
use crate::arguments::mentions;
use crate::root::Root;
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{GenericParam, Ident, ItemTrait, parse_quote};

/// What the wrapper of a trait is called, and what stands for the trait in it.
pub(super) struct Wrapper<'a> {
    pub(super) kept: &'a ItemTrait,
    pub(super) root: &'a Root,
    name: Ident,
    /// The parameter for the inner implementation: `T`, or another letter where the trait has
    /// a `T` of its own.
    inner: Ident,
    /// The parameter for the handle: `B`, or another.
    handle: Ident,
}

/// What the wrapper's parts have to be.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// Futures go from thread to thread with what they borrow.
    pub(super) is_send: bool,
    /// A call keeps a handle of its own.
    pub(super) is_clone: bool,
}

impl<'a> Wrapper<'a> {
    pub(super) fn of(kept: &'a ItemTrait, name: Option<Ident>, root: &'a Root) -> Self {
        let name = name.unwrap_or_else(|| format_ident!("Protected{}", kept.ident));
        let (inner, handle) = (free(kept, 'T'), free(kept, 'B'));
        Self {
            kept,
            root,
            name,
            inner,
            handle,
        }
    }

    /// `<T as Trait<…>>`, to name a member of the inner implementation.
    pub(super) fn inner_as_trait(&self) -> TokenStream {
        let (inner, path) = (&self.inner, self.trait_path());
        quote!(<#inner as #path>)
    }

    fn trait_path(&self) -> TokenStream {
        let name = &self.kept.ident;
        let (_, generics, _) = self.kept.generics.split_for_impl();
        quote!(#name #generics)
    }

    /// The struct and its own methods.
    pub(super) fn structure(&self) -> TokenStream {
        let Self {
            kept,
            name,
            inner,
            handle,
            ..
        } = self;
        let root = self.root.at(Span::call_site());
        let visibility = &kept.vis;
        let cfgs: Vec<_> = kept.attrs.iter().filter(|a| is_cfg(a)).collect();
        // So that a mistake is told where the wrapper is made. Of a trait with parameters one type
        // may implement several.
        let implements = kept.generics.params.is_empty().then(|| {
            let path = self.trait_path();
            quote!(#inner: #path,)
        });
        let about = format!("A [`{}`] with its calls behind a breaker.", kept.ident);
        quote! {
            #(#cfgs)*
            #[doc = #about]
            #[derive(Clone, Debug)]
            #visibility struct #name<#inner, #handle = &'static #root::CircuitBreaker> {
                inner: #inner,
                breaker: #handle,
            }

            #(#cfgs)*
            #[allow(dead_code)]
            impl<#inner, #handle> #name<#inner, #handle> {
                /// Puts the breaker in front of the implementation.
                #visibility const fn new(inner: #inner, breaker: #handle) -> Self
                where
                    #handle: #root::__private::Leads,
                    #implements
                {
                    Self { inner, breaker }
                }

                /// The implementation; calls of it go past the breaker. Not a method, so that it
                /// hides none of the trait.
                #visibility const fn inner(this: &Self) -> &#inner {
                    &this.inner
                }

                /// The handle of the breaker.
                #visibility const fn breaker(this: &Self) -> &#handle {
                    &this.breaker
                }

                /// The implementation without the breaker.
                #visibility fn into_inner(this: Self) -> #inner {
                    this.inner
                }
            }
        }
    }

    /// The trait for the wrapper.
    pub(super) fn implementation(&self, asked: Asked, members: &[TokenStream]) -> TokenStream {
        let Self {
            kept,
            name,
            inner,
            handle,
            ..
        } = self;
        let root = self.root.at(Span::call_site());
        let path = self.trait_path();
        let mut generics = kept.generics.clone();
        for parameter in &mut generics.params {
            without_default(parameter);
        }
        generics.params.push(parse_quote!(#inner));
        generics.params.push(parse_quote!(#handle));
        let wheres = generics.make_where_clause();
        wheres.predicates.push(parse_quote!(#inner: #path));
        wheres
            .predicates
            .push(parse_quote!(#handle: #root::__private::Leads));
        if asked.is_clone {
            let bound = parse_quote!(#handle: ::core::clone::Clone);
            wheres.predicates.push(bound);
        }
        if asked.is_send {
            for part in [inner, handle] {
                let bound = parse_quote!(#part: ::core::marker::Send + ::core::marker::Sync);
                wheres.predicates.push(bound);
            }
        }
        // Left to where the wrapper is used: only there is known what its parts can do.
        let supertraits = &kept.supertraits;
        if !supertraits.is_empty() {
            let bound = parse_quote!(#name<#inner, #handle>: #supertraits);
            wheres.predicates.push(bound);
        }
        let (parameters, _, wheres) = generics.split_for_impl();
        let copied = kept.attrs.iter().filter(|a| is_cfg(a) || is_async_trait(a));
        quote! {
            #(#copied)*
            #[allow(deprecated)]
            impl #parameters #path for #name<#inner, #handle> #wheres {
                #(#members)*
            }
        }
    }
}

/// A name that the trait does not use: the letter, or the letter with more behind it.
fn free(kept: &ItemTrait, letter: char) -> Ident {
    let mut name = format_ident!("{letter}");
    while mentions(kept, |word| *word == name) {
        name = format_ident!("{name}{letter}");
    }
    name
}

fn without_default(parameter: &mut GenericParam) {
    match parameter {
        GenericParam::Type(ty) => (ty.eq_token, ty.default) = (None, None),
        GenericParam::Const(constant) => (constant.eq_token, constant.default) = (None, None),
        GenericParam::Lifetime(_) => {}
    }
}
