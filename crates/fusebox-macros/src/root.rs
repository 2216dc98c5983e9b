//! Where the core is found: `::fusebox`, or what `crate = path` says.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::{Ident, Path, Result};

#[derive(Default)]
pub(crate) struct Root(Option<Path>);

impl Root {
    pub(crate) fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// Whether a path to the core ends with the word.
    pub(crate) fn is_called(&self, word: &Ident) -> bool {
        let last = self.0.as_ref().and_then(|path| path.segments.last());
        word == "fusebox" || last.is_some_and(|last| last.ident == *word)
    }

    /// The path, for errors at the span.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        let Some(path) = &self.0 else {
            return quote_spanned!(span=> ::fusebox);
        };
        let words = path.to_token_stream().into_iter();
        words
            .map(|mut word| {
                word.set_span(word.span().located_at(span));
                word
            })
            .collect()
    }
}

impl Parse for Root {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        Ok(Self(Some(Path::parse_mod_style(input)?)))
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    #[test]
    fn with_a_path_of_its_own_nothing_is_looked_for_elsewhere() {
        let function = crate::function::expand(
            quote!(
                "rag",
                fallback = f,
                key = k,
                classify = |_| o,
                crate = house::core
            ),
            &quote!(
                fn ask(k: &str) -> Result<u8, Own> {
                    Ok(1)
                }
            ),
        );
        let plain = crate::function::expand(
            quote!("rag", crate = house::core),
            &quote!(
                async fn ask() -> std::io::Result<u8> {
                    Ok(1)
                }
            ),
        );
        let wrapper = crate::protect::expand(
            quote!(name = Guarded, crate = house::core),
            &quote!(
                trait Ask {
                    #[breaker(fallback = f)]
                    fn ask(self) -> Result<u8, Own>;
                }
            ),
        );
        for written in [function, plain, wrapper].map(|tokens| tokens.to_string()) {
            assert!(written.contains("house :: core"), "{written}");
            assert!(!written.contains("fusebox"), "{written}");
        }
    }
}
