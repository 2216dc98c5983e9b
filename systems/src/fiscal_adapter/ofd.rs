//! Phase 2: a receipt goes to the OFD, and only a fiscal document counts as its answer.

use std::sync::Arc;
use std::time::Duration;

use fusebox_queue::sink::{HttpSink, HttpSinkError, Judgement, Reply, Sink};
use fusebox_queue::{Leased, Response};
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;

use super::failures::Failures;

#[derive(Debug)]
pub(super) struct Ofd {
    http: HttpSink<HttpConnector>,
    failures: Arc<Failures>,
}

impl Ofd {
    pub(super) fn new(
        url: Uri,
        timeout: Duration,
        failures: Arc<Failures>,
    ) -> Result<Self, HttpSinkError> {
        let http = HttpSink::builder(url).timeout(timeout).judge(judge);
        let http = http.build_http()?;
        Ok(Self { http, failures })
    }
}

impl Sink for Ofd {
    async fn deliver(&self, message: &Leased) -> Reply {
        let reply = self.http.deliver(message).await;
        let pos_id = message.key.as_deref().unwrap_or_default();
        match &reply {
            Reply::Delivered(_) | Reply::Refused { .. } => self.failures.succeeded(pos_id),
            Reply::Failed { .. } => self.failures.failed(pos_id),
            Reply::Unsendable { .. } | Reply::Throttled { .. } => {}
        }
        reply
    }
}

fn judge(answer: &Response) -> Option<Judgement> {
    match answer.status {
        // A wrong address or key is the shop's mistake, not the receipt's: it can be mended.
        401 | 403 | 404 | 405 | 407 => Some(Judgement::Failed),
        // A 200 from whoever stands in between (the login page of a shop's router).
        _ if Judgement::of(answer.status) == Judgement::Delivered && !is_document(&answer.body) => {
            Some(Judgement::Failed)
        }
        _ => None,
    }
}

fn is_document(body: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let fields = ["fiscal_doc_number", "fiscal_doc_datetime", "fiscal_sign"];
    fields.iter().all(|field| !answer[field].is_null()) && answer["status"] == "accepted"
}
