//! Whether a request asks for a body.

use http::{Method, Request};

/// Says whether the answer to a request has a body that belongs to the call.
///
/// A handler for GET answers HEAD too, with a body that its server then drops unread; without this
/// every such call would look like that of a caller who left. Known for `http::Request` and
/// `reqwest::Request`; for requests of your own, the default says that they do:
///
/// ```
/// struct Order(u64);
///
/// impl fusebox_tower::WantsBody for Order {}
/// ```
#[diagnostic::on_unimplemented(
    message = "nothing says whether `{Self}` asks for a body",
    note = "for requests of your own: `impl fusebox_tower::WantsBody for {Self} {{}}`"
)]
pub trait WantsBody {
    /// `false`: a good answer is a success at its head, whatever becomes of a body. By default
    /// `true`.
    fn wants_body(&self) -> bool {
        true
    }
}

impl<B> WantsBody for Request<B> {
    #[inline]
    fn wants_body(&self) -> bool {
        wanted_by(self.method())
    }
}

#[cfg(feature = "reqwest")]
impl WantsBody for ::reqwest::Request {
    #[inline]
    fn wants_body(&self) -> bool {
        wanted_by(self.method())
    }
}

/// HEAD asks for the head alone; what follows a good answer to CONNECT is a tunnel.
#[inline]
fn wanted_by(method: &Method) -> bool {
    !matches!(*method, Method::HEAD | Method::CONNECT)
}
