//! Ctrl-Z: the shell must get its terminal back, so the stop waits until the screen has been left.

use std::io;

/// Listens from the moment it is made.
#[derive(Debug)]
pub(super) struct Suspend {
    #[cfg(unix)]
    stop: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Suspend {
    pub(super) fn listen() -> io::Result<Suspend> {
        use tokio::signal::unix::{SignalKind, signal};
        let kind = SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw());
        Ok(Suspend {
            stop: signal(kind)?,
        })
    }

    /// Returns at the next Ctrl-Z. Cancel safe.
    pub(super) async fn asked(&mut self) {
        self.stop.recv().await;
    }
}

/// Stops this process until somebody sends it the signal to go on.
#[cfg(unix)]
pub(super) fn stop() {
    use rustix::process::{Signal, getpid, kill_process};
    // A process may always signal itself; if it could not, it would just go on.
    let _ = kill_process(getpid(), Signal::STOP);
}

#[cfg(not(unix))]
impl Suspend {
    pub(super) fn listen() -> io::Result<Suspend> {
        Ok(Suspend {})
    }

    pub(super) async fn asked(&mut self) {
        std::future::pending().await
    }
}

#[cfg(not(unix))]
pub(super) fn stop() {}
