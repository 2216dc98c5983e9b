use std::time::Duration;

use bytes::Bytes;
use fusebox::FailureClass;
use fusebox_queue::Response;
use fusebox_queue::sink::{HttpSink, HttpSinkError, Judgement, Reply, Sink};
use http::Method;
use http_body_util::Full;

use super::server::{message, serve, sink};

/// A server that answers with the status that the path names.
async fn by_path() -> String {
    let answer = |request: &http::Request<Bytes>| {
        let status: u16 = request.uri().path()[1..].parse().unwrap();
        http::Response::builder()
            .status(status)
            .header("retry-after", "7")
            .header("x-answer", "yes")
            .body(Full::from("the body"))
            .unwrap()
    };
    serve(answer).await.0
}

async fn reply(sink: &impl Sink, status: u16) -> Reply {
    let path = format!("/{status}");
    sink.deliver(&message(&[(":path", &path)], "x")).await
}

#[tokio::test]
async fn statuses_are_arrivals_refusals_failures_and_throttles() {
    let sink = sink(&by_path().await).build_http().unwrap();
    let wait = Some(Duration::from_secs(7));
    for status in [200, 201, 302, 307] {
        let Reply::Delivered(Some(response)) = reply(&sink, status).await else {
            panic!("{status}");
        };
        assert_eq!(
            (response.status, &response.body[..]),
            (status, &b"the body"[..])
        );
        assert!(
            response
                .headers
                .contains(&("x-answer".into(), "yes".into()))
        );
    }
    for status in [400, 401, 404, 409, 422, 501, 505] {
        let Reply::Refused {
            class,
            error,
            response: Some(response),
        } = reply(&sink, status).await
        else {
            panic!("{status}");
        };
        assert_eq!(
            (&*class, error),
            ("status", format!("the answer was {status}"))
        );
        assert_eq!(
            (response.status, &response.body[..]),
            (status, &b"the body"[..])
        );
    }
    for status in [500, 502, 503, 504, 599] {
        let expected = Reply::Failed {
            class: FailureClass::Status,
            error: format!("the answer was {status}"),
            retry_after: wait,
            uncertain: false,
        };
        assert_eq!(reply(&sink, status).await, expected);
    }
    for status in [408, 425, 429] {
        let expected = Reply::throttled(format!("the answer was {status}"), wait);
        assert_eq!(reply(&sink, status).await, expected);
    }
}

#[tokio::test]
async fn a_judgement_of_ones_own_goes_first() {
    let sink = sink(&by_path().await).judge(|answer| match answer.status {
        404 => Some(Judgement::Delivered),
        429 => Some(Judgement::Failed),
        _ => None,
    });
    let sink = sink.build_http().unwrap();
    assert!(matches!(reply(&sink, 404).await, Reply::Delivered(Some(_))));
    assert!(matches!(reply(&sink, 429).await, Reply::Failed { .. }));
    assert!(matches!(reply(&sink, 400).await, Reply::Refused { .. }));
}

#[tokio::test]
async fn an_answer_is_judged_by_its_headers_and_its_body_too() {
    let address = by_path().await;
    let judge = |answer: &Response| match (&answer.body[..], answer.status) {
        (b"the body", 200) => Some(Judgement::Failed),
        (b"the body", 201) => Some(Judgement::Refused),
        (b"the body", 202) => Some(Judgement::Throttled),
        (b"the body", 500) => Some(Judgement::Delivered),
        (b"the body", 503) if answer.headers.contains(&("x-answer".into(), "yes".into())) => {
            Some(Judgement::Refused)
        }
        _ => None,
    };
    let by_all = sink(&address).judge(judge).build_http().unwrap();
    let wait = Some(Duration::from_secs(7));
    let failed = Reply::Failed {
        class: FailureClass::Other,
        error: "the answer was 200, and was judged to be a failure".to_owned(),
        retry_after: wait,
        uncertain: true,
    };
    assert_eq!(reply(&by_all, 200).await, failed);
    for (status, expected) in [(201, "Refused"), (500, "Delivered"), (503, "Refused")] {
        let (found, response) = match reply(&by_all, status).await {
            Reply::Refused { response, .. } => ("Refused", response),
            Reply::Delivered(response) => ("Delivered", response),
            other => panic!("{status}: {other:?}"),
        };
        assert_eq!(found, expected, "{status}");
        assert_eq!(response.expect("it is kept").status, status);
    }
    let throttled = Reply::throttled("the answer was 202", wait);
    assert_eq!(reply(&by_all, 202).await, throttled);
    // No more of the body than is kept: what is cut is not what the judge looks for.
    let cut = sink(&address).judge(judge).response_bytes_max(3);
    let cut = cut.build_http().unwrap();
    assert!(matches!(reply(&cut, 200).await, Reply::Delivered(_)));
    assert!(matches!(reply(&cut, 500).await, Reply::Failed { .. }));
}

#[tokio::test]
async fn a_retry_after_may_be_a_date() {
    let (address, _) = serve(|_| {
        http::Response::builder()
            .status(503)
            .header("date", "Sun, 06 Nov 1994 08:49:37 GMT")
            .header("retry-after", "Sun, 06 Nov 1994 08:50:00 GMT")
            .body(Full::default())
            .unwrap()
    })
    .await;
    let sink = sink(&address).build_http().unwrap();
    let Reply::Failed { retry_after, .. } = sink.deliver(&message(&[], "x")).await else {
        panic!("no failure");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(23)));
}

#[tokio::test]
async fn the_request_has_method_path_headers_body_and_the_id_as_its_key() {
    let (address, requests) = serve(|_| http::Response::new(Full::default())).await;
    let sink = sink(&format!("{address}/api")).build_http().unwrap();
    let attributes = [
        (":method", "PUT"),
        (":path", "/receipts/7?now=1"),
        ("Content-Type", "application/json"),
    ];
    sink.deliver(&message(&attributes, "{}")).await;
    sink.deliver(&message(&[("idempotency-key", "mine")], ""))
        .await;
    let requests = requests.lock().unwrap();
    let first = &requests[0];
    assert_eq!(first.method(), Method::PUT);
    assert_eq!(first.uri(), "/api/receipts/7?now=1");
    assert_eq!(first.headers()["content-type"], "application/json");
    let id = "019a7f3e-8c00-7001-9abc-0123456789ab";
    assert_eq!(first.headers()["idempotency-key"], id);
    assert_eq!(&first.body()[..], b"{}");
    assert_eq!(requests[1].method(), Method::POST);
    assert_eq!(requests[1].headers()["idempotency-key"], "mine");
}

#[tokio::test]
async fn what_cannot_be_a_request_is_never_sent() {
    let (address, requests) = serve(|_| http::Response::new(Full::default())).await;
    let sink = sink(&address).build_http().unwrap();
    let reply = sink.deliver(&message(&[("bad name", "x")], "x")).await;
    assert!(matches!(reply, Reply::Unsendable { .. }), "{reply:?}");
    assert_eq!(requests.lock().unwrap().len(), 0);
}

#[test]
fn an_address_with_a_password_a_query_or_no_host_is_refused() {
    for (address, error) in [
        ("http://me:secret@ofd/", HttpSinkError::Credentials),
        ("http://ofd/?key=secret", HttpSinkError::Query),
        ("/only/a/path", HttpSinkError::Relative),
        ("https://ofd/", HttpSinkError::Tls),
    ] {
        let built = HttpSink::builder(address.parse().unwrap()).build_http();
        assert_eq!(built.map(|_| ()), Err(error), "{address}");
        assert!(!error.to_string().contains("secret"));
    }
}
