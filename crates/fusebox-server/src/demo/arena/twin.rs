//! One of the two copies: upstreams of its own, a gateway in front of them, and its clients' book.

use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fusebox::{Author, HoldKind, HoldRequest, Snapshot};
use http::response::Parts;
use http::{Request, Uri, header};
use http_body_util::Full;
use tokio::time::{Instant, timeout};

use super::book::{Book, End};
use super::cast::{Number, UPSTREAMS};
use super::fault::Fault;
use crate::circuits::Circuits;
use crate::demo::error::DemoError;
use crate::demo::health::Health;
use crate::demo::seen::Seen;
use crate::demo::servers::Servers;
use crate::demo::stage::lead;
use crate::demo::traffic::{self, CLIENT_HEADER, HttpClient, KEY_HEADER};
use crate::demo::upstream::Upstream;
use crate::settings::Config;

/// The settings of both, as a user would write them.
const SETTINGS: &str = include_str!("arena.toml");

/// Longer than every time-out in arena.toml, so that it is the gateway that answers.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// With breakers.
    With,
    /// Without: every circuit is held in `disabled`.
    Without,
}

/// A copy of all systems with everything they call.
#[derive(Debug)]
pub(super) struct Twin {
    pub(super) side: Side,
    pub(super) circuits: Arc<Circuits>,
    upstreams: Vec<Upstream>,
    addresses: Vec<Uri>,
    client: HttpClient,
    book: Mutex<Book>,
}

impl Twin {
    /// Starts upstreams and gateway.
    pub(super) async fn start(side: Side, servers: &mut Servers) -> Result<Twin, DemoError> {
        let mut config = Config::parse(SETTINGS, "arena.toml", iter::empty())
            .map_err(|problems| DemoError::settings(&problems))?;
        let mut upstreams = Vec::new();
        for role in &UPSTREAMS {
            let upstream = Upstream::start(role.name).await;
            let upstream = upstream.map_err(DemoError::Listen)?;
            lead(&mut config, role.name, upstream.addr())?;
            upstreams.push(upstream);
        }
        let circuits = Circuits::new(&config);
        let circuits = circuits.map_err(|error| DemoError::Settings(error.to_string()))?;
        if side == Side::Without {
            hold_all(&circuits);
        }
        let gateway = servers.gateway(&circuits).await;
        let gateway = gateway.map_err(DemoError::Listen)?;
        let address = |name| {
            let text = format!("http://{gateway}/{name}");
            text.parse().map_err(|_| DemoError::Settings(text))
        };
        let addresses = UPSTREAMS.iter().map(|role| address(role.name));
        Ok(Twin {
            side,
            addresses: addresses.collect::<Result<_, _>>()?,
            circuits,
            upstreams,
            client: traffic::client(),
            book: Mutex::default(),
        })
    }

    /// What its clients counted.
    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        // Numbers are never half written.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an upstream counted itself.
    pub(super) fn seen(&self, upstream: Number) -> Seen {
        self.upstreams[upstream].seen()
    }

    /// The circuit of an upstream, and those of its branches that something is wrong with.
    pub(super) fn circuit(&self, upstream: Number) -> Option<(Snapshot, Vec<(String, Snapshot)>)> {
        let breaker = self.circuits.get(UPSTREAMS[upstream].name)?.breaker();
        let branches = breaker.worst_branches(super::cast::KEYS);
        Some((breaker.snapshot(), branches))
    }

    /// Lets a fault begin, or end.
    pub(super) fn turn(&self, upstream: Number, fault: Option<Fault>, now: Instant) {
        let mut book = self.book();
        let trouble = book.trouble(upstream);
        let health = match fault {
            Some(fault) => {
                trouble.begin(fault);
                fault.health(UPSTREAMS[upstream].sick_key())
            }
            None => {
                trouble.end(now);
                Health::Fine
            }
        };
        self.upstreams[upstream].turn(health);
    }

    /// All is well, nothing was counted, every circuit is closed. Visits under way count nowhere.
    pub(super) fn begin_round(&self, round: u64) {
        for upstream in &self.upstreams {
            upstream.turn(Health::Fine);
            upstream.begin_round(round);
        }
        // After the upstreams: a call of the new round must be counted by both.
        *self.book() = Book::of_round(round);
        let by = author();
        for role in &UPSTREAMS {
            let Some(circuit) = self.circuits.get(role.name) else {
                continue;
            };
            let breaker = circuit.breaker();
            if self.side == Side::With {
                breaker.release(&by);
            }
            breaker.reset(&by);
            for key in role.keys {
                breaker.reset_branch(key, &by);
            }
        }
    }

    /// Makes one call through the gateway, and counts it.
    pub(super) async fn call(&self, round: u64, upstream: Number, key: usize) -> End {
        let sent = self.book().sends(round, upstream);
        let end = timeout(PATIENCE, self.ask(round, upstream, key)).await;
        let end = end.unwrap_or(End::TimedOut);
        self.book().ended(sent, end);
        end
    }

    async fn ask(&self, round: u64, upstream: Number, key: usize) -> End {
        // A POST is sent once, whatever happens to its connection: the gateway repeats no call
        // that might change something.
        let request = Request::post(self.addresses[upstream].clone())
            .header(CLIENT_HEADER, round)
            .header(KEY_HEADER, UPSTREAMS[upstream].keys[key])
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from_static(b"{}")));
        let Ok(request) = request else {
            return End::Failed;
        };
        let answer = traffic::whole_answer(&self.client, request).await;
        answer.as_ref().map_or(End::Failed, judge)
    }
}

/// Who holds and resets circuits here.
pub(super) fn author() -> Author {
    Author::new("arena")
}

fn hold_all(circuits: &Circuits) {
    for circuit in circuits.list() {
        circuit.breaker().hold(HoldRequest {
            kind: HoldKind::Disabled,
            reason: "the copy without breakers".to_owned(),
            author: author(),
            for_: None,
        });
    }
}

fn judge(answer: &Parts) -> End {
    match traffic::reason(&answer.headers) {
        Some(reason) if traffic::is_rejection(reason) => End::Rejected,
        Some("connect") => End::Refused,
        Some("reset") => End::Cut,
        Some("timeout") => End::TimedOut,
        None if answer.status.is_success() => End::Well,
        // The upstream's own error, or a fallback in its place.
        Some(_) | None => End::Failed,
    }
}
