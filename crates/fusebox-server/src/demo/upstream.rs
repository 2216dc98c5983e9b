//! A real service on a loopback socket that gets well and ill on command.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::script::{Health, Role};
use super::traffic::CLIENT_HEADER;

/// Waiting connections that the kernel keeps for us; the demo's clients never have so many.
const BACKLOG: u32 = 256;

/// A running upstream. Dropping it ends it and its connections.
#[derive(Debug)]
pub(crate) struct Upstream {
    addr: SocketAddr,
    health: watch::Sender<Health>,
    seen: Arc<Seen>,
    _running: JoinSet<()>,
}

/// What arrived, counted by the upstream itself.
#[derive(Debug, Default)]
struct Seen {
    /// Requests of the demo's clients.
    clients: AtomicU64,
    /// Every request, also those of whoever plays with the gateway meanwhile.
    all: AtomicU64,
}

impl Upstream {
    /// Takes a free port and answers on it.
    pub(crate) async fn start(role: Role) -> io::Result<Upstream> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let (health, watched) = watch::channel(Health::Fine);
        let seen = Arc::new(Seen::default());
        let site = Site {
            name: role.circuit,
            addr,
            health: watched,
            seen: Arc::clone(&seen),
        };
        let mut running = JoinSet::new();
        running.spawn(site.run(listener));
        Ok(Upstream {
            addr,
            health,
            seen,
            _running: running,
        })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// From now on it is so.
    pub(crate) fn turn(&self, health: Health) {
        self.health.send_replace(health);
    }

    /// Requests of the demo's clients that arrived here.
    pub(crate) fn seen(&self) -> u64 {
        self.seen.clients.load(Relaxed)
    }
}

/// The port of an upstream.
enum Door {
    Listening(TcpListener),
    /// Bound, so that nobody else gets the port, but not listening: the kernel refuses every
    /// connection.
    Shut(TcpSocket),
}

#[derive(Clone)]
struct Site {
    name: &'static str,
    addr: SocketAddr,
    health: watch::Receiver<Health>,
    seen: Arc<Seen>,
}

impl Site {
    async fn run(mut self, listener: TcpListener) {
        let mut door = Door::Listening(listener);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                changed = self.health.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let down = *self.health.borrow_and_update() == Health::Down;
                    door = match (door, down) {
                        (Door::Listening(listener), true) => {
                            drop(listener);
                            connections.shutdown().await;
                            Door::Shut(reserve(self.addr).await)
                        }
                        (Door::Shut(socket), false) => open_again(socket, self.addr).await,
                        (door, _) => door,
                    };
                }
                stream = accept(&door) => {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(self.clone().serve(stream));
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn serve(self, stream: TcpStream) {
        let service = service_fn(|request| self.clone().answer(request));
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(30))
            .serve_connection(TokioIo::new(stream), service);
        // An error here is a connection that ended; the gateway saw it too, and tells.
        let _ = serving.await;
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let turn = self.seen.all.fetch_add(1, Relaxed);
        if request.headers().contains_key(CLIENT_HEADER) {
            self.seen.clients.fetch_add(1, Relaxed);
        }
        let health = *self.health.borrow();
        // Some work, a little more for some calls than for others.
        let work = Duration::from_millis(2 + turn * 7 % 11);
        let wait = match health {
            Health::Slow(time) => time,
            _ => work,
        };
        // Steps of 7 spread the bad ones among the ten.
        let status = match health {
            Health::Faulty { of_ten } if turn * 7 % 10 < of_ten => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            _ => StatusCode::OK,
        };
        tokio::time::sleep(wait).await;
        let body = format!(
            "{{\"service\":\"{}\",\"request\":{},\"ok\":{}}}\n",
            self.name,
            turn + 1,
            status.is_success()
        );
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        let json = header::HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        Ok(response)
    }
}

async fn accept(door: &Door) -> TcpStream {
    let Door::Listening(listener) = door else {
        return std::future::pending().await;
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // Out of file descriptors, most likely: give others time to close theirs.
            Err(_) => tokio::time::sleep(PATIENCE).await,
        }
    }
}

/// Between tries to get a port back.
const PATIENCE: Duration = Duration::from_millis(20);

/// Holds the port without listening on it.
async fn reserve(addr: SocketAddr) -> TcpSocket {
    loop {
        let bound = TcpSocket::new_v4().and_then(|socket| {
            socket.set_reuseaddr(true)?;
            socket.bind(addr)?;
            Ok(socket)
        });
        match bound {
            Ok(socket) => return socket,
            Err(_) => tokio::time::sleep(PATIENCE).await,
        }
    }
}

async fn open_again(mut socket: TcpSocket, addr: SocketAddr) -> Door {
    loop {
        match socket.listen(BACKLOG) {
            Ok(listener) => return Door::Listening(listener),
            Err(_) => {
                tokio::time::sleep(PATIENCE).await;
                socket = reserve(addr).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::script::CAST;

    async fn connects(addr: SocketAddr) -> Result<TcpStream, io::ErrorKind> {
        TcpStream::connect(addr).await.map_err(|error| error.kind())
    }

    /// Asks until the answer is the wanted one; the turn itself is done by another task.
    async fn until(addr: SocketAddr, refused: bool) {
        let asking = async {
            loop {
                let answer = connects(addr).await;
                if refused == matches!(answer, Err(io::ErrorKind::ConnectionRefused)) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), asking)
            .await
            .expect("the port turned");
    }

    #[tokio::test]
    async fn dead_upstream_refuses_and_cuts_and_comes_back_on_the_same_port() {
        let upstream = Upstream::start(CAST[0]).await.unwrap();
        let kept = connects(upstream.addr()).await.unwrap();
        upstream.turn(Health::Down);
        until(upstream.addr(), true).await;
        kept.readable().await.unwrap();
        let read = kept.try_read(&mut [0; 8]);
        assert!(
            matches!(read, Ok(0) | Err(_)),
            "the old connection ended: {read:?}"
        );
        upstream.turn(Health::Fine);
        until(upstream.addr(), false).await;
    }
}
