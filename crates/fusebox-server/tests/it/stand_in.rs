//! Upstreams that behave as they are told to, and count what reaches them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What an upstream does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// 200 with a short body.
    Ok,
    /// 200 with the request's head and body as its body.
    Echo,
    /// This status.
    Fail(u16),
    /// As `Ok`, after a while.
    Slow(Duration),
    /// Reads the request and never answers.
    Hang,
    /// Closes the connection in place of an answer.
    Reset,
    /// Steps of its own.
    Script(Vec<Step>),
}

/// One step of a script. After the last one the connection is closed.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Waits for the test.
    Wait(Arc<Notify>),
    /// Sends back whatever comes, until the end.
    SendBack,
    /// Goes on with the next request of the connection.
    Keep,
}

/// Sends text.
pub(crate) fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

/// An upstream on a free port of the loopback address. Dropped, it is gone, with its connections.
#[derive(Debug)]
pub(crate) struct StandIn {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Seen {
    mode: Mutex<Mode>,
    requests: AtomicU64,
    connections: AtomicU64,
    heads: Mutex<Vec<String>>,
}

/// Only the last heads are kept: an upstream may be asked millions of times.
const HEADS_MAX: usize = 64;

impl StandIn {
    /// An upstream over plain TCP.
    pub(crate) async fn start(mode: Mode) -> Self {
        Self::with_tls(mode, None).await
    }

    /// An upstream over TLS, where there is an acceptor.
    pub(crate) async fn with_tls(mode: Mode, tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen {
            mode: Mutex::new(mode),
            requests: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            heads: Mutex::default(),
        });
        let task = tokio::spawn(listen(listener, Arc::clone(&seen), tls));
        Self {
            address,
            seen,
            task,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it does from the next request on.
    pub(crate) fn turn(&self, mode: Mode) {
        *self.seen.mode.lock().unwrap() = mode;
    }

    /// Requests whose heads arrived.
    pub(crate) fn hits(&self) -> u64 {
        self.seen.requests.load(Ordering::SeqCst)
    }

    /// Connections that were made.
    pub(crate) fn connections(&self) -> u64 {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// The head of the last request.
    pub(crate) fn last_head(&self) -> String {
        self.seen
            .heads
            .lock()
            .unwrap()
            .last()
            .cloned()
            .unwrap_or_default()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The address of a port that nobody listens on: on an address of its own, since a port given back
/// here on the common one may be given to another test.
pub(crate) async fn refusing() -> SocketAddr {
    // Bound and never listening: not even a copy of the socket in a starting process accepts.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.78:0".parse().unwrap()).unwrap();
    socket.local_addr().unwrap()
}

async fn listen(listener: TcpListener, seen: Arc<Seen>, tls: Option<tokio_rustls::TlsAcceptor>) {
    // Aborted with this task.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                stream.set_nodelay(true).unwrap();
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let (seen, tls) = (Arc::clone(&seen), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => converse(stream, &seen).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                converse(stream, &seen).await;
                            }
                        }
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, seen: &Seen) {
    let mut buffer = Vec::new();
    while let Some(head) = read_head(&mut stream, &mut buffer).await {
        seen.requests.fetch_add(1, Ordering::SeqCst);
        {
            let mut heads = seen.heads.lock().unwrap();
            if heads.len() >= HEADS_MAX {
                heads.remove(0);
            }
            heads.push(head.clone());
        }
        let mode = seen.mode.lock().unwrap().clone();
        if let Mode::Script(steps) = mode {
            if play(&mut stream, &steps).await.is_none() {
                return;
            }
            continue;
        }
        let Some(body) = read_body(&mut stream, &mut buffer, &head).await else {
            return;
        };
        let sent = match mode {
            Mode::Ok => answer(&mut stream, 200, b"hello").await,
            Mode::Echo => answer(&mut stream, 200, &[head.as_bytes(), &body].concat()).await,
            Mode::Fail(status) => answer(&mut stream, status, b"out of order").await,
            Mode::Slow(time) => {
                // tidy-allow(sleep): slow on purpose
                tokio::time::sleep(time).await;
                answer(&mut stream, 200, b"hello").await
            }
            Mode::Hang => std::future::pending().await,
            Mode::Reset | Mode::Script(_) => return,
        };
        if sent.is_err() || head.to_ascii_lowercase().contains("\r\nconnection: close") {
            return;
        }
    }
}

async fn play<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, steps: &[Step]) -> Option<()> {
    for step in steps {
        match step {
            Step::Send(bytes) => {
                stream.write_all(bytes).await.ok()?;
                stream.flush().await.ok()?;
            }
            Step::Wait(event) => event.notified().await,
            Step::SendBack => {
                let mut chunk = [0; 1024];
                loop {
                    let read = stream
                        .read(&mut chunk)
                        .await
                        .ok()
                        .filter(|read| *read > 0)?;
                    stream.write_all(&chunk[..read]).await.ok()?;
                    stream.flush().await.ok()?;
                }
            }
            Step::Keep => return Some(()),
        }
    }
    stream.shutdown().await.ok()?;
    None
}

async fn answer<S: AsyncWrite + Unpin>(
    stream: &mut S,
    status: u16,
    body: &[u8],
) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await?;
    stream.flush().await
}

async fn read_head<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = buffer.split_off(end + 4);
            let head = std::mem::replace(buffer, rest);
            return Some(String::from_utf8_lossy(&head).into_owned());
        }
        stream
            .read_buf(buffer)
            .await
            .ok()
            .filter(|read| *read > 0)?;
    }
}

async fn read_body<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut Vec<u8>,
    head: &str,
) -> Option<Vec<u8>> {
    let head = head.to_ascii_lowercase();
    if head.contains("transfer-encoding: chunked") {
        while !buffer.ends_with(b"0\r\n\r\n") {
            stream
                .read_buf(buffer)
                .await
                .ok()
                .filter(|read| *read > 0)?;
        }
        return Some(std::mem::take(buffer));
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    while buffer.len() < length {
        stream
            .read_buf(buffer)
            .await
            .ok()
            .filter(|read| *read > 0)?;
    }
    let rest = buffer.split_off(length);
    Some(std::mem::replace(buffer, rest))
}
