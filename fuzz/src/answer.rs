//! What comes back, and what holds for all of it.

use axum::body::Body;
use http::{HeaderMap, HeaderName, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;

use crate::host::FIRST_PART_WITHIN;

/// An answer with its body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    headers: HeaderMap,
    /// All of it; of a stream of events the first part.
    body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn of(response: Response<Body>) -> Self {
        let (head, mut body) = response.into_parts();
        let mut answer = Self {
            status: head.status,
            headers: head.headers,
            body: Vec::new(),
        };
        if answer.media_type() == "text/event-stream" {
            let first = tokio::time::timeout(FIRST_PART_WITHIN, body.frame()).await;
            let first = first.expect("a stream begins at once");
            let first = first
                .and_then(Result::ok)
                .and_then(|first| first.into_data().ok());
            answer.body = first.expect("a first part").to_vec();
        } else {
            answer.body = body.collect().await.expect("a body").to_bytes().to_vec();
        }
        answer
    }

    /// The value of a header; empty where there is none.
    pub fn header(&self, name: HeaderName) -> &str {
        let value = self
            .headers
            .get(name)
            .map(|value| value.to_str().expect("a text"));
        value.unwrap_or_default()
    }

    /// Without parameters.
    pub fn media_type(&self) -> &str {
        let value = self.header(header::CONTENT_TYPE);
        value.split(';').next().unwrap_or_default()
    }

    /// The body.
    ///
    /// # Panics
    /// It is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// What is true of every answer.
    pub(crate) fn holds(&self) {
        let request_id = self.header(HeaderName::from_static("x-request-id"));
        assert!((1..=128).contains(&request_id.len()), "{self:?}");
        assert_eq!(self.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert!(std::str::from_utf8(&self.body).is_ok(), "{self:?}");
        assert_ne!(self.status, StatusCode::INTERNAL_SERVER_ERROR, "{self:?}");
        if self.media_type() == "application/json" && !self.body.is_empty() {
            self.json();
        }
        if self.media_type() == "application/problem+json" && !self.body.is_empty() {
            let problem = self.json();
            assert_eq!(problem["status"], self.status.as_u16());
            assert_eq!(problem["request_id"], request_id);
            let kind = problem["type"].as_str().expect("a type");
            assert!(kind.starts_with("urn:fusebox:"));
            for text in ["title", "detail"] {
                assert!(problem[text].as_str().is_some_and(|text| !text.is_empty()));
            }
        }
    }
}
