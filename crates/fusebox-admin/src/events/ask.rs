//! Questions to the history.

use std::fmt;
use std::time::Duration;

use axum::http::StatusCode;
use fusebox_store::{Answer, EventQuery, EventRecord, Keeper};

use super::{Event, Events};
use crate::access::Caller;
use crate::desk::Desk;
use crate::paging::Query;
use crate::problem::Problem;

/// When a store that is away may be there again.
const AWAY_FOR: Duration = Duration::from_secs(5);
/// Who may see few circuits of many gets short pages rather than one long search.
const LOOKS_MAX: usize = 20;

/// Branch, kinds, cursor and limit.
pub(super) fn read(query: &Query) -> Result<EventQuery, Problem> {
    let kinds: Vec<_> = query.all("kind").map(str::to_owned).collect();
    let strange = kinds
        .iter()
        .find(|kind| !EventRecord::KINDS.contains(&kind.as_str()));
    if let Some(kind) = strange {
        let known = EventRecord::KINDS.join(", ");
        return Err(Problem::invalid(format!(
            "kind: {kind:?} is none of {known}"
        )));
    }
    Ok(EventQuery {
        branch: query.one("branch")?.map(str::to_owned),
        kinds,
        before: query.cursor()?,
        limit: query.limit()?,
        ..EventQuery::default()
    })
}

/// A page of what the caller may see.
pub(super) async fn page(
    desk: &Desk,
    caller: &Caller,
    mut query: EventQuery,
) -> Result<Events, Problem> {
    let mut looks = 0;
    loop {
        let page = come(keeper(desk)?.events(query.clone())).await?;
        let records = page.items.iter();
        let seen = records.filter(|record| is_for(caller, &record.circuit));
        let events: Vec<_> = seen.map(Event::of).collect();
        looks += 1;
        if events.is_empty() && page.next.is_some() && looks < LOOKS_MAX {
            query.before = page.next;
            continue;
        }
        let next = page.next.map(|number| number.to_string());
        return Ok(Events { events, next });
    }
}

/// The event of that number; one that the caller may not see is as unknown as any other.
pub(super) async fn one(desk: &Desk, caller: &Caller, id: u64) -> Result<Event, Problem> {
    let query = EventQuery {
        before: id.checked_add(1),
        after: id.checked_sub(1),
        limit: 1,
        ..EventQuery::default()
    };
    let page = come(keeper(desk)?.events(query)).await?;
    let mut records = page.items.iter();
    let record = records.find(|record| record.id == id && is_for(caller, &record.circuit));
    record.map(Event::of).ok_or_else(|| unknown(id))
}

/// The replay file of an event.
pub(super) async fn replay(desk: &Desk, id: u64) -> Result<String, Problem> {
    let text = come(keeper(desk)?.replay(id)).await?;
    text.ok_or_else(|| {
        let detail =
            format!("of event {id} no calls were recorded, or they are kept no longer, or not yet");
        Problem::not_found("no-replay", "No replay", detail)
    })
}

/// No event has this number.
pub(super) fn unknown(id: impl fmt::Display) -> Problem {
    let detail = format!("there is no event {id}, or it is kept no longer");
    Problem::not_found("unknown-event", "Unknown event", detail)
}

/// What happened to the whole box concerns everyone.
fn is_for(caller: &Caller, circuit: &str) -> bool {
    circuit.is_empty() || caller.sees(circuit)
}

/// The answer, or 503.
pub(crate) async fn come<T>(answer: Answer<T>) -> Result<T, Problem> {
    answer.await.map_err(|error| {
        // It may name a file or a server: for the log, not for whoever asks.
        tracing::warn!(%error, "the history could not be read");
        away()
    })
}

/// Who is asked for what is kept.
pub(crate) fn keeper(desk: &Desk) -> Result<&Keeper, Problem> {
    desk.keeper.as_ref().ok_or_else(away)
}

fn away() -> Problem {
    let detail = "the store with the history does not answer; circuits go on without it";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let problem = Problem::new(status, "store-away", "The store cannot be read", detail);
    problem.retry_after(AWAY_FOR)
}
