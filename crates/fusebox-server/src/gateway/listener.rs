//! Takes connections, serves each in a task of its own, and drains them at the end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

use super::client_stream::ClientStream;
use super::forward::Forwarder;
use super::tunnel::TunnelSlot;
use super::{Limits, headers};
use crate::circuits::Circuits;

/// After an accept failed for want of file descriptors: trying again at once would only burn the
/// processor.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// The HTTP face of the circuits.
#[derive(Debug)]
pub struct Gateway {
    circuits: Arc<Circuits>,
    limits: Limits,
}

impl Gateway {
    /// A gateway to these circuits.
    #[must_use]
    pub fn new(circuits: Arc<Circuits>, limits: Limits) -> Self {
        Self { circuits, limits }
    }

    /// Serves until `shutdown` is ready, then takes no more connections and returns when the last
    /// request has been answered and the last tunnel has ended.
    ///
    /// # Cancel safety
    /// Dropped, it closes every connection at once. So the caller bounds the drain with a time-out
    /// around it.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let (stop, stopped) = watch::channel(false);
        let places = Arc::new(Semaphore::new(self.limits.connections_max));
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = accept(&listener, &places) => match accepted {
                    Ok(accepted) => {
                        connections.spawn(self.connection(accepted, stopped.clone()));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                    }
                },
                Some(ended) = connections.join_next() => report(ended),
            }
        }
        drop(listener);
        self.circuits.begin_shutdown();
        stop.send_replace(true);
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    }

    fn connection(
        &self,
        accepted: Accepted,
        mut stopped: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let limits = self.limits;
        let tunnel = TunnelSlot::default();
        let forwarder = Arc::new(Forwarder {
            circuits: Arc::clone(&self.circuits),
            client: headers::address(accepted.client.ip().to_canonical()),
            tunnel: tunnel.clone(),
        });
        async move {
            let service = service_fn(move |request| {
                let forwarder = Arc::clone(&forwarder);
                async move { Ok::<_, Infallible>(forwarder.forward(request).await) }
            });
            let io = TokioIo::new(ClientStream::new(accepted.stream, limits.write_stalled_for));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.head_read_for)
                .max_header_size(limits.head_bytes_max)
                .serve_connection(io, service)
                .with_upgrades();
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = async { let _ = stopped.wait_for(|stopped| *stopped).await; } => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, client = %accepted.client, "connection ended");
            }
            tunnel.run().await;
            drop(accepted.place);
        }
    }
}

/// A connection and its place among those allowed at once.
struct Accepted {
    stream: TcpStream,
    client: SocketAddr,
    place: Option<OwnedSemaphorePermit>,
}

/// The next connection, once there is a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<Accepted> {
    // The semaphore is never closed; without a place there would be no limit, and still service.
    let place = Arc::clone(places).acquire_owned().await.ok();
    let (stream, client) = listener.accept().await?;
    // Small answers must not wait for the acknowledgement of those before.
    stream.set_nodelay(true)?;
    Ok(Accepted {
        stream,
        client,
        place,
    })
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the task of a connection failed");
    }
}
