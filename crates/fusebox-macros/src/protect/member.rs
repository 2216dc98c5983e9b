//! Types and constants of a protected trait: the inner implementation's.

use super::is_cfg;
use super::wrapper::Wrapper;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Result, TraitItem, TraitItemConst, TraitItemType};

/// The member of the wrapper's `impl`.
pub(super) fn passed_on(wrapper: &Wrapper<'_>, item: &TraitItem) -> Result<TokenStream> {
    match item {
        TraitItem::Type(ty) => Ok(associated_type(wrapper, ty)),
        TraitItem::Const(constant) => Ok(associated_const(wrapper, constant)),
        other => {
            let message = "a macro in a protected trait hides what it makes; write it out";
            Err(Error::new_spanned(other, message))
        }
    }
}

fn associated_type(wrapper: &Wrapper<'_>, item: &TraitItemType) -> TokenStream {
    let cfgs = item.attrs.iter().filter(|a| is_cfg(a));
    let (inner, name) = (wrapper.inner_as_trait(), &item.ident);
    let (parameters, arguments, wheres) = item.generics.split_for_impl();
    quote!(#(#cfgs)* type #name #parameters = #inner::#name #arguments #wheres;)
}

fn associated_const(wrapper: &Wrapper<'_>, item: &TraitItemConst) -> TokenStream {
    let cfgs = item.attrs.iter().filter(|a| is_cfg(a));
    let (inner, name, ty) = (wrapper.inner_as_trait(), &item.ident, &item.ty);
    quote!(#(#cfgs)* const #name: #ty = #inner::#name;)
}
