//! A reqwest client as a service of `http` types, which is what breakers are made for.

use http::Response;
use pin_project_lite::pin_project;
use reqwest::{Body, Client, Request, ResponseBuilderExt};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_service::Service;

/// Sends requests with a `reqwest::Client` and answers with `http::Response`.
///
/// For stacks of one's own ([an example](super#retries-limit-and-fallback));
/// [`ProtectedClient`](super::ProtectedClient) is made of it. A breaker around it takes a good
/// answer that is dropped unread for a caller who left, unless
/// [`unread_body_is_success`](crate::BreakerLayer::unread_body_is_success) is set.
#[derive(Clone, Debug)]
pub struct Exchange(pub Client);

impl Service<Request> for Exchange {
    type Response = Response<Body>;
    type Error = reqwest::Error;
    type Future = Exchanging;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), reqwest::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Exchanging {
        Exchanging {
            inner: self.0.call(request),
        }
    }
}

pin_project! {
    /// The response of an [`Exchange`].
    ///
    /// # Cancel safety
    ///
    /// Dropped, it gives up the request, which may have reached the server.
    #[derive(Debug)]
    pub struct Exchanging {
        #[pin]
        inner: <Client as Service<Request>>::Future,
    }
}

impl Future for Exchanging {
    type Output = Result<Response<Body>, reqwest::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(self.project().inner.poll(cx)).map(with_url))
    }
}

/// Keeps the URL, which is no part of `http::Response`, where reqwest looks for it on the way back.
fn with_url(response: reqwest::Response) -> Response<Body> {
    let marked = Response::builder().url(response.url().clone()).body(());
    let mut response = Response::<Body>::from(response);
    if let Ok(marked) = marked {
        response
            .extensions_mut()
            .extend(marked.into_parts().0.extensions);
    }
    response
}
