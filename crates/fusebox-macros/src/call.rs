//! One call through a breaker, written out.

use crate::options::Options;
use crate::returned::{Returned, Shape};
use crate::root::Root;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

/// What is known of a call before it is written.
pub(crate) struct Call<'a> {
    /// Statements that leave a `&CircuitBreaker` in the hygienic `breaker`.
    pub(crate) resolved: TokenStream,
    pub(crate) options: &'a Options,
    pub(crate) root: &'a Root,
    /// What a fallback is called with, before the rejection.
    pub(crate) passed_on: Vec<TokenStream>,
    pub(crate) returned: &'a Returned,
    /// The expression that makes the call.
    pub(crate) made: TokenStream,
}

impl Call<'_> {
    /// The statements of a function that makes the call, in the shape that it returns.
    pub(crate) fn body(&self) -> TokenStream {
        let guarded = self.guarded();
        let here = Span::mixed_site();
        match self.returned.shape {
            Shape::Sync | Shape::Async => guarded,
            Shape::Opaque => quote_spanned!(here=> async move { #guarded }),
            Shape::Boxed => {
                quote_spanned!(here=> ::std::boxed::Box::pin(async move { #guarded }))
            }
        }
    }

    /// Asks, calls, settles. The rejected way begins where the permit's borrow has ended, so that
    /// a fallback may have the arguments.
    fn guarded(&self) -> TokenStream {
        let here = Span::mixed_site();
        let resolved = &self.resolved;
        let acquired = match &self.options.key {
            None => quote_spanned!(here=> breaker.acquire()),
            Some(key) => {
                let key = quote_spanned!(at(key)=> ::core::convert::AsRef::<str>::as_ref(&(#key)));
                // A statement, so that what the key is read from, such as the guard of a lock,
                // is let go before the body.
                quote_spanned! {here=> {
                    let admission = breaker.acquire_key(#key);
                    admission
                }}
            }
        };
        let binding = self.returned.binding();
        let made = &self.made;
        let settled = self.settled();
        let rejected = self.rejected();
        quote_spanned! {here=>
            #resolved
            let rejection = match #acquired {
                ::core::result::Result::Ok(permit) => {
                    let result: #binding = #made;
                    #settled
                    return result;
                }
                ::core::result::Result::Err(rejection) => rejection,
            };
            #rejected
        }
    }

    fn settled(&self) -> TokenStream {
        let here = Span::mixed_site();
        let classifier = match &self.options.classify {
            None => {
                let root = self.root.at(here);
                quote_spanned!(here=> &#root::EveryError)
            }
            Some(classify) if is_closure(classify) => {
                let root = self.root.at(at(classify));
                return quote_spanned! {at(classify)=>
                    #root::__private::settle_by(permit, &result, #classify);
                };
            }
            Some(classify) => quote_spanned!(at(classify)=> &(#classify)),
        };
        quote_spanned!(here=> permit.settle_result(#classifier, &result);)
    }

    fn rejected(&self) -> TokenStream {
        let here = Span::mixed_site();
        let fallback = self.options.fallback.as_ref().map(|fallback| {
            let passed_on = &self.passed_on;
            let binding = self.returned.binding();
            let awaited = match self.returned.shape {
                Shape::Sync => None,
                Shape::Async | Shape::Opaque | Shape::Boxed => Some(quote!(.await)),
            };
            quote_spanned! {here=>
                if breaker.fallback_enabled() {
                    let answer: #binding = #fallback(#(#passed_on,)* rejection) #awaited;
                    if answer.is_ok() {
                        breaker.fell_back("function");
                    }
                    return answer;
                }
            }
        });
        // Written at the error's type, so that a missing `From<Rejection>` is told there.
        let error = match self.returned.error() {
            Some(error) => {
                let root = self.root.at(at(error));
                quote_spanned! {at(error)=>
                    <#error as ::core::convert::From<#root::Rejection>>::from(rejection)
                }
            }
            None => {
                let place = at(&self.returned.result);
                let root = self.root.at(place);
                quote_spanned! {place=>
                    ::core::convert::From::<#root::Rejection>::from(rejection)
                }
            }
        };
        quote_spanned! {here=>
            #fallback
            ::core::result::Result::Err(#error)
        }
    }
}

fn is_closure(expression: &Expr) -> bool {
    match expression {
        Expr::Closure(_) => true,
        Expr::Group(inside) => is_closure(&inside.expr),
        Expr::Paren(inside) => is_closure(&inside.expr),
        _ => false,
    }
}

/// The place of what the user wrote, for errors; names written there are not the user's.
pub(crate) fn at(written: &impl Spanned) -> Span {
    Span::mixed_site().located_at(written.span())
}
