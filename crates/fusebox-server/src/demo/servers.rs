//! What listens: gateways, admin interfaces and pages, on ports that the system chooses.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use fusebox_admin::Admin;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::circuits::Circuits;
use crate::gateway::{self, Gateway};
use crate::serve::admin;

/// A gateway has nothing to finish once the demo's clients have their answers, but somebody else
/// may be calling.
const CLOSING: Duration = Duration::from_secs(2);

/// Servers of one life. Dropped, they are gone with their connections.
#[derive(Debug)]
pub(super) struct Servers {
    running: JoinSet<()>,
    close: watch::Sender<bool>,
}

impl Servers {
    pub(super) fn new() -> Servers {
        Servers {
            running: JoinSet::new(),
            close: watch::Sender::new(false),
        }
    }

    /// A gateway to these circuits, as `fusebox serve` has it.
    pub(super) async fn gateway(&mut self, circuits: &Arc<Circuits>) -> io::Result<SocketAddr> {
        let (listener, address) = listen().await?;
        let gateway = Gateway::new(Arc::clone(circuits), gateway::Limits::default());
        let closed = self.closed();
        self.running.spawn(gateway.serve(listener, closed));
        Ok(address)
    }

    /// The admin interface of these circuits, as `fusebox serve` has it. If it breaks, the demo
    /// goes on; a curl to it says what is wrong.
    pub(super) async fn admin(&mut self, circuits: &Arc<Circuits>) -> io::Result<SocketAddr> {
        let source: Arc<dyn fusebox::Source> = Arc::clone(circuits) as _;
        let router = Admin::new(circuits.registry()).source(source).router();
        let (listener, address) = listen().await?;
        self.routes(router, listener);
        Ok(address)
    }

    /// Any routes, served as those of the admin interface.
    pub(super) fn routes(&mut self, router: Router, listener: TcpListener) {
        let closed = self.closed();
        self.running.spawn(admin::serve(router, listener, closed));
    }

    /// Resolves when it is time to end.
    pub(super) fn closed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut close = self.close.subscribe();
        async move {
            // An error means that the demo is gone: the same.
            let _ = close.wait_for(|close| *close).await;
        }
    }

    /// Closes all of them.
    pub(super) async fn close(mut self) {
        self.close.send_replace(true);
        let all = async { while self.running.join_next().await.is_some() {} };
        // Whoever still calls by hand is cut off when the set is dropped.
        let _ = timeout(CLOSING, all).await;
    }
}

/// A free port of the loopback address.
pub(super) async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    listen_at(0).await
}

/// This port of it.
pub(super) async fn listen_at(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
