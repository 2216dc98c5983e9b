//! A program around a router: where it listens, what it logs, when it ends.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::http::Uri;
use fusebox::environment::{EnvironmentError, Variables};
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
        let listener = TcpListener::bind(at).await.map_err(|error| {
            let told = format!("cannot listen on {at}: {error}");
            io::Error::new(error.kind(), told)
        })?;
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

/// Where to listen: `HOST` (127.0.0.1 if it is not set) and `PORT` (or `default_port`; 0: one that
/// the system chooses).
///
/// # Errors
/// One of them is wrong.
pub fn listen_on(
    variables: &Variables<'_>,
    default_port: u16,
) -> Result<SocketAddr, EnvironmentError> {
    let host = variables.read("HOST", "an IP address", |text| text.parse().ok())?;
    let port = variables.read("PORT", "a port, 0 to 65535", |text| text.parse().ok())?;
    let host: IpAddr = host.unwrap_or(Ipv4Addr::LOCALHOST.into());
    Ok((host, port.unwrap_or(default_port)).into())
}

/// The folder for what is kept: `DATA_DIR`, or `data/<system>` in the current folder.
///
/// # Errors
/// It is no Unicode.
pub fn data_dir(variables: &Variables<'_>, system: &str) -> Result<PathBuf, EnvironmentError> {
    let given = variables.read("DATA_DIR", "a folder", |text| Some(text.into()))?;
    Ok(given.unwrap_or_else(|| PathBuf::from("data").join(system)))
}

/// The address of a service that is called: `http://host:port`, perhaps with a path.
pub fn http_url(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let is_one = uri.scheme_str() == Some("http") && uri.query().is_none();
    is_one.then_some(uri)
}

/// Where the services are that a system calls, by a variable for each. `None`: none is set, and
/// the system is to run with its stand-ins.
///
/// # Errors
/// One is wrong, or only some are set: a service that someone forgot is no stand-in.
pub fn addresses<const N: usize>(
    variables: &Variables<'_>,
    names: [&str; N],
) -> Result<Option<[Uri; N]>, EnvironmentError> {
    let allowed = "an address like http://host:port, for all services or for none";
    let mut given = Vec::new();
    for name in names {
        given.extend(variables.read(name, allowed, http_url)?);
    }
    if given.is_empty() {
        return Ok(None);
    }
    for name in names {
        variables.required(name, allowed, http_url)?;
    }
    // As many as names: each is set.
    Ok(given.try_into().ok())
}

/// Logs to standard error; `RUST_LOG` says what, by itself what is worth knowing. Not what `genai`
/// says, which is what AI providers say.
pub fn log_to_stderr() {
    let wanted = EnvFilter::try_from_default_env();
    let filter = wanted.unwrap_or_else(|_| EnvFilter::new("info,genai=off"));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> Variables<'static> {
        Variables::from_iter([(name, value)])
    }

    #[test]
    fn it_listens_on_loopback_unless_it_is_told_otherwise() {
        let address = listen_on(&set("OTHER", "1"), 8080);
        assert_eq!(address, Ok(([127, 0, 0, 1], 8080).into()));
        let address = listen_on(&set("HOST", "0.0.0.0"), 8080);
        assert_eq!(address, Ok(([0, 0, 0, 0], 8080).into()));
        for wrong in [set("HOST", "everywhere"), set("PORT", "80800")] {
            assert!(listen_on(&wrong, 8080).is_err());
        }
    }

    #[test]
    fn what_is_called_has_an_address_with_http() {
        assert!(http_url("http://ofd.example:81/api").is_some());
        for wrong in [
            "/no/host",
            "ofd.example",
            "https://ofd.example",
            "http://a/?b=c",
        ] {
            assert_eq!(http_url(wrong), None, "{wrong}");
        }
    }
}
