//! The admin listener: bounded in connections and in patience.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_service::Service;

/// People, scrapers and scripts of one machine; who comes later waits in the backlog.
const CONNECTIONS_MAX: usize = 256;
/// For the head of a request, and for the time between two requests on one connection.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// Our answers are ready at once; a client that does not read them is left behind.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);
/// Out of file descriptors, accepting fails again at once: wait instead of spinning.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Serves `router` until `shutdown` resolves, then lets the answers under way finish.
///
/// # Errors
/// None at present: a listener that cannot accept is tried again.
pub async fn serve(
    router: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut http = Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN);
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
                let connection = http.serve_connection(TokioIo::new(stream), service);
                let connection = graceful.watch(connection);
                tokio::spawn(async move {
                    let _place = place;
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "an admin connection broke off");
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
    Ok(())
}

/// The router as one connection sees it: every request carries the address of the peer, by which
/// the router knows who may go without a token and whose guesses to count.
fn told_of(
    peer: SocketAddr,
    router: &Router,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = Infallible,
    Future: Send,
> + use<> {
    let router = router.clone();
    hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        // A router is always ready.
        router.clone().call(request)
    })
}
