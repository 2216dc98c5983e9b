//! Serves a router on a socket until somebody says that it is enough.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::signal;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing_subscriber::EnvFilter;

/// How long calls under way may take once the end was asked for. Longer than any of them takes in a
/// system that is well; what hangs is cut off.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);

/// A router that is being served. Dropped, it ends as by [`end`](Self::end), and nobody waits.
#[derive(Debug)]
pub struct Hosted {
    address: SocketAddr,
    end: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
}

impl Hosted {
    /// Serves a router; port 0: one that the system chooses. Handlers can ask who calls
    /// (`ConnectInfo<SocketAddr>`), which the admin interface needs.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(at: SocketAddr, router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind(at).await?;
        let address = listener.local_addr()?;
        let (end, ended) = oneshot::channel();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(async {
            // A sender that is gone means the same.
            let _ = ended.await;
        });
        Ok(Self {
            address,
            end,
            serving: tokio::spawn(serving.into_future()),
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as the beginning of a URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no more calls and waits for those under way, for some seconds at most.
    pub async fn end(self) {
        let _ = self.end.send(());
        let _ = timeout(DRAIN_WITHIN, self.serving).await;
    }
}

/// Logs to standard error; `RUST_LOG` says what, by itself what is worth knowing.
pub fn log_to_stderr() {
    let wanted = EnvFilter::try_from_default_env();
    let filter = wanted.unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
}

/// Waits until the process is told to end: by Ctrl-C or by `SIGTERM`.
///
/// # Errors
/// The system does not let signals be heard.
pub async fn told_to_end() -> io::Result<()> {
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
