//! Requests whose bodies cannot be cloned, repeated where they have none.

use super::{FAILING, Handle, MILLISECOND, Upstream, circuit};
use crate::stand::{Broken, SECOND};
use bytes::Bytes;
use fusebox_tower::ByStatus;
use fusebox_tower::stack::{Bodiless, Repeat, Retry, Stack};
use http::{Extensions, Method, Request, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use tower::{Layer, Service};

/// What a proxy sends on: whatever came.
type Sent = BoxBody<Bytes, Broken>;

fn empty() -> Sent {
    Empty::new().map_err(|never| match never {}).boxed()
}

fn full() -> Sent {
    let body = Full::from("because");
    body.map_err(|never| match never {}).boxed()
}

fn stack() -> Stack<Handle, ByStatus, Bodiless> {
    let retry = Retry::default().backoff(MILLISECOND, SECOND).bodiless();
    Stack::new(circuit(|builder| builder.consecutive_failures(1000))).retry(retry)
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_body_is_sent_again_if_its_method_allows() {
    for (method, body, attempts) in [
        (Method::GET, empty(), 3),
        (Method::DELETE, empty(), 3),
        (Method::POST, empty(), 1),
        (Method::PUT, full(), 1),
    ] {
        let upstream = Upstream::new([FAILING]);
        let request = Request::builder().method(&method).body(body).unwrap();
        let mut service = stack().layer(upstream.clone());
        assert_eq!(service.call(request).await.unwrap().status(), 500);
        assert_eq!(upstream.count(), attempts, "{method}");
    }
}

#[test]
fn the_copy_is_the_same_request() {
    let request = Request::delete("http://rag.example/why?q=1")
        .version(Version::HTTP_2)
        .header("accept", "text/plain")
        .header("accept", "text/html")
        .extension(7_u32)
        .body(empty())
        .unwrap();
    let copy = Bodiless.copy(&request).unwrap();
    assert_eq!(copy.method(), request.method());
    assert_eq!(copy.uri(), request.uri());
    assert_eq!(copy.version(), request.version());
    assert_eq!(copy.headers(), request.headers());
    let seven = |extensions: &Extensions| extensions.get::<u32>().copied();
    assert_eq!(seven(copy.extensions()), Some(7));
}
