//! A worker: makes the call of a job, or makes jobs of a plan.

use std::time::Duration;

use fusebox::FailureClass;
use fusebox_queue::relay::{GlobalBreaker, StopOnFailure};
use fusebox_queue::sink::{HttpSink, HttpSinkError, Judgement, Reply, Routes, Sink};
use fusebox_queue::{Leased, PushError, Queue, Response};
use hyper_util::client::legacy::connect::HttpConnector;

use super::campaign::{Campaign, SERVICE};
use super::settings::Apis;

/// More than any result or plan has, which are kept as the answers of their messages.
pub(super) const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Delivers what is in the queue.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: Queue,
    calls: StopOnFailure<Routes<HttpSink<HttpConnector>>>,
}

/// The service of a job: its circuit is a branch by that name. A plan has none.
pub(super) fn service_of(message: &Leased) -> Option<&str> {
    message.attribute(SERVICE)
}

impl Worker {
    pub(super) fn new(
        jobs: &Queue,
        apis: &Apis,
        timeout: Duration,
        breaker: &GlobalBreaker,
    ) -> Result<Self, HttpSinkError> {
        let mut calls = Routes::by(service_of);
        for (name, url) in &apis.0 {
            let call = HttpSink::builder(url.clone()).response_bytes_max(ANSWER_BYTES_MAX);
            let call = call.timeout(timeout);
            calls = calls.to(*name, call.judge(judge).build_http()?);
        }
        Ok(Self {
            jobs: jobs.clone(),
            calls: breaker.stops(service_of, calls),
        })
    }

    /// A job that is queued already is known by its id.
    async fn carry_out(&self, plan: &Campaign) -> Result<(), PushError> {
        for job in plan.jobs() {
            self.jobs.push(job.message()).await?;
        }
        Ok(())
    }
}

impl Sink for Worker {
    async fn deliver(&self, message: &Leased) -> Reply {
        if service_of(message).is_some() {
            return self.calls.deliver(message).await;
        }
        let Ok(plan) = serde_json::from_slice(&message.body) else {
            return Reply::refused("plan", "neither a job nor a plan");
        };
        match self.carry_out(&plan).await {
            Ok(()) => Reply::Delivered(Some(Response {
                status: 200,
                headers: Vec::new(),
                body: message.body.clone(),
            })),
            Err(error) => Reply::failed(FailureClass::Other, error.to_string()),
        }
    }

    async fn had_no_reply(&self, message: &Leased, class: &'static str, error: &str) {
        if service_of(message).is_some() {
            self.calls.had_no_reply(message, class, error).await;
        }
    }
}

/// A wrong key, an unpaid bill, a used-up quota: the job is not to blame, a person mends it.
fn judge(answer: &Response) -> Option<Judgement> {
    let is_mended = matches!(answer.status, 401..=404 | 407 | 408 | 429);
    is_mended.then_some(Judgement::Failed)
}
