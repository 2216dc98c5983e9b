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
mod root;

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
/// - `fallback = function`: answers for a call that is not admitted, and for that alone: an error
///   of the body goes to the caller as it is, since the body has the arguments. It is called with
///   the receiver, the arguments and the `Rejection`, and awaited if the function is async. An
///   `Ok` of it is counted as `fell_back("function")`; it is not asked where the circuit's
///   fallback is switched off. For an answer to failures too, or for a `Fallback` such as
///   `LastGood`, call `CircuitBreaker::call_or` or `call_async_or` in place of the attribute.
/// - `classify = classifier`: a `Classifier<T, E>` that judges the result, or a closure, which
///   needs no types. Without it every `Err` is a failure, also the rejection by another circuit
///   that the body met (see below).
/// - `key = expression`: the call's branch (R19), anything that is `AsRef<str>`; evaluated before
///   the body, with the arguments in reach. What it is read from, such as the guard of a lock, is
///   let go before the body. On a circuit without branches the key is evaluated and has no
///   effect: the call counts for the circuit alone. A circuit that nobody has defined, as one
///   whose name is misspelt, has no branches.
/// - `crate = path`: where `fusebox` is found if not at `::fusebox`: renamed in `Cargo.toml`, or
///   re-exported by a crate of yours.
///
/// # Circuits within circuits
/// Where the body calls what is behind another circuit, the rejection by that one is an `Err`
/// here. It says nothing of this circuit's dependency, and should not open it:
///
/// ```text
/// #[fusebox::breaker("outer", classify = fusebox::only_errors(|error: &Error| {
///     !matches!(error, Error::Rejected(_))
/// }))]
/// fn outer() -> Result<Answer, Error> { inner() }
///
/// #[fusebox::breaker("outer", classify = |result| match result {
///     Ok(_) => Outcome::Success,
///     Err(Error::Rejected(_)) => Outcome::Ignored,
///     Err(_) => Outcome::Failure(FailureClass::Other),
/// })]
/// fn outer() -> Result<Answer, Error> { inner() }
/// ```
///
/// A function that calls itself asks its own circuit at each level, and finds no place while its
/// first call is the trial: put the attribute on a function that calls the recursive one.
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
/// `#[fusebox::protect(name = Name)]` says, and is as visible as the trait; `crate = path` as in
/// [`macro@breaker`] may stand beside the name. It holds the inner implementation and a handle of
/// the breaker: `&'static CircuitBreaker` (unless another is named), `Arc<CircuitBreaker>`,
/// `&'static Named`, or a type of yours that derefs to `CircuitBreaker`. Its own functions are
/// `new(inner, breaker)`, `inner(&it)`, `breaker(&it)` and `into_inner(it)`: they are called as
/// `ProtectedContentClient::inner(&it)` and hide no method of the trait. The wrapper implements
/// the trait where it implements the supertraits. Where the trait's futures are `Send`, both parts
/// have to be `Send + Sync`.
///
/// An `Arc<dyn ContentClient>` goes inside once the trait is implemented for it, which is for the
/// trait's crate to do, since it can be done once; a `Box` likewise:
///
/// ```text
/// impl ContentClient for Arc<dyn ContentClient> {
///     fn get(&self, id: &str) -> Result<String, Error> { (**self).get(id) }
///     fn base(&self) -> &str { (**self).base() }
/// }
///
/// let inner: Arc<dyn ContentClient> = Arc::new(HttpClient::new());
/// let client: Arc<dyn ContentClient> = Arc::new(ProtectedContentClient::new(inner, breaker));
/// ```
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
