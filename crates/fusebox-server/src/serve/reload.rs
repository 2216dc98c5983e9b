//! Reload: all or nothing, at a signal or when the file's content changed.

use std::path::Path;
use std::sync::Arc;

use super::files::Watch;
use super::outcome::ReloadOutcome;
use crate::circuits::{Changed, Circuits, CircuitsError};
use crate::settings::{Config, Problem, Source};

/// Reads the settings anew and hands them to the circuits.
pub(super) struct Reloader {
    source: Source,
    /// What the process was started with, without the circuits.
    started: Config,
    watch: Watch,
    outcome: Arc<ReloadOutcome>,
}

impl Reloader {
    /// Reads the settings for the first time.
    pub(super) fn start(source: Source) -> Result<(Config, Self), Vec<Problem>> {
        // Looked at before it is read: a change in between is seen as one.
        let watch = Watch::begin(source.file().map(Path::to_path_buf));
        let config = source.load()?;
        let started = Config {
            circuits: Vec::new(),
            ..config.clone()
        };
        let reloader = Self {
            source,
            started,
            watch,
            outcome: Arc::new(ReloadOutcome::taken()),
        };
        Ok((config, reloader))
    }

    /// How the last reading went, for the metrics.
    pub(super) fn outcome(&self) -> Arc<ReloadOutcome> {
        Arc::clone(&self.outcome)
    }

    /// Looks at the file, and reloads if it changed.
    pub(super) async fn look(&mut self, circuits: &Circuits) {
        if self.watch.changed().await {
            self.reload(circuits, "the file changed").await;
        }
    }

    /// Reads everything anew. What is wrong is logged, and the settings in force stay.
    pub(super) async fn reload(&mut self, circuits: &Circuits, why: &str) {
        let source = self.source.clone();
        let Some(loaded) = self.watch.act(move || source.load()).await else {
            return;
        };
        let applied = match loaded {
            Ok(config) => circuits.apply(&config).map(|changed| (config, changed)),
            Err(problems) => {
                self.outcome.refuse();
                for problem in &problems {
                    tracing::error!(%problem, "settings refused");
                }
                let problems = problems.len();
                tracing::error!(
                    why,
                    problems,
                    "not reloaded: the settings before stay in force"
                );
                return;
            }
        };
        self.told(why, applied);
    }

    fn told(&self, why: &str, applied: Result<(Config, Changed), CircuitsError>) {
        match applied {
            Ok((config, changed)) => {
                self.outcome.take();
                let (added, removed) = (changed.added.join(","), changed.removed.join(","));
                let changed = changed.changed.join(",");
                tracing::info!(why, added, removed, changed, "reloaded");
                self.warn_of_restart(&config);
            }
            Err(error) => {
                self.outcome.refuse();
                tracing::error!(why, %error, "not reloaded: the settings before stay in force");
            }
        }
    }

    fn warn_of_restart(&self, now: &Config) {
        let (server, before) = (&now.server, &self.started.server);
        let changed = [
            ("server.listen", server.listen != before.listen),
            ("server.admin", server.admin != before.admin),
            ("server.admin_tls", server.admin_tls != before.admin_tls),
            ("server.data_dir", server.data_dir != before.data_dir),
            ("store.kind", now.store != self.started.store),
            (
                "metrics.names",
                now.metric_names != self.started.metric_names,
            ),
            ("telemetry.otlp", now.otlp != self.started.otlp),
        ];
        for (setting, _) in changed.into_iter().filter(|(_, changed)| *changed) {
            tracing::warn!(setting, "a change of this setting needs a restart");
        }
    }
}
