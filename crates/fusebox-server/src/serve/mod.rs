//! The daemon: gateway and admin together, with signals and reload.
//!
//! It ends in order: no new calls, those under way finish (within 30 s), the admin API
//! answers until then, the log is written out.

pub mod admin;
mod reload;
mod signals;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fusebox_admin::{Admin, Readiness};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::circuits::Circuits;
use crate::cli::{BAD_INPUT, CANNOT_BIND, say, tell};
use crate::gateway::{Gateway, Limits};
use crate::log;
use crate::settings::{Config, Source};
use reload::Reloader;
use signals::{Signal, Signals};

/// Calls under way at the end get this long, as orchestrators do by default.
const DRAIN_WITHIN: Duration = Duration::from_secs(30);
/// The admin API and the log are quick to end.
const END_WITHIN: Duration = Duration::from_secs(5);
/// How often the settings file is looked at.
const FILE_EVERY: Duration = Duration::from_millis(500);
/// How often due transitions are made without traffic: short for who reads the log, and little
/// work.
const STATES_EVERY: Duration = Duration::from_millis(200);

/// How the daemon is started.
#[derive(Debug)]
pub struct ServeOptions {
    /// Where the settings come from.
    pub source: Source,
    /// Tell the addresses as JSON.
    pub json: bool,
}

/// Runs the daemon until SIGTERM or SIGINT. Returns the exit code: 0 ended in order, 2 bad
/// settings, 3 an address cannot be listened on.
pub async fn run(options: ServeOptions) -> u8 {
    match start(options).await {
        Ok(daemon) => daemon.run().await,
        Err(code) => code,
    }
}

/// The running daemon.
struct Daemon {
    circuits: Arc<Circuits>,
    reloader: Reloader,
    signals: Signals,
    readiness: Readiness,
    gateway: Server,
    admin: Server,
    log: Server,
}

/// A task with the switch that ends it.
struct Server {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    fn spawn<F: Future<Output = ()> + Send + 'static>(
        serve: impl FnOnce(watch::Receiver<bool>) -> F,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self {
            stop,
            task: tokio::spawn(serve(stopped)),
        }
    }

    /// Asks the task to end and waits for it.
    async fn end(&mut self) {
        self.stop.send_replace(true);
        report(&(&mut self.task).await);
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the other half is gone: the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn report(ended: &Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a task broke off");
    }
}

/// Everything up to the point where calls are answered.
async fn start(options: ServeOptions) -> Result<Daemon, u8> {
    let source = options.source;
    let (config, reloader) = Reloader::start(source).map_err(|problems| {
        problems
            .iter()
            .for_each(|problem| tell(&problem.to_string()));
        BAD_INPUT
    })?;
    log::start().map_err(|wrong| refuse(&wrong, BAD_INPUT))?;
    let signals = Signals::listen()
        .map_err(|error| refuse(&format!("cannot listen for signals: {error}"), CANNOT_BIND))?;
    let (gateway_listener, gateway_at) = bind(config.server.listen, "server.listen").await?;
    let (admin_listener, admin_at) = bind(config.server.admin, "server.admin").await?;

    let circuits = Circuits::new(&config).map_err(|error| refuse(&error.to_string(), BAD_INPUT))?;
    let events = circuits.events().subscribe();
    let log = Server::spawn(|stop| log::events(events, stopped(stop)));
    let readiness = Readiness::starting();
    let daemon = Daemon {
        gateway: Server::spawn({
            let gateway = Gateway::new(Arc::clone(&circuits), Limits::default());
            |stop| gateway.serve(gateway_listener, stopped(stop))
        }),
        admin: Server::spawn({
            let source: Arc<dyn fusebox::Source> = Arc::clone(&circuits) as _;
            let router = Admin::new(circuits.registry())
                .source(source)
                .readiness(readiness.clone())
                .router();
            |stop| async move {
                if let Err(error) = admin::serve(router, admin_listener, stopped(stop)).await {
                    tracing::error!(%error, "the admin API broke off");
                }
            }
        }),
        circuits,
        reloader,
        signals,
        readiness,
        log,
    };
    daemon.readiness.set_ready();
    tell_addresses(gateway_at, admin_at, options.json);
    log_start(&config, gateway_at, admin_at);
    Ok(daemon)
}

fn refuse(message: &str, code: u8) -> u8 {
    tell(&format!("fusebox: {message}"));
    code
}

async fn bind(address: SocketAddr, setting: &str) -> Result<(TcpListener, SocketAddr), u8> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        io::Result::Ok((listener, address))
    };
    bound.await.map_err(|error| {
        refuse(
            &format!("cannot listen on {address} ({setting}): {error}"),
            CANNOT_BIND,
        )
    })
}

fn tell_addresses(gateway: SocketAddr, admin: SocketAddr, as_json: bool) {
    let (gateway, admin) = (format!("http://{gateway}"), format!("http://{admin}"));
    if as_json {
        say(&json!({"gateway": gateway, "admin": admin}).to_string());
    } else {
        say(&format!("gateway {gateway}\nadmin {admin}"));
    }
}

fn log_start(config: &Config, gateway: SocketAddr, admin: SocketAddr) {
    let circuits = config.circuits.len();
    tracing::info!(%gateway, %admin, circuits, version = env!("CARGO_PKG_VERSION"), "started");
    if circuits == 0 {
        tracing::warn!("no circuits are set: every call is answered with 404");
    }
}

impl Daemon {
    async fn run(mut self) -> u8 {
        let code = self.until_stopped().await;
        self.end().await;
        code
    }

    /// Works until a signal says stop. The exit code is not 0 if it was not a signal.
    async fn until_stopped(&mut self) -> u8 {
        let mut file = ticks(FILE_EVERY);
        let mut states = ticks(STATES_EVERY);
        loop {
            tokio::select! {
                signal = self.signals.next() => match signal {
                    Signal::Stop => return 0,
                    Signal::Reload => self.reloader.reload(&self.circuits, "SIGHUP").await,
                },
                _ = file.tick() => self.reloader.look(&self.circuits).await,
                _ = states.tick() => look_at_states(&self.circuits),
                () = self.gateway.stop.closed() => {
                    tracing::error!("the gateway broke off");
                    return CANNOT_BIND;
                }
            }
        }
    }

    /// Ends in order, or at once when asked again.
    async fn end(mut self) {
        tracing::info!("draining");
        self.readiness.set_draining();
        self.circuits.begin_shutdown();
        tokio::select! {
            () = self.gateway.end() => tracing::info!("drained"),
            () = self.signals.stop() => tracing::warn!("asked again: calls under way are cut off"),
            () = sleep(DRAIN_WITHIN) => tracing::warn!("calls still under way are cut off"),
        }
        // What is left of it is of no use any more; its connections are closed by this.
        self.gateway.task.abort();
        for server in [&mut self.admin, &mut self.log] {
            tokio::select! {
                () = server.end() => {}
                () = self.signals.stop() => {}
                () = sleep(END_WITHIN) => {}
            }
        }
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Reading a state makes its due transitions, and so their events.
fn look_at_states(circuits: &Circuits) {
    for circuit in circuits.list() {
        circuit.breaker().state();
    }
}
