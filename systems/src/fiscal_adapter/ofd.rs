//! Phase 2: a receipt goes to the OFD, and only a fiscal document counts as its answer.

use std::time::Duration;

use fusebox::FailureClass;
use fusebox_queue::Leased;
use fusebox_queue::sink::{HttpSink, HttpSinkError, Judgement, Reply, Sink};
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;

#[derive(Debug)]
pub(super) struct Ofd(HttpSink<HttpConnector>);

impl Ofd {
    pub(super) fn new(url: Uri, timeout: Duration) -> Result<Self, HttpSinkError> {
        // A wrong address or key is the shop's mistake, not the receipt's: it can be mended.
        let http = HttpSink::builder(url).timeout(timeout).judge(|status| {
            let can_be_mended = matches!(status.as_u16(), 401 | 403 | 404 | 405 | 407);
            can_be_mended.then_some(Judgement::Failed)
        });
        Ok(Self(http.build_http()?))
    }
}

impl Sink for Ofd {
    async fn deliver(&self, message: &Leased) -> Reply {
        match self.0.deliver(message).await {
            // A 200 from whoever stands in between (the login page of a shop's router).
            Reply::Delivered(Some(answer)) if !is_document(&answer.body) => {
                Reply::uncertain(FailureClass::Other, "the answer is no fiscal document")
            }
            reply => reply,
        }
    }
}

fn is_document(body: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let fields = ["fiscal_doc_number", "fiscal_doc_datetime", "fiscal_sign"];
    fields.iter().all(|field| !answer[field].is_null()) && answer["status"] == "accepted"
}
