//! The client.

use super::classify::ByKind;
use super::error::Error;
use super::exchange::Exchange;
use super::request::ProtectedRequest;
use super::sending::Sending;
use crate::classify::Classify;
use crate::layer::BreakerLayer;
use crate::permit_source::PermitSource;
use fusebox::CircuitBreaker;
use http::Method;
use reqwest::{Client, IntoUrl, Request, Response};
use std::task::{Context, Poll};
use std::time::Duration;
use tower_layer::Layer;
use tower_service::Service;

/// A `reqwest::Client` behind a breaker.
///
/// `B` is the handle to the breaker (see [`PermitSource`]), `C` the classifier. A client
/// is for one dependency: requests to different services through one breaker would be judged as
/// one. The `reqwest::Client` inside may be shared by several, and its connections with it.
///
/// A keyed circuit judges each host, shard or tenant apart:
///
/// ```
/// use fusebox::{BranchSettings, CircuitBreaker};
/// use fusebox_tower::{ByKey, reqwest::ProtectedClient};
/// use reqwest::{Client, Request};
/// use std::sync::Arc;
///
/// let shops = CircuitBreaker::builder("shops").branches(BranchSettings::default()).build()?;
/// let by_host = ByKey::new(Arc::new(shops), |request: &Request| {
///     request.url().host_str().map(Into::into)
/// });
/// let client = ProtectedClient::new(Client::new(), by_host);
/// let request = client.get("http://first.example/stock"); // ... .send().await
/// # let _ = request;
/// # Ok::<(), fusebox::SettingsError>(())
/// ```
///
/// It is also a [`Service`] of `reqwest::Request`, always ready, for stacks of tower.
#[derive(Clone, Debug)]
pub struct ProtectedClient<B, C = ByKind> {
    client: Client,
    circuit: B,
    layer: BreakerLayer<B, C>,
}

impl<B: Clone> ProtectedClient<B> {
    /// A client that judges answers by status and errors by kind ([`ByKind`]), and takes a good
    /// answer that is dropped unread for a success: many callers look at the status only.
    ///
    /// To have such answers ignored, as where a proxy hands the body on, put a
    /// [`BreakerLayer`] around an [`Exchange`].
    pub fn new(client: Client, circuit: B) -> Self {
        let layer = BreakerLayer::new(circuit.clone()).classify(ByKind);
        Self {
            client,
            circuit,
            layer: layer.unread_body_is_success(),
        }
    }
}

impl<B, C> ProtectedClient<B, C> {
    /// Judges with another classifier; see [`BreakerLayer::classify`].
    pub fn classify<D>(self, classifier: D) -> ProtectedClient<B, D> {
        ProtectedClient {
            client: self.client,
            circuit: self.circuit,
            layer: self.layer.classify(classifier),
        }
    }

    /// How long after the head a body that still flows makes its call a success; by default 5 s.
    /// See [`BreakerLayer::settle_after`].
    #[must_use]
    pub fn settle_after(mut self, settle_after: Duration) -> Self {
        self.layer = self.layer.settle_after(settle_after);
        self
    }

    /// The client behind the breaker. Calls made on it directly pass the breaker by.
    pub fn get_ref(&self) -> &Client {
        &self.client
    }
}

impl<B, C> ProtectedClient<B, C>
where
    B: PermitSource<Request> + Clone,
    B::Handle: Send + Sync + 'static,
    C: Classify<reqwest::Error> + Clone + Send + Sync + 'static,
{
    /// The breaker.
    pub fn circuit(&self) -> &CircuitBreaker {
        self.circuit.circuit()
    }

    /// Begins a GET.
    pub fn get<U: IntoUrl>(&self, url: U) -> ProtectedRequest<B, C> {
        self.request(Method::GET, url)
    }

    /// Begins a POST.
    pub fn post<U: IntoUrl>(&self, url: U) -> ProtectedRequest<B, C> {
        self.request(Method::POST, url)
    }

    /// Begins a PUT.
    pub fn put<U: IntoUrl>(&self, url: U) -> ProtectedRequest<B, C> {
        self.request(Method::PUT, url)
    }

    /// Begins a PATCH.
    pub fn patch<U: IntoUrl>(&self, url: U) -> ProtectedRequest<B, C> {
        self.request(Method::PATCH, url)
    }

    /// Begins a DELETE.
    pub fn delete<U: IntoUrl>(&self, url: U) -> ProtectedRequest<B, C> {
        self.request(Method::DELETE, url)
    }

    /// Begins a HEAD.
    pub fn head<U: IntoUrl>(&self, url: U) -> ProtectedRequest<B, C> {
        self.request(Method::HEAD, url)
    }

    /// Begins a request of any method. Nothing is asked of the breaker before it is sent.
    pub fn request<U: IntoUrl>(&self, method: Method, url: U) -> ProtectedRequest<B, C> {
        ProtectedRequest::new(self.clone(), self.client.request(method, url))
    }

    /// Sends a request that was built elsewhere. The breaker is asked at once; the request goes out
    /// when the future is polled.
    ///
    /// # Errors
    ///
    /// [`Rejected`](crate::BreakerError::Rejected): nothing was sent. `Inner`: reqwest's error.
    ///
    /// # Cancel safety
    ///
    /// See [`Sending`].
    pub fn execute(&self, request: Request) -> Sending<B::Handle, C> {
        // Needs no `poll_ready`: a reqwest client is always ready.
        let mut service = self.layer.layer(Exchange(self.client.clone()));
        Sending::new(service.call(request))
    }
}

impl<B, C> Service<Request> for ProtectedClient<B, C>
where
    B: PermitSource<Request> + Clone,
    B::Handle: Send + Sync + 'static,
    C: Classify<reqwest::Error> + Clone + Send + Sync + 'static,
{
    type Response = Response;
    type Error = Error;
    type Future = Sending<B::Handle, C>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.execute(request)
    }
}
