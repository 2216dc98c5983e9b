//! The arguments of a function: their names, and what may be borrowed from them for a call.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{FnArg, Pat, PatIdent, Receiver, Signature, Token, Type};

/// The arguments of a signature, to be passed on.
pub(crate) struct Arguments<'a> {
    signature: &'a Signature,
}

impl<'a> Arguments<'a> {
    pub(crate) fn of(signature: &'a Signature) -> Self {
        Self { signature }
    }

    /// Whether everything that the expression names can still be borrowed while the body runs:
    /// a shared reference is copied into the body, anything else is moved there.
    pub(crate) fn outlive_the_body(&self, expression: &impl ToTokens) -> bool {
        self.signature.inputs.iter().all(|input| match input {
            FnArg::Receiver(receiver) => {
                is_shared(&receiver.ty) || !mentions(expression, |word| word == "self")
            }
            FnArg::Typed(typed) => {
                is_shared(&typed.ty)
                    || !mentions(expression, |word| {
                        mentions(&typed.pat, |bound| bound == word)
                    })
            }
        })
    }

    /// The receiver and the arguments by name. Every argument has one (see [`name_all`]).
    pub(crate) fn passed_on(&self) -> Vec<TokenStream> {
        let inputs = self.signature.inputs.iter();
        inputs
            .map(|input| match input {
                FnArg::Receiver(Receiver { self_token, .. }) => quote!(#self_token),
                FnArg::Typed(typed) => match &*typed.pat {
                    Pat::Ident(PatIdent { ident, .. }) => quote!(#ident),
                    other => quote!(#other),
                },
            })
            .collect()
    }
}

/// Gives a name to every argument that is written as a pattern. Returns the bindings that take
/// the patterns apart.
pub(crate) fn name_all(signature: &mut Signature) -> Vec<TokenStream> {
    let mut bindings = Vec::new();
    for (number, input) in signature.inputs.iter_mut().enumerate() {
        let FnArg::Typed(typed) = input else {
            continue;
        };
        if is_name(&typed.pat) {
            continue;
        }
        let name = format_ident!("argument{number}", span = Span::mixed_site());
        let pattern = std::mem::replace(&mut *typed.pat, named(name.clone()));
        bindings.push(quote!(let #pattern = #name;));
    }
    bindings
}

/// The first argument that is written as a pattern.
pub(crate) fn first_pattern(signature: &Signature) -> Option<&Pat> {
    signature.inputs.iter().find_map(|input| match input {
        FnArg::Typed(typed) if !is_name(&typed.pat) => Some(&*typed.pat),
        _ => None,
    })
}

/// Takes `mut` off the arguments and the receiver: they are passed on as they come.
pub(crate) fn freeze(signature: &mut Signature) {
    for input in &mut signature.inputs {
        match input {
            FnArg::Receiver(receiver) if receiver.reference.is_none() => receiver.mutability = None,
            FnArg::Receiver(_) => {}
            FnArg::Typed(typed) => {
                if let Pat::Ident(name) = &mut *typed.pat {
                    name.mutability = None;
                }
            }
        }
    }
}

/// Whether a word of the tokens meets the test.
pub(crate) fn mentions(tokens: &impl ToTokens, test: impl Fn(&Ident) -> bool + Copy) -> bool {
    any_word(tokens.to_token_stream(), test)
}

fn any_word(tokens: TokenStream, test: impl Fn(&Ident) -> bool + Copy) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Ident(word) => test(&word),
        TokenTree::Group(group) => any_word(group.stream(), test),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// `&T`: it can be copied.
pub(crate) fn is_shared(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference) if reference.mutability.is_none())
}

fn is_name(pattern: &Pat) -> bool {
    matches!(pattern, Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none())
}

fn named(ident: Ident) -> Pat {
    Pat::Ident(PatIdent {
        attrs: Vec::new(),
        by_ref: None::<Token![ref]>,
        mutability: None,
        ident,
        subpat: None,
    })
}
