//! Which circuit a function belongs to: a name, or an expression that leads to a breaker.

use crate::arguments::Arguments;
use crate::call::at;
use crate::root::Root;
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, ExprLit, Lit, LitStr, Result};

pub(crate) enum Circuit {
    /// In the process's default registry.
    Named(LitStr),
    Handle(Expr),
}

impl Parse for Circuit {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        match input.parse()? {
            Expr::Lit(ExprLit {
                lit: Lit::Str(name),
                ..
            }) => Ok(Self::Named(name)),
            Expr::Lit(other) => {
                let message = "the circuit is a name in quotes, or an expression that derefs to a \
                               `CircuitBreaker`";
                Err(Error::new_spanned(other, message))
            }
            handle => Ok(Self::Handle(handle)),
        }
    }
}

impl Circuit {
    /// The statements that bring a `&CircuitBreaker` into reach, under the hygienic name
    /// `breaker`.
    pub(crate) fn resolved(&self, arguments: &Arguments<'_>, root: &Root) -> TokenStream {
        let here = Span::mixed_site();
        let core = root.at(here);
        match self {
            Self::Named(name) => {
                // A name that the registry refuses is an error of the compiler at this place.
                let root = root.at(at(name));
                let named = quote_spanned!(at(name)=> #root::Named::new(#name));
                // Items are not hygienic: in a block of its own the body cannot see it.
                quote_spanned! {here=>
                    let breaker: &#core::CircuitBreaker = {
                        static CIRCUIT: #core::Named = #named;
                        CIRCUIT.get()
                    };
                }
            }
            Self::Handle(handle) => {
                let borrowed = quote_spanned!(at(handle)=> &(#handle));
                if arguments.outlive_the_body(handle) {
                    return quote_spanned! {here=>
                        let breaker: &#core::CircuitBreaker = #borrowed;
                    };
                }
                // The body gets what the handle is part of, so the call keeps one of its own.
                let cloned = quote_spanned!(at(handle)=> ::core::clone::Clone::clone(#borrowed));
                let borrowed = quote_spanned!(at(handle)=> &handle);
                quote_spanned! {here=>
                    let handle = #cloned;
                    let breaker: &#core::CircuitBreaker = #borrowed;
                }
            }
        }
    }
}
