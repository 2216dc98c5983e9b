//! A sink that sends each message as one HTTP request.
//!
//! Method and path are the attributes `:method` (default `POST`) and `:path` (after the path of
//! the sink's own address); other names with a colon are left out, all else are headers. Every
//! request carries `Idempotency-Key`: the message's id, unless the attributes have one. Redirects
//! are answers like others and are not followed.
//!
//! No error text has a path, a header or a body in it: they may hold secrets.

mod answer;
mod builder;
mod request;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use fusebox::FailureClass;
use http::{Request, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::client::legacy::{self, Client};

use super::{Reply, Sink};
use crate::message::Leased;

pub use answer::Judgement;
pub use builder::{HttpSinkBuilder, HttpSinkError};

use answer::Judge;

/// Sends messages as HTTP requests, over any connector of hyper-util's client.
///
/// ```
/// use std::time::Duration;
/// use fusebox_queue::sink::HttpSink;
///
/// let address = "http://ofd.example/api".parse().unwrap();
/// let sink = HttpSink::builder(address).timeout(Duration::from_secs(10)).build_http()?;
/// # Ok::<(), fusebox_queue::sink::HttpSinkError>(())
/// ```
pub struct HttpSink<C> {
    client: Client<C, Full<Bytes>>,
    address: Uri,
    timeout: Duration,
    response_bytes_max: usize,
    judge: Judge,
}

impl HttpSink<()> {
    /// Sets up a sink for this address: scheme, host, and a path that stands before that of every
    /// message.
    pub fn builder(address: Uri) -> HttpSinkBuilder {
        HttpSinkBuilder::new(address)
    }
}

impl<C> Sink for HttpSink<C>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    async fn deliver(&self, message: &Leased) -> Reply {
        let request = match request::of(message, &self.address) {
            Ok(request) => request,
            Err(error) => return Reply::Unsendable { error },
        };
        match tokio::time::timeout(self.timeout, self.exchange(request)).await {
            Ok(reply) => reply,
            Err(_) => {
                let limit = fusebox::duration::format(self.timeout);
                let error = format!("the exchange did not end within {limit}");
                Reply::uncertain(FailureClass::Timeout, error)
            }
        }
    }
}

impl<C> HttpSink<C>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    async fn exchange(&self, request: Request<Full<Bytes>>) -> Reply {
        match self.client.request(request).await {
            Ok(response) => answer::read(response, &self.judge, self.response_bytes_max).await,
            Err(error) => of_client(&error),
        }
    }
}

/// No connection: it surely did not arrive. Anything later: it may have.
fn of_client(error: &legacy::Error) -> Reply {
    if error.is_connect() {
        let error = format!("cannot connect: {}", root_cause(error));
        return Reply::failed(FailureClass::Connect, error);
    }
    let error = format!("the connection broke: {}", root_cause(error));
    Reply::uncertain(FailureClass::Reset, error)
}

/// The innermost cause says most: "Connection refused (os error 111)". Cut, because the words may
/// come from outside.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    const CHARS_MAX: usize = 120;
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string().chars().take(CHARS_MAX).collect()
}

impl<C> fmt::Debug for HttpSink<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSink")
            .field("host", &self.address.authority())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
