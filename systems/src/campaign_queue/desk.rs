//! What the routes need: the campaigns, and the global breaker.

use fusebox_queue::relay::{GlobalBreaker, GlobalState};
use fusebox_queue::{MessageState, Queue, QueueError, Scope};
use fusebox_store::rfc3339;
use serde_json::{Value, json};

use super::campaign::Campaign;
use super::settings::Apis;

#[derive(Debug)]
pub(super) struct Desk {
    pub(super) jobs: Queue,
    pub(super) breaker: GlobalBreaker,
    pub(super) apis: Apis,
}

impl Desk {
    /// A campaign with its jobs.
    pub(super) async fn shown(&self, id: &str) -> Result<Option<Value>, QueueError> {
        let Some(plan) = self.jobs.by_idempotency_key(id).await? else {
            return Ok(None);
        };
        // Once it is delivered, it is its own answer. A job's is none.
        let text = plan.response.map_or(plan.body, |answer| answer.body);
        let Ok(campaign) = serde_json::from_slice::<Campaign>(&text) else {
            return Ok(None);
        };
        let reason = self.pause_of(id);
        let pending = reason.as_ref().map_or("pending", |_| "paused");
        // Once its jobs are queued, one goes by a person's hand, or a year after it ended.
        let is_planned = plan.state == MessageState::Delivered;
        let absent = if is_planned { "discarded" } else { pending };
        let mut jobs = Vec::new();
        for job in campaign.jobs() {
            let record = self.jobs.by_idempotency_key(&job.id).await?;
            jobs.push(job.shown(record.as_ref(), pending, absent));
        }
        let count = |status| jobs.iter().filter(|job| job["status"] == status).count();
        let ended = count("completed") + count("failed") + count("discarded");
        let going = reason.as_ref().map_or("running", |_| "paused");
        let is_over = ended == jobs.len();
        let status = if is_over { "completed" } else { going };
        Ok(Some(json!({
            "id": id,
            "name": campaign.wanted.name,
            "created_at": rfc3339(plan.pushed_at),
            "status": status,
            "status_reason": reason.filter(|_| status == "paused"),
            "jobs_total": jobs.len(),
            "jobs_completed": count("completed"),
            "jobs": jobs,
        })))
    }

    /// Why it is paused; `None`: it is not.
    pub(super) fn pause_of(&self, campaign: &str) -> Option<String> {
        let group = Scope::Group(self.jobs.name().to_string(), campaign.to_owned());
        let pause = self.jobs.queues().pause_over(&group);
        pause.map(|pause| pause.reason)
    }
}

/// The global breaker in the team's shape.
pub(super) fn global_circuit_state(breaker: &GlobalBreaker) -> Value {
    // Without a zone and to the microsecond, as the old clients read it.
    let at = |time| rfc3339(time).replace('Z', "000");
    match breaker.state() {
        GlobalState::Closed(since) => json!({
            "state": "closed",
            "opened_at": null,
            "closed_at": since.map(at),
            "metadata": {},
        }),
        GlobalState::Open { opening, since } => json!({
            "state": "open",
            "opened_at": at(since),
            "closed_at": null,
            "metadata": opening,
        }),
    }
}
