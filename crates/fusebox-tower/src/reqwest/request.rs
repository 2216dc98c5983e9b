//! A request under construction, in reqwest's own style.

use super::classify::ByKind;
use super::client::ProtectedClient;
use super::error::Error;
use crate::classify::Classify;
use crate::permit_source::PermitSource;
use http::{HeaderMap, HeaderName, HeaderValue, Version};
use reqwest::{Body, Request, RequestBuilder, Response};
use std::fmt;
use std::time::Duration;

/// A request that goes through a [`ProtectedClient`] when it is sent.
///
/// The methods are those of `reqwest::RequestBuilder` that need none of reqwest's features. The
/// others are reached by [`with`](Self::with).
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct ProtectedRequest<B, C = ByKind> {
    client: ProtectedClient<B, C>,
    builder: RequestBuilder,
}

impl<B, C> ProtectedRequest<B, C> {
    pub(super) fn new(client: ProtectedClient<B, C>, builder: RequestBuilder) -> Self {
        Self { client, builder }
    }

    /// Changes the request with any method of `reqwest::RequestBuilder`:
    /// `.with(|request| request.json(&question))`.
    pub fn with(mut self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        self.builder = change(self.builder);
        self
    }

    /// Adds a header.
    pub fn header<K, V>(self, key: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.with(|request| request.header(key, value))
    }

    /// Sets these headers, in place of those of the same names.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.with(|request| request.headers(headers))
    }

    /// Signs in with a name and a password.
    pub fn basic_auth<U, P>(self, username: U, password: Option<P>) -> Self
    where
        U: fmt::Display,
        P: fmt::Display,
    {
        self.with(|request| request.basic_auth(username, password))
    }

    /// Signs in with a token.
    pub fn bearer_auth<T: fmt::Display>(self, token: T) -> Self {
        self.with(|request| request.bearer_auth(token))
    }

    /// Sets the body.
    pub fn body<T: Into<Body>>(self, body: T) -> Self {
        self.with(|request| request.body(body))
    }

    /// How long the call may take, its body included. What this ends is a failure of the service.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|request| request.timeout(timeout))
    }

    /// Sets the version of HTTP.
    pub fn version(self, version: Version) -> Self {
        self.with(|request| request.version(version))
    }

    /// The request alone, for [`ProtectedClient::execute`].
    ///
    /// # Errors
    ///
    /// What was wrong with URL, headers or body.
    pub fn build(self) -> reqwest::Result<Request> {
        self.builder.build()
    }
}

impl<B: Clone, C: Clone> ProtectedRequest<B, C> {
    /// A copy, if the body is not a stream.
    pub fn try_clone(&self) -> Option<Self> {
        let builder = self.builder.try_clone()?;
        Some(Self::new(self.client.clone(), builder))
    }
}

impl<B, C> ProtectedRequest<B, C>
where
    B: PermitSource<Request> + Clone,
    B::Handle: Send + Sync + 'static,
    C: Classify<reqwest::Error> + Clone + Send + Sync + 'static,
{
    /// Asks the breaker and sends the request.
    ///
    /// # Errors
    ///
    /// [`Rejected`](crate::BreakerError::Rejected): nothing was sent. `Inner`: reqwest's error. A
    /// request that cannot be built is one too; the breaker hears nothing of it.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it gives its permit back at once; the request may have reached the server. See
    /// [`ResponseFuture`](crate::ResponseFuture) for how that counts.
    pub async fn send(self) -> Result<Response, Error> {
        let request = self.builder.build()?;
        self.client.execute(request).await
    }
}
