//! A page that reads a running arena and presses its buttons.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::demo::arena::Arena;
use crate::demo::traffic::{self, HttpClient};

/// On a machine that is busy with other tests.
const LONG: Duration = Duration::from_secs(40);

const JSON: &str = "application/json";

/// A running arena, and a page that reads it.
pub(super) struct Page {
    pub(super) arena: Arena,
    pub(super) client: HttpClient,
    stream: Stream,
}

struct Stream {
    body: Incoming,
    text: String,
}

impl Stream {
    async fn open(client: &HttpClient, arena: &Arena) -> Stream {
        let address = format!("http://{}/api/stream", arena.address());
        let request = Request::get(address).body(Full::default()).unwrap();
        let answer = client.request(request).await.expect("a stream");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        Stream {
            body: answer.into_body(),
            text: String::new(),
        }
    }

    /// The next document.
    async fn next(&mut self) -> Value {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let document = event.strip_prefix("data: ").expect("a data line");
                let document = serde_json::from_str(document).expect("JSON");
                self.text = rest.to_owned();
                return document;
            }
            let frame = self.body.frame().await.expect("it goes on");
            let piece = frame.expect("bytes").into_data().expect("data");
            self.text
                .push_str(std::str::from_utf8(&piece).expect("text"));
        }
    }
}

impl Page {
    pub(super) async fn open() -> Page {
        let arena = Arena::start(Some(0)).await.expect("an arena");
        let client = traffic::client();
        let stream = Stream::open(&client, &arena).await;
        Page {
            arena,
            client,
            stream,
        }
    }

    /// What a page that is opened now hears first.
    pub(super) async fn first_of_another(&self) -> Value {
        Stream::open(&self.client, &self.arena).await.next().await
    }

    /// Reads on until it is so.
    pub(super) async fn until(
        &mut self,
        what: &str,
        mut is_so: impl FnMut(&Value) -> bool,
    ) -> Value {
        let mut last = Value::Null;
        let reading = async {
            loop {
                last = self.stream.next().await;
                if is_so(&last) {
                    return;
                }
            }
        };
        let within = timeout(LONG, reading).await;
        assert!(within.is_ok(), "still waiting until {what}: {last:#}");
        last
    }

    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> (StatusCode, Value) {
        let answer: Response<Incoming> = self.client.request(request).await.expect("an answer");
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        (head.status, serde_json::from_slice(&bytes).expect("JSON"))
    }

    pub(super) fn post(&self, path: &str, body: &str) -> Request<Full<Bytes>> {
        Request::post(format!("http://{}{path}", self.arena.address()))
            .header(header::CONTENT_TYPE, JSON)
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap()
    }

    /// Presses a button.
    pub(super) async fn turn(&self, upstream: &str, fault: Value) {
        let path = format!("/api/upstreams/{upstream}/fault");
        let body = json!({"fault": fault}).to_string();
        let (status, answer) = self.send(self.post(&path, &body)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["name"], upstream);
        assert_eq!(answer["fault"], fault);
    }

    /// What stands when the last user has left.
    pub(super) async fn at_rest(&mut self) -> Value {
        self.arena.rest().await;
        self.arena.ground.to_json()
    }
}

pub(super) fn upstream<'a>(document: &'a Value, name: &str) -> &'a Value {
    let upstreams = document["upstreams"].as_array().expect("a list");
    let mut named = upstreams.iter();
    named.find(|upstream| upstream["name"] == name).expect(name)
}

pub(super) fn number(value: &Value, key: &str) -> u64 {
    value[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key} of {value}"))
}
