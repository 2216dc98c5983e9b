//! A real service on a loopback socket that gets well and ill on command.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::health::Health;
use super::seen::{Ledger, Seen};
use super::traffic::KEY_HEADER;

/// What a broken service answers.
const BROKEN: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;

/// Waiting connections that the kernel keeps for us; the demo's clients never have so many.
const BACKLOG: u32 = 256;

/// A running upstream. Dropping it ends it and its connections.
#[derive(Debug)]
pub(crate) struct Upstream {
    addr: SocketAddr,
    health: watch::Sender<Health>,
    ledger: Arc<Ledger>,
    _running: JoinSet<()>,
}

impl Upstream {
    /// Takes a free port and answers on it.
    pub(crate) async fn start(name: &'static str) -> io::Result<Upstream> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let (health, watched) = watch::channel(Health::Fine);
        let ledger = Arc::new(Ledger::default());
        let site = Site {
            name,
            addr,
            health: watched,
            ledger: Arc::clone(&ledger),
        };
        let mut running = JoinSet::new();
        running.spawn(site.run(listener));
        Ok(Upstream {
            addr,
            health,
            ledger,
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
    pub(crate) fn seen(&self) -> Seen {
        self.ledger.seen()
    }

    /// From now on it counts the requests of this round, from zero.
    pub(crate) fn begin_round(&self, number: u64) {
        self.ledger.begin(number);
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
    ledger: Arc<Ledger>,
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
        let arrival = self.ledger.arrived(request.headers());
        let health = *self.health.borrow();
        let turn = arrival.turn;
        // Some work, a little more for some calls than for others.
        let work = Duration::from_millis(2 + turn * 7 % 11);
        let (wait, status) = match health {
            // Until the client leaves, or the service is killed.
            Health::Hang => return std::future::pending().await,
            Health::Slow(time) => (time, StatusCode::OK),
            Health::TooMany => (work, StatusCode::TOO_MANY_REQUESTS),
            Health::Shard(key) if is_for(&request, key) => (work, BROKEN),
            // Steps of 7 spread the bad ones among the ten.
            Health::Faulty { of_ten } if turn * 7 % 10 < of_ten => (work, BROKEN),
            Health::Faulty { .. } | Health::Shard(_) | Health::Fine | Health::Down => {
                (work, StatusCode::OK)
            }
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
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if status == StatusCode::TOO_MANY_REQUESTS {
            let a_second = HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, a_second);
        }
        if status.is_success() {
            arrival.answered_well();
        }
        Ok(response)
    }
}

fn is_for(request: &Request<Incoming>, key: &str) -> bool {
    let named = request.headers().get(KEY_HEADER);
    named.is_some_and(|named| named.as_bytes() == key.as_bytes())
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
    use crate::demo::traffic::{self, CLIENT_HEADER, FIRST_ROUND};

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
        let upstream = Upstream::start(CAST[0].circuit).await.unwrap();
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

    /// Asks with this key; none if there is no answer within the time.
    async fn asked(upstream: &Upstream, key: &str, within: Duration) -> Option<Response<()>> {
        let request = Request::post(format!("http://{}/", upstream.addr()))
            .header(CLIENT_HEADER, FIRST_ROUND)
            .header(KEY_HEADER, key)
            .body(Full::default())
            .unwrap();
        let client = traffic::client();
        let answer = traffic::whole_answer(&client, request);
        let answer = tokio::time::timeout(within, answer).await.ok()?;
        answer.map(|head| Response::from_parts(head, ()))
    }

    const LONG: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn sick_upstream_answers_as_its_sickness_says_and_counts_it() {
        let upstream = Upstream::start(CAST[0].circuit).await.unwrap();
        let mut badly = 0;
        for (health, key, status) in [
            (Health::Fine, "a", 200),
            (Health::Faulty { of_ten: 10 }, "a", 500),
            (Health::TooMany, "a", 429),
            (Health::Shard("b"), "a", 200),
            (Health::Shard("b"), "b", 500),
            (Health::Fine, "b", 200),
        ] {
            upstream.turn(health);
            let answer = asked(&upstream, key, LONG).await.expect("an answer");
            assert_eq!(answer.status(), status, "{health:?} {key}");
            badly += u64::from(status != 200);
            assert_eq!(upstream.seen().answered_badly, badly);
            let wait = answer.headers().get(header::RETRY_AFTER);
            let wait = wait.map(HeaderValue::as_bytes);
            assert_eq!(wait, (status == 429).then_some(b"1".as_slice()));
        }
        assert_eq!(upstream.seen().arrived, 6);
    }

    #[tokio::test]
    async fn slow_upstream_takes_its_time_and_hanging_one_never_answers() {
        let upstream = Upstream::start(CAST[0].circuit).await.unwrap();
        let slow = Duration::from_millis(150);
        upstream.turn(Health::Slow(slow));
        let began = tokio::time::Instant::now();
        assert_eq!(asked(&upstream, "a", LONG).await.unwrap().status(), 200);
        assert!(began.elapsed() >= slow);
        upstream.turn(Health::Hang);
        assert!(asked(&upstream, "a", slow).await.is_none());
        assert_eq!(upstream.seen().arrived, 2, "it took the request");
        upstream.turn(Health::Fine);
        assert_eq!(asked(&upstream, "a", LONG).await.unwrap().status(), 200);
    }
}
