//! Phase 2: a receipt goes to the OFD, and only a fiscal document counts as its answer.

use std::time::Duration;

use fusebox_queue::Response;
use fusebox_queue::sink::{HttpSink, HttpSinkError, Judgement};
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;

pub(super) fn sink(url: Uri, timeout: Duration) -> Result<HttpSink<HttpConnector>, HttpSinkError> {
    HttpSink::builder(url)
        .timeout(timeout)
        .judge(judge)
        .build_http()
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
