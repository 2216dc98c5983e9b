//! What the routes need: the campaigns, and the global breaker.

use std::hash::{BuildHasher, RandomState};
use std::time::SystemTime;

use fusebox_queue::relay::{GlobalBreaker, GlobalState};
use fusebox_queue::{MessageState, PushError, Queue, QueueError, Scope};
use fusebox_store::rfc3339;
use serde_json::{Value, json};

use super::campaign::{Campaign, Wanted};
use super::settings::Apis;
use crate::problem::Problem;

#[derive(Debug)]
pub(super) struct Desk {
    pub(super) jobs: Queue,
    pub(super) breaker: GlobalBreaker,
    pub(super) apis: Apis,
}

impl Desk {
    /// Puts a campaign into the queue. One that came before with the same key is answered instead;
    /// `None`: that one wanted something else.
    pub(super) async fn create(
        &self,
        wanted: Wanted,
        key: Option<&str>,
    ) -> Result<Option<Campaign>, Problem> {
        let created_at = rfc3339(SystemTime::now());
        // Without a counter to keep: seeded by the system, so no two are the same.
        let drawn = || format!("{:016x}", RandomState::new().hash_one(&created_at));
        let campaign = Campaign {
            id: format!("campaign-{}", key.map_or_else(drawn, in_hex)),
            created_at,
            wanted,
        };
        let before = match self.plan(&campaign.id).await? {
            Some((_, before)) => before,
            None => match self.jobs.push(campaign.plan()).await {
                Ok(_) => return Ok(Some(campaign)),
                // Its twin came between, with another time.
                Err(PushError::Mismatch { .. }) => match self.plan(&campaign.id).await? {
                    Some((_, before)) => before,
                    None => return Ok(None),
                },
                Err(error) => return Err(error.into()),
            },
        };
        Ok((before.wanted == campaign.wanted).then_some(before))
    }

    /// What is known of a campaign's plan.
    async fn plan(&self, id: &str) -> Result<Option<(MessageState, Campaign)>, QueueError> {
        let Some(plan) = self.jobs.by_idempotency_key(id).await? else {
            return Ok(None);
        };
        // Once it is delivered, it is its own answer. A job's is none.
        let text = plan.response.map_or(plan.body, |answer| answer.body);
        let campaign = serde_json::from_slice(&text).ok();
        Ok(campaign.map(|campaign| (plan.state, campaign)))
    }

    /// A campaign with its jobs.
    pub(super) async fn shown(&self, id: &str) -> Result<Option<Value>, QueueError> {
        let Some((state, campaign)) = self.plan(id).await? else {
            return Ok(None);
        };
        let reason = self.pause_of(id);
        let pending = reason.as_ref().map_or("pending", |_| "paused");
        // Once its jobs are queued, one goes by a person's hand, or a year after it ended.
        let is_planned = state == MessageState::Delivered;
        let absent = if is_planned { "discarded" } else { pending };
        let mut jobs = Vec::new();
        for job in campaign.jobs() {
            let record = self.jobs.by_idempotency_key(&job.id).await?;
            jobs.push(job.shown(record.as_ref(), pending, absent));
        }
        let count = |status| jobs.iter().filter(|job| job["status"] == status).count();
        let ended = count("completed") + count("failed") + count("discarded");
        let going = reason.as_ref().map_or("running", |_| "paused");
        let status = if ended == jobs.len() {
            "completed"
        } else {
            going
        };
        Ok(Some(json!({
            "id": id,
            "name": campaign.wanted.name,
            "created_at": campaign.created_at,
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

/// A key has any letters; its campaign's id begins those of the jobs, which have a '-' then.
fn in_hex(key: &str) -> String {
    key.bytes().map(|byte| format!("{byte:02x}")).collect()
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
