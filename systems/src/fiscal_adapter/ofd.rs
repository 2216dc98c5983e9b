//! Phase 2: a receipt goes to the OFD, and only a fiscal document counts as its answer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fusebox::FailureClass;
use fusebox_queue::Leased;
use fusebox_queue::sink::{HttpSink, HttpSinkError, Judgement, Reply, Sink};
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use serde::Deserialize;

use super::failures::Failures;

/// What the OFD answers to a receipt that it took.
#[derive(Debug, Deserialize)]
#[allow(dead_code)] // read to see that they are there; kept as the OFD wrote them
struct FiscalDocument {
    fiscal_doc_number: u64,
    fiscal_doc_datetime: String,
    fiscal_sign: String,
    status: String,
}

/// Sends receipts to the OFD.
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
        let http = HttpSink::builder(url)
            .timeout(timeout)
            // A wrong address or key is the shop's mistake, not the receipt's: it can be mended.
            .judge(|status| match status.as_u16() {
                401 | 403 | 404 | 405 | 407 => Some(Judgement::Failed),
                _ => None,
            })
            .build_http()?;
        Ok(Self { http, failures })
    }
}

impl Sink for Ofd {
    async fn deliver(&self, message: &Leased) -> Reply {
        let reply = checked(self.http.deliver(message).await);
        let pos_id = message.key.as_deref().unwrap_or_default();
        match &reply {
            Reply::Delivered(_) | Reply::Refused { .. } => self.failures.succeeded(pos_id),
            Reply::Failed { .. } => self.failures.failed(pos_id, SystemTime::now()),
            Reply::Unsendable { .. } | Reply::Throttled { .. } => {}
        }
        reply
    }
}

/// A 200 from whoever stands in between (the login page of a shop's router) is no document.
fn checked(reply: Reply) -> Reply {
    let Reply::Delivered(answer) = &reply else {
        return reply;
    };
    let body = answer.as_ref().map(|answer| &*answer.body).unwrap_or_default();
    match serde_json::from_slice::<FiscalDocument>(body) {
        Ok(document) if document.status == "accepted" => reply,
        _ => Reply::uncertain(FailureClass::Other, "the answer is no fiscal document"),
    }
}
