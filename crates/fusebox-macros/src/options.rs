//! What stands in the brackets of an attribute.

use crate::arguments::is_shared;
use crate::circuit::Circuit;
use crate::root::Root;
use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Error, Expr, ExprPath, Ident, Meta, Result, Signature, Token};

/// What an attribute says about one call.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) fallback: Option<ExprPath>,
    pub(crate) classify: Option<Expr>,
    pub(crate) key: Option<Expr>,
    pub(crate) root: Root,
}

const KNOWN: &str = "`fallback = function`, `classify = classifier`, `key = expression`";
const KNOWN_ON_FUNCTIONS: &str = "`fallback = function`, `classify = classifier`, \
                                  `key = expression`, `crate = path`";

impl Options {
    /// Takes one `name = value`; `known` is told where the name is none.
    fn take(&mut self, name: &Ident, known: &str, input: ParseStream<'_>) -> Result<()> {
        let twice = || Err(Error::new_spanned(name, format!("`{name}` is given twice")));
        let word = name.to_string();
        let is_crate = word == "crate" && known == KNOWN_ON_FUNCTIONS;
        if !is_crate && !["fallback", "classify", "key"].contains(&word.as_str()) {
            let message = format!("`{name}` is not known here; known are {known}");
            return Err(Error::new_spanned(name, message));
        }
        input.parse::<Token![=]>()?;
        if is_crate {
            if self.root.is_given() {
                return twice();
            }
            self.root = input.parse()?;
            return Ok(());
        }
        let value: Expr = input.parse()?;
        match word.as_str() {
            "fallback" => {
                let Expr::Path(path) = value else {
                    let message = "the fallback is the path of a function, without a call: it is \
                                   called with the same arguments and the `fusebox::Rejection`";
                    return Err(Error::new_spanned(value, message));
                };
                if self.fallback.replace(path).is_some() {
                    return twice();
                }
            }
            "classify" => {
                if self.classify.replace(value).is_some() {
                    return twice();
                }
            }
            _ => {
                if self.key.replace(value).is_some() {
                    return twice();
                }
            }
        }
        Ok(())
    }

    /// Takes `name = value` up to the end.
    fn take_all(&mut self, known: &str, input: ParseStream<'_>) -> Result<()> {
        while !input.is_empty() {
            let name = Ident::parse_any(input)?;
            self.take(&name, known, input)?;
            separated(input)?;
        }
        Ok(())
    }
}

/// A comma, or the end.
fn separated(input: ParseStream<'_>) -> Result<()> {
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok(())
}

/// `#[fusebox::breaker(circuit, …)]` on a function.
pub(crate) struct OnFunction {
    pub(crate) circuit: Circuit,
    pub(crate) options: Options,
}

impl Parse for OnFunction {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let names_an_option = input.peek(Ident::peek_any) && input.peek2(Token![=]);
        if input.is_empty() || (names_an_option && !input.peek2(Token![==])) {
            let message = "the circuit comes first: `#[fusebox::breaker(\"name\")]` for one of \
                           the default registry, or an expression that derefs to a \
                           `CircuitBreaker`";
            return Err(Error::new(input.span(), message));
        }
        let circuit = input.parse()?;
        separated(input)?;
        let mut options = Options::default();
        options.take_all(KNOWN_ON_FUNCTIONS, input)?;
        Ok(Self { circuit, options })
    }
}

/// `#[breaker(…)]` on a method of a protected trait.
#[derive(Default)]
pub(crate) struct OnMethod {
    pub(crate) skip: bool,
    pub(crate) options: Options,
}

impl Parse for OnMethod {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let known = format!("`skip`, {KNOWN}");
        if !input.peek(Ident::peek_any) {
            let message = format!(
                "known here are {known}; the circuit is given to the wrapper when it is made"
            );
            return Err(Error::new(input.span(), message));
        }
        let mut parsed = Self::default();
        if Ident::parse_any(&input.fork())? == "skip" {
            Ident::parse_any(input)?;
            parsed.skip = true;
            if !input.is_empty() {
                let message = "a method that is skipped has no other options";
                return Err(input.error(message));
            }
        }
        parsed.options.take_all(&known, input)?;
        Ok(parsed)
    }
}

impl OnMethod {
    /// Whether the fallback may take away the wrapper, and with it the breaker that counts what
    /// it answers: the call then keeps a handle of its own.
    pub(crate) fn needs_own_handle(&self, signature: &Signature) -> bool {
        let receiver = signature.receiver();
        self.options.fallback.is_some() && receiver.is_some_and(|it| !is_shared(&it.ty))
    }

    /// Takes the `#[breaker(…)]` away from a method's attributes.
    pub(crate) fn taken_from(attributes: &mut Vec<Attribute>, root: &Root) -> Result<Self> {
        let written = std::mem::take(attributes).into_iter();
        let (ours, others): (Vec<_>, Vec<_>) = written.partition(|it| is_ours(it, root));
        *attributes = others;
        let mut ours = ours.into_iter();
        let Some(first) = ours.next() else {
            return Ok(Self::default());
        };
        if let Some(second) = ours.next() {
            let message = "one `#[breaker(…)]` a method: separate options with commas";
            return Err(Error::new_spanned(second, message));
        }
        match first.meta {
            Meta::List(list) => list.parse_args(),
            // An empty list, for the message that says what is known.
            other => Self::parse
                .parse2(TokenStream::new())
                .map_err(|error| Error::new_spanned(other, error)),
        }
    }
}

fn is_ours(attribute: &Attribute, root: &Root) -> bool {
    let mut words = attribute.path().segments.iter().rev();
    words.next().is_some_and(|last| last.ident == "breaker")
        && words
            .next()
            .is_none_or(|crate_| root.is_called(&crate_.ident))
}
