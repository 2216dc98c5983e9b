//! A gateway in this process, and a plain client to ask it with.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fusebox_server::circuits::upstream::Tls;
use fusebox_server::circuits::{Circuit, Circuits, QueuesAt};
use fusebox_server::gateway::{Gateway, Limits};
use fusebox_server::settings::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Nothing that a test waits for takes longer, not on a busy machine either.
pub(crate) const BOUND: Duration = Duration::from_secs(20);

/// A gateway that serves. Dropped, it closes everything at once.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) circuits: Arc<Circuits>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

pub(crate) fn config(text: &str) -> Config {
    let parsed = Config::parse(text, "test.toml", std::iter::empty());
    parsed.unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"))
}

/// One circuit `rag` to this upstream, with more lines for it.
pub(crate) fn rag(url: &str, more: &str) -> String {
    format!("[circuits.rag]\nupstream = \"{url}\"\n{more}\n")
}

impl House {
    pub(crate) async fn start(text: &str) -> Self {
        Self::start_with(text, Limits::default(), Tls::default()).await
    }

    pub(crate) async fn start_with(text: &str, limits: Limits, tls: Tls) -> Self {
        let circuits = Circuits::with_tls(&config(text), tls).unwrap();
        Self::over(circuits, limits).await
    }

    /// With its queues in this file.
    pub(crate) async fn start_in(text: &str, file: PathBuf) -> Self {
        let queues = QueuesAt::file(file).unwrap();
        let circuits = Circuits::with_queues(&config(text), queues).unwrap();
        Self::over(circuits, Limits::default()).await
    }

    async fn over(circuits: Arc<Circuits>, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let gateway = Gateway::new(Arc::clone(&circuits), limits);
        let served = tokio::spawn(gateway.serve(listener, async {
            let _ = stopped.await;
        }));
        Self {
            address,
            circuits,
            stop: Some(stop),
            served,
        }
    }

    pub(crate) fn rag(&self) -> Arc<Circuit> {
        self.circuits.get("rag").unwrap()
    }

    /// Begins to drain.
    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits for the end of the drain.
    pub(crate) async fn stopped(&mut self) {
        within(&mut self.served).await.unwrap();
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        within(TcpStream::connect(self.address)).await.unwrap()
    }

    /// Sends bytes on a connection of their own and reads what comes until the end.
    pub(crate) async fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect().await;
        // The gateway may answer and close before it has read all.
        let _ = stream.write_all(request).await;
        let mut all = Vec::new();
        let _ = within(stream.read_to_end(&mut all)).await;
        Answer::parse(&all)
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let length = body.len();
        let lines = "host: gateway.example\r\nconnection: close\r\n";
        let text =
            format!("{method} {path} HTTP/1.1\r\n{lines}content-length: {length}\r\n\r\n{body}");
        self.raw(text.as_bytes()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.raw(get(path, "").as_bytes()).await
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// A GET on a connection of its own, with more header lines.
pub(crate) fn get(path: &str, lines: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: gateway.example\r\nconnection: close\r\n{lines}\r\n")
}

/// Waits for something that must come.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(BOUND, future)
        .await
        .expect("it came within the bound")
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = tokio::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < BOUND, "not within the bound: {what}");
        // tidy-allow(sleep): the bounded wait itself looks at its condition again and again
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Reads until the text has come, and gives all that was read.
pub(crate) async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut all = Vec::new();
    while !String::from_utf8_lossy(&all).contains(text) {
        let read = within(stream.read_buf(&mut all)).await.unwrap();
        assert!(
            read > 0,
            "ended before {text:?}: {}",
            String::from_utf8_lossy(&all)
        );
    }
    String::from_utf8(all).unwrap()
}

/// What a client got.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        Self {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// The one value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.head.lines().skip(1).filter_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        let value = values.next();
        assert!(
            values.next().is_none(),
            "{name} is there twice: {}",
            self.head
        );
        value
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
