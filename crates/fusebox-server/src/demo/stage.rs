//! Everything that runs: upstreams, gateway, admin listener and clients. Gateway and admin listener
//! are those of `fusebox serve`, on ports that the system chooses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fusebox::{Clock, Subscription, SystemClock, Tick};
use http::{Method, Uri};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::error::DemoError;
use super::health::Health;
use super::picture::{Addresses, Pace, Picture, Row};
use super::script::{CAST, ROUND, Role, Scene};
use super::servers::Servers;
use super::tally::Tally;
use super::traffic::{self, Target};
use super::upstream::Upstream;
use super::words;
use crate::circuits::{Circuit, Circuits};
use crate::settings::Config;

/// The settings, as a user would write them.
const SETTINGS: &str = include_str!("demo.toml");

/// A circuit, the service behind it, and its clients' count.
pub(crate) struct Act {
    pub(crate) role: Role,
    pub(crate) circuit: Arc<Circuit>,
    pub(crate) upstream: Upstream,
    pub(crate) tally: Arc<Tally>,
    health: Health,
    trouble: Trouble,
    pace: Pace,
}

/// How long a service was in trouble.
#[derive(Default)]
struct Trouble {
    since: Option<Instant>,
    before: Duration,
}

/// The running demo.
pub(crate) struct Stage {
    pub(crate) addresses: Addresses,
    pub(crate) acts: Vec<Act>,
    pub(crate) events: Subscription,
    began: Instant,
    began_tick: Tick,
    once: bool,
    clients: JoinSet<()>,
    hush: watch::Sender<bool>,
    servers: Servers,
}

impl Stage {
    /// Starts everything. The clients are already calling when this returns.
    pub(crate) async fn set(once: bool) -> Result<Stage, DemoError> {
        let mut config = Config::parse(SETTINGS, "demo.toml", std::iter::empty())
            .map_err(|problems| DemoError::settings(&problems))?;
        let mut upstreams = Vec::new();
        for role in CAST {
            let upstream = Upstream::start(role.circuit)
                .await
                .map_err(DemoError::Listen)?;
            lead(&mut config, role.circuit, upstream.addr())?;
            upstreams.push((role, upstream));
        }
        let circuits =
            Circuits::new(&config).map_err(|error| DemoError::Settings(error.to_string()))?;
        let events = circuits.events().subscribe();
        let mut servers = Servers::new();
        let addresses = Addresses {
            arena: None,
            is_elsewhere: false,
            gateway: servers
                .gateway(&circuits)
                .await
                .map_err(DemoError::Listen)?,
            admin: servers.admin(&circuits).await.map_err(DemoError::Listen)?,
        };

        let (hush, hushed) = watch::channel(false);
        let mut clients = JoinSet::new();
        let mut acts = Vec::new();
        for (role, upstream) in upstreams {
            let circuit = circuits.get(role.circuit);
            let circuit = circuit.ok_or_else(|| DemoError::Settings(role.circuit.to_owned()))?;
            let act = Act::new(role, circuit, upstream);
            let target = target(addresses.gateway, role)?;
            clients.spawn(traffic::steady(
                target,
                Arc::clone(&act.tally),
                hushed.clone(),
            ));
            acts.push(act);
        }
        Ok(Stage {
            addresses,
            acts,
            events,
            began: Instant::now(),
            began_tick: SystemClock.now(),
            once,
            clients,
            hush,
            servers,
        })
    }

    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The time of an event, since the start.
    pub(crate) fn since_start(&self, at: Tick) -> Duration {
        at.saturating_since(self.began_tick)
    }

    /// Lets a scene happen.
    pub(crate) fn play(&mut self, scene: &Scene) {
        for act in &mut self.acts {
            if act.role.circuit == scene.circuit {
                act.turn(scene.health);
            }
        }
    }

    /// How things stand.
    pub(crate) fn picture(&mut self) -> Picture {
        let elapsed = self.elapsed();
        Picture {
            addresses: self.addresses,
            elapsed,
            length: self.once.then_some(ROUND),
            rows: self.acts.iter_mut().map(|act| act.row(elapsed)).collect(),
        }
    }

    /// No new calls; waits for the answers still on their way.
    pub(crate) async fn hush(&mut self) {
        self.hush.send_replace(true);
        while self.clients.join_next().await.is_some() {}
    }

    /// Closes gateway and admin listener.
    pub(crate) async fn close(self) {
        self.servers.close().await;
    }
}

impl Act {
    fn new(role: Role, circuit: Arc<Circuit>, upstream: Upstream) -> Act {
        let tally = Arc::new(Tally::default());
        let (trouble, pace) = (Trouble::default(), Pace::default());
        Act {
            role,
            circuit,
            upstream,
            tally,
            health: Health::Fine,
            trouble,
            pace,
        }
    }

    fn turn(&mut self, health: Health) {
        let trouble = health.is_trouble();
        self.health = health;
        if let Some(since) = self.trouble.since.take() {
            self.trouble.before += since.elapsed();
        }
        self.trouble.since = trouble.then(Instant::now);
        self.tally.set_trouble(trouble);
        self.upstream.turn(health);
    }

    /// How long its service was in trouble, in all.
    pub(crate) fn in_trouble_for(&self) -> Duration {
        self.trouble.before
            + self
                .trouble
                .since
                .map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn row(&mut self, elapsed: Duration) -> Row {
        let snapshot = self.circuit.breaker().snapshot();
        let counts = self.tally.counts();
        let why = snapshot.why.as_ref().map(|why| {
            (
                words::why(why.cause, &why.evidence),
                snapshot.taken_at.saturating_since(why.at),
            )
        });
        Row {
            circuit: self.role.circuit,
            state: snapshot.state,
            hold: snapshot.hold.map(|hold| hold.kind),
            next_trial: snapshot.retry_after,
            why,
            rate: self.pace.sample(elapsed, counts.sent),
            counts,
            seen: self.upstream.seen().arrived,
            health: self.health,
            in_trouble: self.tally.in_trouble(),
        }
    }
}

/// Lets the circuit lead to this address.
///
/// # Errors
/// There is no such circuit.
pub(super) fn lead(config: &mut Config, circuit: &str, to: SocketAddr) -> Result<(), DemoError> {
    let mut circuits = config.circuits.iter_mut();
    let named = circuits.find(|named| named.name == circuit);
    let named = named.ok_or_else(|| DemoError::Settings(format!("no {circuit}")))?;
    named.upstream.port = to.port();
    Ok(())
}

fn target(gateway: SocketAddr, role: Role) -> Result<Target, DemoError> {
    let uri = format!("http://{gateway}/{}", role.circuit);
    let uri: Uri = uri.parse().map_err(|_| DemoError::Settings(uri.clone()))?;
    let method = if role.writes {
        Method::POST
    } else {
        Method::GET
    };
    Ok(Target { uri, method })
}
