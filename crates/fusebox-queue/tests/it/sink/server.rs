//! Servers that answer what the test says.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use fusebox_queue::sink::{HttpSink, HttpSinkBuilder};
use fusebox_queue::{Attributes, Leased};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What a server got.
pub(crate) type Requests = Arc<Mutex<Vec<Request<Bytes>>>>;

/// Serves until the test ends; tells its address and what it got.
pub(crate) async fn serve(
    answer: impl Fn(&Request<Bytes>) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
) -> (String, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let requests = Requests::default();
    let noted = Arc::clone(&requests);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (answer, noted) = (answer.clone(), Arc::clone(&noted));
            let service = service_fn(move |request: Request<Incoming>| {
                let (answer, noted) = (answer.clone(), Arc::clone(&noted));
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let request = Request::from_parts(head, body);
                    let answer = answer(&request);
                    noted.lock().unwrap().push(request);
                    Ok::<_, Infallible>(answer)
                }
            });
            let serving = hyper::server::conn::http1::Builder::new();
            let serving = serving.serve_connection(TokioIo::new(stream), service);
            tokio::spawn(serving);
        }
    });
    (address, requests)
}

/// A sink whose patience is far longer than this machine needs.
pub(crate) fn sink(address: &str) -> HttpSinkBuilder {
    let address = address.parse().unwrap();
    HttpSink::builder(address).timeout(Duration::from_secs(20))
}

pub(crate) fn message(attributes: &[(&str, &str)], body: &'static str) -> Leased {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let attributes: Attributes = attributes.iter().map(own).collect();
    Leased {
        id: "019a7f3e-8c00-7001-9abc-0123456789ab".parse().unwrap(),
        token: 1,
        until: SystemTime::UNIX_EPOCH,
        queue: "q".into(),
        key: None,
        group: None,
        idempotency_key: None,
        attributes,
        body: Bytes::from_static(body.as_bytes()),
        attempts: 0,
        deferrals: 0,
        crashes: 0,
        uncertain: false,
    }
}
