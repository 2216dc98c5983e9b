//! From settings to a daemon that answers calls, or to the reason why there is none.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use fusebox_admin::{Admin, Readiness, Tokens};
use fusebox_telemetry::Facts;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

use super::certificate::Renewal;
use super::keeping::Keeping;
use super::relays::Relays;
use super::reload::Reloader;
use super::signals::Signals;
use super::{Daemon, ServeOptions, Server, admin, stopped};
use crate::circuits::{Circuits, QueuesAt};
use crate::cli::{BAD_INPUT, CANNOT_BIND, say, tell};
use crate::gateway::{Gateway, Limits};
use crate::log;
use crate::settings::{Config, ServerSettings};

/// The file of the queues in the data folder.
const QUEUES: &str = "queue.db";

/// Everything up to the point where calls are answered. The error is the exit code; its reason has
/// been told.
pub(super) async fn start(options: ServeOptions) -> Result<Daemon, u8> {
    let (config, reloader) = Reloader::start(options.source).map_err(|problems| {
        problems
            .iter()
            .for_each(|problem| tell(&problem.to_string()));
        BAD_INPUT
    })?;
    log::start().map_err(|wrong| refuse(&wrong, BAD_INPUT))?;
    let signals = Signals::listen()
        .map_err(|error| refuse(&format!("cannot listen for signals: {error}"), CANNOT_BIND))?;
    let access = Access::read(&config.server).map_err(|wrong| refuse(&wrong, BAD_INPUT))?;
    let circuits = open(&config).await?;
    // Before the first event.
    let events = circuits.events().subscribe();
    let log = Server::spawn(|stop| log::events(events, stopped(stop)));

    let keeping = keep(&config, &circuits).await?;

    let (gateway_listener, gateway_at) = bind(config.server.listen, "server.listen").await?;
    let (admin_listener, admin_at) = bind(config.server.admin, "server.admin").await?;
    let readiness = Readiness::starting();
    let mut relays = Relays::default();
    let (router, facts) = {
        let source: Arc<dyn fusebox::Source> = Arc::clone(&circuits) as _;
        Admin::new(circuits.registry())
            .source(source)
            .readiness(readiness.clone())
            .tokens(access.tokens)
            .keeper(keeping.keeper())
            .facts(reloader.outcome())
            .facts(Arc::new(relays.stranded()))
            .metric_names(config.metric_names)
            .queues_when({
                let circuits = Arc::downgrade(&circuits);
                move || circuits.upgrade()?.queues().cloned()
            })
            .relays({
                let relays = relays.watched();
                move || relays.all()
            })
            .router_and_facts()
    };
    let telemetry = send(&config, &circuits, facts)?;
    relays.follow(&circuits);
    let certificate = access.renewal.as_ref().map(Renewal::certificate);
    let daemon = Daemon {
        gateway: Server::spawn({
            let gateway = Gateway::new(Arc::clone(&circuits), Limits::default());
            |stop| gateway.serve(gateway_listener, stopped(stop))
        }),
        admin: Server::spawn(|stop| {
            admin::serve_with(router, admin_listener, certificate, stopped(stop))
        }),
        relays,
        circuits,
        reloader,
        renewal: access.renewal,
        signals,
        readiness,
        keeping,
        telemetry,
        log,
    };
    daemon.readiness.set_ready();
    tell_addresses(&config, gateway_at, admin_at, options.json);
    log_start(&config, gateway_at, admin_at);
    Ok(daemon)
}

/// Who is let in to the admin interface, and by which certificate it is known.
struct Access {
    tokens: Tokens,
    renewal: Option<Renewal>,
}

impl Access {
    /// Both were looked at when the settings were read; the files may have changed since.
    fn read(server: &ServerSettings) -> Result<Self, String> {
        let tokens = Tokens::open(server.tokens_file()).map_err(|error| error.to_string())?;
        let renewal = server.admin_tls.as_ref().map(Renewal::start).transpose();
        Ok(Self {
            tokens,
            renewal: renewal.map_err(|error| error.to_string())?,
        })
    }
}

/// The circuits, with what their queues hold. Off the threads that answer: a disk may take its
/// time.
async fn open(config: &Config) -> Result<Arc<Circuits>, u8> {
    let config = config.clone();
    let opened = spawn_blocking(move || {
        let queues = QueuesAt::file(config.server.data_dir.join(QUEUES))?;
        Circuits::with_queues(&config, queues)
    });
    match opened.await {
        Ok(Ok(circuits)) => Ok(circuits),
        Ok(Err(error)) => {
            let code = if error.is_lasting() {
                BAD_INPUT
            } else {
                CANNOT_BIND
            };
            Err(refuse(&error.to_string(), code))
        }
        Err(error) => Err(refuse(&error.to_string(), CANNOT_BIND)),
    }
}

/// Off the threads that answer: a disk may take its time.
async fn keep(config: &Config, circuits: &Circuits) -> Result<Keeping, u8> {
    let (config, registry) = (config.clone(), circuits.registry().clone());
    let started = spawn_blocking(move || Keeping::start(&config, &registry)).await;
    match started {
        Ok(Ok(keeping)) => Ok(keeping),
        Ok(Err(error)) => Err(refuse(&error.to_string(), error.exit_code())),
        Err(error) => Err(refuse(&error.to_string(), CANNOT_BIND)),
    }
}

/// Sends to a collector, where that is asked for.
#[cfg(feature = "opentelemetry")]
fn send(
    config: &Config,
    circuits: &Arc<Circuits>,
    facts: Arc<dyn Facts>,
) -> Result<Option<Server>, u8> {
    if !config.otlp {
        return Ok(None);
    }
    let otlp = super::otlp::Otlp::start(circuits, facts, config.metric_names)
        .map_err(|error| refuse(&error.to_string(), BAD_INPUT))?;
    Ok(Some(Server::spawn(|stop| otlp.run(stopped(stop)))))
}

/// The settings refuse to ask for it in this build.
#[cfg(not(feature = "opentelemetry"))]
fn send(_: &Config, _: &Arc<Circuits>, _: Arc<dyn Facts>) -> Result<Option<Server>, u8> {
    Ok(None)
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

fn tell_addresses(config: &Config, gateway: SocketAddr, admin: SocketAddr, as_json: bool) {
    let scheme = match config.server.admin_tls {
        Some(_) => "https",
        None => "http",
    };
    let (gateway, admin) = (format!("http://{gateway}"), format!("{scheme}://{admin}"));
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
    if !admin.ip().to_canonical().is_loopback() && config.server.admin_tls.is_none() {
        tracing::warn!(
            %admin,
            "others reach the admin interface, and tokens go there unencrypted: set \
             server.admin_tls, or keep an address that only a proxy with TLS reaches"
        );
    }
}
