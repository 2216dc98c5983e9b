//! The daemon: gateway and admin together, with signals and reload.
//!
//! It ends in order: no new calls, those under way finish (within 30 s), the admin API
//! answers until then, the log is written out.

pub mod admin;
mod certificate;
mod data_dir;
mod files;
mod keeping;
#[cfg(feature = "opentelemetry")]
mod otlp;
mod outcome;
mod relays;
mod reload;
mod signals;
mod start;
mod stranded;

pub use certificate::Certificate;
pub(crate) use data_dir::make_data_dir;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use fusebox_admin::Readiness;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::circuits::Circuits;
use crate::cli::CANNOT_BIND;
use crate::settings::Source;
use certificate::Renewal;
use keeping::Keeping;
use relays::Relays;
use reload::Reloader;
use signals::{Signal, Signals};

/// Calls under way at the end get this long, as orchestrators do by default.
const DRAIN_WITHIN: Duration = Duration::from_secs(30);
/// The admin API, the store and the log are quick to end; the store's own bound is 5 s.
const END_WITHIN: Duration = Duration::from_secs(6);
/// What the queues were told before is written by then.
const QUEUES_END_WITHIN: Duration = Duration::from_secs(5);
/// How often the settings file is looked at.
const FILE_EVERY: Duration = Duration::from_millis(500);

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
    match start::start(options).await {
        Ok(daemon) => daemon.run().await,
        Err(code) => code,
    }
}

/// The running daemon.
struct Daemon {
    circuits: Arc<Circuits>,
    relays: Relays,
    reloader: Reloader,
    /// Of the admin interface, where it has TLS.
    renewal: Option<Renewal>,
    signals: Signals,
    readiness: Readiness,
    keeping: Keeping,
    gateway: Server,
    admin: Server,
    /// Where something is sent to a collector.
    telemetry: Option<Server>,
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

impl Daemon {
    async fn run(mut self) -> u8 {
        let code = self.until_stopped().await;
        self.end().await;
        code
    }

    /// Works until a signal says stop. The exit code is not 0 if it was not a signal.
    async fn until_stopped(&mut self) -> u8 {
        let mut file = ticks(FILE_EVERY);
        loop {
            tokio::select! {
                signal = self.signals.next() => match signal {
                    Signal::Stop => return 0,
                    Signal::Reload => self.reload("SIGHUP").await,
                },
                _ = file.tick() => self.look_at_files().await,
                () = self.gateway.stop.closed() => {
                    tracing::error!("the gateway broke off");
                    return CANNOT_BIND;
                }
            }
        }
    }

    async fn reload(&mut self, why: &str) {
        self.reloader.reload(&self.circuits, why).await;
        self.relays.follow(&self.circuits);
        if let Some(renewal) = &mut self.renewal {
            renewal.renew(why).await;
        }
    }

    async fn look_at_files(&mut self) {
        self.reloader.look(&self.circuits).await;
        self.relays.follow(&self.circuits);
        if let Some(renewal) = &mut self.renewal {
            renewal.look().await;
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
        // Nobody puts anything into the queues any more.
        let (signals, relays) = (&mut self.signals, self.relays);
        in_time(signals, relays.end()).await;
        // After the last action; and the log last, for it may be told that something was not kept.
        let (signals, keeping) = (&mut self.signals, self.keeping);
        in_time(signals, self.admin.end()).await;
        if let Some(telemetry) = &mut self.telemetry {
            in_time(signals, telemetry.end()).await;
        }
        let queues = self.circuits.queues().cloned();
        let kept = spawn_blocking(move || {
            keeping.close();
            if let Some(Err(error)) = queues.map(|queues| queues.close(QUEUES_END_WITHIN)) {
                tracing::error!(%error, "the queues were not closed in order");
            }
        });
        in_time(signals, async { report(&kept.await) }).await;
        in_time(signals, self.log.end()).await;
    }
}

/// Waits for an end that is quick, unless somebody asks again.
async fn in_time(signals: &mut Signals, end: impl Future<Output = ()>) {
    tokio::select! {
        () = end => {}
        () = signals.stop() => {}
        () = sleep(END_WITHIN) => {}
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
