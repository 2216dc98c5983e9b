//! `#[fusebox::breaker(…)]` on a function.

use crate::arguments::{Arguments, first_pattern, name_all};
use crate::call::Call;
use crate::options::OnFunction;
use crate::returned::{Returned, Shape};
use crate::root::Root;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Block, Error, Expr, ExprAsync, ItemFn, Result, Signature, Stmt};

/// The function with a breaker around its body; with a mistake, the function as it was and the
/// error.
pub(crate) fn expand(arguments: TokenStream, item: &TokenStream) -> TokenStream {
    match expanded(arguments, item) {
        Ok(expanded) => expanded,
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#error #item)
        }
    }
}

fn expanded(arguments: TokenStream, item: &TokenStream) -> Result<TokenStream> {
    let mut function: ItemFn = syn::parse2(item.clone()).map_err(|_| {
        let message = "`#[fusebox::breaker(…)]` stands on a function or method with a body; for \
                       a trait there is `#[fusebox::protect]`";
        Error::new_spanned(item, message)
    })?;
    let OnFunction { circuit, options } = syn::parse2(arguments)?;
    refuse_qualifiers(&function.sig)?;
    let Some(returned) = Returned::of(&function.sig) else {
        return Err(not_a_result(&function.sig));
    };

    let mut bindings = Vec::new();
    if options.fallback.is_some() {
        if let (Some(key), Some(pattern)) = (&options.key, first_pattern(&function.sig)) {
            let mut error = Error::new_spanned(
                pattern,
                "give this argument a name: beside a `fallback` it is taken apart in the body",
            );
            error.combine(Error::new_spanned(
                key,
                "and the `key` is evaluated before that",
            ));
            return Err(error);
        }
        bindings = name_all(&mut function.sig);
    }
    let arguments = Arguments::of(&function.sig);
    let call = Call {
        resolved: circuit.resolved(&arguments, &options.root),
        options: &options,
        root: &options.root,
        passed_on: arguments.passed_on(),
        returned: &returned,
        made: made(&options.root, &returned, &bindings, &function.block),
    };
    let body = call.body();
    let ItemFn {
        attrs, vis, sig, ..
    } = &function;
    Ok(quote_spanned! {Span::mixed_site()=>
        #(#attrs)*
        #vis #sig {
            #body
        }
    })
}

/// The body as an expression that `return` and `?` cannot leave.
fn made(root: &Root, returned: &Returned, bindings: &[TokenStream], block: &Block) -> TokenStream {
    let here = Span::mixed_site();
    let binding = returned.binding();
    let statements = &block.stmts;
    match (returned.shape, boxed_block(block)) {
        (Shape::Sync, _) => once(root, returned, bindings, block),
        (Shape::Async, _) => awaited(&binding, &quote!(#(#bindings)* #(#statements)*)),
        (Shape::Boxed, Some(inner)) => {
            let statements = &inner.block.stmts;
            awaited(&binding, &quote!(#(#bindings)* #(#statements)*))
        }
        (Shape::Opaque | Shape::Boxed, _) => {
            let future = once(root, returned, bindings, block);
            quote_spanned!(here=> #future.await)
        }
    }
}

/// The body in a closure that is called once.
fn once(root: &Root, returned: &Returned, bindings: &[TokenStream], block: &Block) -> TokenStream {
    let whole = returned.whole();
    let statements = &block.stmts;
    let here = Span::mixed_site();
    let root = root.at(here);
    quote_spanned! {here=>
        #root::__private::once(move || -> #whole { #(#bindings)* #(#statements)* })
    }
}

/// An async block with its type told first: without it neither `?` nor a coercion in the body
/// knows where it goes.
fn awaited(binding: &syn::Type, statements: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        async move {
            #[allow(unreachable_code, clippy::all, clippy::pedantic)]
            if false {
                let never: #binding = loop {};
                return never;
            }
            #statements
        }.await
    }
}

/// The block of a body that is nothing but `Box::pin(async move { … })`, as `#[async_trait]`
/// writes it: it needs no second box.
fn boxed_block(block: &Block) -> Option<&ExprAsync> {
    let [Stmt::Expr(Expr::Call(call), None)] = block.stmts.as_slice() else {
        return None;
    };
    let Expr::Path(function) = &*call.func else {
        return None;
    };
    let mut words = function.path.segments.iter().rev();
    let is_box_pin = words.next().is_some_and(|last| last.ident == "pin")
        && words.next().is_some_and(|before| before.ident == "Box");
    match call.args.first() {
        Some(Expr::Async(inner)) if is_box_pin && inner.capture.is_some() => Some(inner),
        _ => None,
    }
}

fn refuse_qualifiers(signature: &Signature) -> Result<()> {
    let refuse = |word: &dyn quote::ToTokens, why: &str| {
        Err(Error::new_spanned(
            word.to_token_stream(),
            format!("a breaker cannot stand around this function: {why}"),
        ))
    };
    if let Some(word) = &signature.constness {
        return refuse(word, "a `const fn` cannot ask at run time");
    }
    if let Some(word) = &signature.unsafety {
        return refuse(
            word,
            "its body moves into a closure; wrap the `unsafe fn` in a safe one",
        );
    }
    if let Some(word) = &signature.abi {
        return refuse(
            word,
            "an `extern fn` must not return early; wrap it in a Rust function",
        );
    }
    if let Some(word) = &signature.variadic {
        return refuse(word, "its arguments cannot be passed on");
    }
    Ok(())
}

fn not_a_result(signature: &Signature) -> Error {
    let message = "a function behind a breaker returns a `Result<T, E>` with \
                   `E: From<fusebox::Rejection>`, or an alias of one whose name ends in `Result`";
    match &signature.output {
        syn::ReturnType::Default => Error::new_spanned(&signature.ident, message),
        syn::ReturnType::Type(_, returned) => Error::new_spanned(returned, message),
    }
}
