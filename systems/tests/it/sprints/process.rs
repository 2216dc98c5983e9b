//! The service as a process of its own, to be killed.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use systems::stand_in::sprint_services::SprintServices;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Starting takes a moment on a busy machine.
const STARTS_WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
}

impl Process {
    /// Starts it on the stand-ins and waits until it listens.
    pub(crate) async fn start(services: &SprintServices, data_dir: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sprint-service"))
            .env_clear()
            .env("PORT", "0")
            .env("DATA_DIR", data_dir)
            .env("CALL_TIMEOUT", "1")
            .env("PROJECT_SERVICE_URL", services.project.url())
            .env("BACKLOG_SERVICE_URL", services.backlog.url())
            .env("CHRONICLE_SERVICE_URL", services.chronicle.url())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(STARTS_WITHIN, lines.next_line()).await;
        let line = line.unwrap().unwrap().unwrap();
        let url = line
            .strip_prefix("sprint-service listens on ")
            .unwrap()
            .to_owned();
        Self { child, url }
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
