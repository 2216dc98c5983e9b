//! A campaign, and its jobs.

use fusebox_queue::{MessageState, NewMessage, Record};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::settings::Apis;
use crate::call::post_later;

/// A campaign has so many jobs at most.
const JOBS_MAX: usize = 1_000;
/// The attribute that names a job's service.
pub(super) const SERVICE: &str = "x-service";

/// What a caller wants: for each lead a call of each service, one after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    pub(super) name: String,
    leads: Vec<String>,
    services: Vec<String>,
}

impl Wanted {
    /// Whether it can be had; if not, what is wrong with it.
    pub(super) fn check(&self, apis: &Apis) -> Result<(), String> {
        let is_text = |text: &String| !text.trim().is_empty() && text.len() <= 200;
        if !is_text(&self.name) || !self.leads.iter().all(is_text) {
            return Err("name and leads: 1 to 200 bytes each".to_owned());
        }
        self.services.iter().try_for_each(|name| apis.check(name))?;
        let jobs = self.leads.len().saturating_mul(self.services.len());
        if (1..=JOBS_MAX).contains(&jobs) {
            return Ok(());
        }
        Err(format!(
            "leads x services: {jobs} jobs, 1 to {JOBS_MAX} are allowed"
        ))
    }
}

/// One campaign, as its plan has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Campaign {
    /// Also its group, and the plan's idempotency key.
    pub(super) id: String,
    pub(super) wanted: Wanted,
}

impl Campaign {
    /// The message that becomes its jobs.
    pub(super) fn plan(&self) -> NewMessage {
        let plan = NewMessage::new(json!(self).to_string());
        plan.idempotency_key(&*self.id).group(&*self.id)
    }

    /// Its jobs, in order.
    pub(super) fn jobs(&self) -> impl Iterator<Item = Job<'_>> {
        let leads = (1..).zip(&self.wanted.leads);
        leads.flat_map(move |(place, lead)| {
            let services = (1..).zip(&self.wanted.services);
            services.map(move |(step, service)| Job {
                id: format!("{}-{place}-{step}", self.id),
                line: format!("{}-{place}", self.id),
                campaign: &self.id,
                lead,
                service,
            })
        })
    }
}

/// One call of a service for a lead.
pub(super) struct Job<'a> {
    /// Sent along as the `Idempotency-Key`.
    pub(super) id: String,
    /// The jobs of one lead follow each other.
    line: String,
    campaign: &'a str,
    lead: &'a str,
    service: &'a str,
}

impl Job<'_> {
    pub(super) fn message(&self) -> NewMessage {
        let body = json!({ "job": self.id, "campaign": self.campaign, "lead": self.lead });
        let message = post_later("/jobs", &self.id, body.to_string());
        let message = message.attribute(SERVICE, self.service);
        message.key(&*self.line).group(self.campaign)
    }

    /// As people see it. `pending`, `absent`: the words for one that waits, and for one that the
    /// queue does not know.
    pub(super) fn shown(&self, record: Option<&Record>, pending: &str, absent: &str) -> Value {
        let last = record.and_then(|record| record.history.last());
        let answer = record.and_then(|record| record.response.as_ref());
        json!({
            "id": self.id,
            "lead": self.lead,
            "service": self.service,
            "status": match record.map(|record| record.state) {
                None => absent,
                Some(MessageState::Pending) => pending,
                Some(MessageState::Delivering) => "running",
                Some(MessageState::Delivered) => "completed",
                Some(MessageState::Dead | MessageState::Expired) => "failed",
            },
            "attempts": record.map_or(0, |record| record.attempts),
            "last_error": last.map(|attempt| &attempt.error),
            "result": answer.and_then(|answer| serde_json::from_slice::<Value>(&answer.body).ok()),
        })
    }
}
