//! The attributes of `fusebox`: [`macro@breaker`] puts a breaker around a function,
//! [`macro@protect`] puts a trait behind one. Use them through `fusebox` with its feature `macros`.
//!
//! What this crate is not: it decides nothing. What it writes are calls of the core's public
//! faces (`acquire`, `settle_result`, `fell_back`), as a person would write them by hand.
//!
//! How it fails: while compiling, at the place of the mistake, with what is allowed there. The
//! item that stood under the attribute is kept, so that one mistake is one error.

mod arguments;
mod call;
mod circuit;
mod function;
mod options;
mod protect;
mod returned;

use proc_macro::TokenStream;

/// Puts a breaker around a function or a method, sync or async.
///
/// ```text
/// #[fusebox::breaker("rag", fallback = cached, key = &query.tenant)]
/// async fn explain(query: Query) -> Result<Answer, Error> { … }
///
/// async fn cached(query: Query, rejection: fusebox::Rejection) -> Result<Answer, Error> { … }
/// ```
///
/// The function returns a `Result<T, E>` with `E: From<fusebox::Rejection>` and keeps its
/// signature. A call that is not admitted does not run the body. `return` and `?` in the body
/// settle the call like its end does; a panic is a failure.
///
/// The first argument is the circuit:
/// - a name in quotes: a circuit of the process's default registry, looked up once a function;
/// - anything else: an expression that derefs to a `CircuitBreaker`, evaluated at each call, such
///   as a `static` of type `LazyLock<CircuitBreaker>` or `self.breaker`. Where the body may move
///   or change what the expression borrows from (`&mut self`, `self`, an argument by value), the
///   handle is cloned for the call: there it is an `Arc` or a `&'static CircuitBreaker`.
///
/// The others may stand in any order:
/// - `fallback = function`: answers for a call that is not admitted. It is called with the
///   receiver, the arguments and the `Rejection`, and awaited if the function is async. An
///   `Ok` of it is counted as `fell_back("function")`; it is not asked where the circuit's
///   fallback is switched off. Errors of the body go to the caller as they are.
/// - `classify = classifier`: a `Classifier<T, E>` that judges the result. Without it `Err` is a
///   failure.
/// - `key = expression`: the call's branch (R19), anything that is `AsRef<str>`; evaluated before
///   the body, with the arguments in reach. What it is read from, such as the guard of a lock, is
///   let go before the body.
///
/// An async function asks for admission when it is first polled. So does a function that returns
/// `impl Future` or a boxed one (`#[async_trait]` makes such functions): its whole body runs then.
///
/// # Cancel safety
/// A dropped future gives its place back at once. It counts as ignored, or, after
/// `abandoned_after`, as a failure (R11).
#[proc_macro_attribute]
pub fn breaker(arguments: TokenStream, item: TokenStream) -> TokenStream {
    function::expand(arguments.into(), &item.into()).into()
}

/// Makes a wrapper that implements a trait around any implementation of it, with every method
/// behind a breaker. Callers go on using the trait.
///
/// ```text
/// #[fusebox::protect]
/// pub trait ContentClient {
///     fn get(&self, id: &str) -> Result<String, Error>;
///     #[breaker(skip)]
///     fn base(&self) -> &str;
/// }
///
/// let client = ProtectedContentClient::new(HttpClient::new(), breaker);
/// client.get("essay")?;
/// ```
///
/// The trait stays as it is. The wrapper is called `Protected` and the trait's name, or what
/// `#[fusebox::protect(name = Name)]` says, and is as visible as the trait. It holds the inner
/// implementation and a handle of the breaker: `&'static CircuitBreaker` (unless another is named),
/// `Arc<CircuitBreaker>`, `&'static Named`, or a type of yours that derefs to `CircuitBreaker`. Its own functions are `new(inner, breaker)`, `inner(&it)`,
/// `breaker(&it)` and `into_inner(it)`: they are called as `ProtectedContentClient::inner(&it)`
/// and hide no method of the trait. The wrapper implements the trait where it implements the
/// supertraits. Where the trait's futures are `Send`, both parts have to be `Send + Sync`.
///
/// Methods may be sync, `async fn`, `fn -> impl Future`, or boxed; `#[async_trait]` may stand
/// above or below. They return a `Result<T, E>` with `E: From<fusebox::Rejection>`. Methods with a
/// body in the trait go to the inner implementation too, as do constants and types. By method:
/// - `#[breaker(skip)]`: goes to the inner implementation without the breaker;
/// - `#[breaker(classify = …)]`, `#[breaker(key = …)]`, `#[breaker(fallback = …)]` as in
///   [`macro@breaker`]. The receiver that a fallback gets is the wrapper; where that is `self` or
///   `&mut self`, the handle has to be `Clone`.
///
/// # Cancel safety
/// A dropped future gives its place back at once. It counts as ignored, or, after
/// `abandoned_after`, as a failure (R11).
#[proc_macro_attribute]
pub fn protect(arguments: TokenStream, item: TokenStream) -> TokenStream {
    protect::expand(arguments.into(), &item.into()).into()
}
