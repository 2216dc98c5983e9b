//! `#[fusebox::protect]` on a trait: the trait, a wrapper, and the trait for the wrapper.
//!
//! `wrapper` is the struct, `method` passes one method on, `bounds` are those that it asks of
//! `Self`, `member` is the rest.

mod bounds;
mod member;
mod method;
mod wrapper;

use crate::options::OnMethod;
use crate::returned::Returned;
use crate::root::Root;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Ident, ItemTrait, Meta, Result, Token, TraitItem};
use wrapper::{Asked, Wrapper};

/// The trait with its wrapper; with mistakes, the trait as it was and an error for each.
pub(crate) fn expand(arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let parsed = syn::parse2::<ItemTrait>(item.clone()).map_err(|_| {
        let message = "`#[fusebox::protect]` stands on a trait; for a function there is \
                       `#[fusebox::breaker(…)]`";
        Error::new_spanned(item, message)
    });
    let mut kept = match parsed {
        Ok(kept) => kept,
        Err(error) => {
            let error = error.into_compile_error();
            return quote!(#error #item);
        }
    };
    let protected = protected(arguments, &mut kept).unwrap_or_else(Error::into_compile_error);
    quote!(#kept #protected)
}

/// `name = Name`, `crate = path`, or nothing.
#[derive(Default)]
struct OnTrait {
    name: Option<Ident>,
    root: Root,
}

impl Parse for OnTrait {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut parsed = Self::default();
        while !input.is_empty() {
            let place = input.span();
            let word = Ident::parse_any(input).map(|word| word.to_string());
            let has_value = input.peek(Token![=]);
            match word.as_deref() {
                Ok("name") if has_value && parsed.name.is_none() => {
                    input.parse::<Token![=]>()?;
                    parsed.name = Some(input.parse()?);
                }
                Ok("crate") if has_value && !parsed.root.is_given() => {
                    input.parse::<Token![=]>()?;
                    parsed.root = input.parse()?;
                }
                _ => {
                    let message = "known here are `name = Name`, the name of the wrapper, and \
                                   `crate = path`, each once; the circuit is given to the \
                                   wrapper when it is made";
                    return Err(Error::new(place, message));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(parsed)
    }
}

/// Takes the methods' `#[breaker(…)]` off the trait and writes the wrapper.
fn protected(arguments: TokenStream, kept: &mut ItemTrait) -> Result<TokenStream> {
    let on_trait = syn::parse2::<OnTrait>(arguments);
    let unknown = Root::default();
    let known = on_trait.as_ref().map_or(&unknown, |it| &it.root);
    let options = taken_options(kept, known)?;
    let OnTrait { name, root } = on_trait?;
    if let Some(word) = &kept.unsafety {
        let message = "an `unsafe trait` promises what a wrapper cannot know; wrap it by hand";
        return Err(Error::new_spanned(word, message));
    }
    let wrapper = Wrapper::of(kept, name, &root);
    let mut members = Vec::new();
    let mut errors: Option<Error> = None;
    for (item, options) in kept.items.iter().zip(&options) {
        let passed_on = match item {
            TraitItem::Fn(method) => method::passed_on(&wrapper, method, options),
            other => member::passed_on(&wrapper, other),
        };
        match (passed_on, &mut errors) {
            (Ok(member), _) => members.push(member),
            (Err(error), Some(errors)) => errors.combine(error),
            (Err(error), none) => *none = Some(error),
        }
    }
    if let Some(errors) = errors {
        return Err(errors);
    }
    let structure = wrapper.structure();
    let asked = Asked {
        is_send: crosses_threads(kept),
        is_clone: hands_out_handles(kept, &options),
    };
    let implementation = wrapper.implementation(asked, &members);
    Ok(quote!(#structure #implementation))
}

/// One for each item of the trait, in its order.
fn taken_options(kept: &mut ItemTrait, root: &Root) -> Result<Vec<OnMethod>> {
    let items = kept.items.iter_mut();
    items
        .map(|item| match item {
            TraitItem::Fn(method) => OnMethod::taken_from(&mut method.attrs, root),
            _ => Ok(OnMethod::default()),
        })
        .collect()
}

/// Whether a call needs a handle of its own.
fn hands_out_handles(kept: &ItemTrait, options: &[OnMethod]) -> bool {
    let mut items = kept.items.iter().zip(options);
    items.any(|(item, options)| match item {
        TraitItem::Fn(method) => options.needs_own_handle(&method.sig),
        _ => false,
    })
}

/// Whether a future of the trait is promised to be `Send`.
fn crosses_threads(kept: &ItemTrait) -> bool {
    let has_send_future = kept.items.iter().any(|item| match item {
        TraitItem::Fn(method) => Returned::of(&method.sig).is_some_and(|returned| returned.is_send),
        _ => false,
    });
    has_send_future || kept.attrs.iter().any(boxes_send_futures)
}

/// `#[async_trait]` without `?Send`.
fn boxes_send_futures(attribute: &Attribute) -> bool {
    let local = matches!(&attribute.meta, Meta::List(list)
        if list.tokens.to_string().contains("Send"));
    is_async_trait(attribute) && !local
}

fn is_async_trait(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == "async_trait")
}

fn is_cfg(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
}
