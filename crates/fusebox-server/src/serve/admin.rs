//! The admin listener: bounded in connections and in patience.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::Service as HttpService;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_service::Service;

use super::certificate::Certificate;
use crate::gateway::ClientStream;

/// People, scrapers and scripts of one machine; who comes later waits in the backlog.
const CONNECTIONS_MAX: usize = 256;
/// For the head of a request, and for the time between two requests on one connection.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// Our answers are ready at once; a client that does not read them is left behind.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);
/// Out of file descriptors, accepting fails again at once: wait instead of spinning.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What a client that stops in the middle of a handshake may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// A client that takes no bytes of its answer does not keep its place longer.
const WRITE_STALLED_FOR: Duration = Duration::from_secs(60);
/// The head of a request: far more than a token and a path.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Serves `router` over plain HTTP until `shutdown` resolves, then lets the answers under way
/// finish.
pub async fn serve(router: Router, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    serve_with(router, listener, None, shutdown).await;
}

/// The same, over TLS where there is a certificate.
pub async fn serve_with(
    router: Router,
    listener: TcpListener,
    certificate: Option<Certificate>,
    shutdown: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut shutdown => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                let service = told_of(peer, &router);
                let stream = ClientStream::new(stream, WRITE_STALLED_FOR);
                let watcher = graceful.watcher();
                let acceptor = certificate.as_ref().map(Certificate::acceptor);
                tokio::spawn(async move {
                    let _place = place;
                    match acceptor {
                        None => converse(stream, service, watcher).await,
                        Some(acceptor) => {
                            if let Some(stream) = shake_hands(acceptor, stream).await {
                                converse(stream, service, watcher).await;
                            }
                        }
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the admin listener could not accept");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_WITHIN, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("admin connections were still open at the end");
    }
}

/// `None`: it did not come about in time, or the client does not speak TLS or does not trust us.
async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(
    acceptor: TlsAcceptor,
    stream: S,
) -> Option<TlsStream<S>> {
    match tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "no TLS on an admin connection");
            None
        }
        Err(_) => {
            tracing::debug!("no TLS on an admin connection: the client stopped");
            None
        }
    }
}

/// All requests of one connection.
async fn converse<S, H>(stream: S, service: H, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Answering<Future: Send + 'static>,
{
    let mut http = Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_header_size(HEAD_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "an admin connection broke off");
    }
}

/// A request of a connection, answered.
trait Answering: HttpService<Request<Incoming>, Response = Response, Error = Infallible> {}

impl<T: HttpService<Request<Incoming>, Response = Response, Error = Infallible>> Answering for T {}

/// The router as one connection sees it: every request carries the address of the peer, by which
/// the router knows who may go without a token and whose guesses to count.
fn told_of(peer: SocketAddr, router: &Router) -> impl Answering<Future: Send> + use<> {
    let router = router.clone();
    hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        // A router is always ready.
        router.clone().call(request)
    })
}
