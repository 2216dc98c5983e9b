//! A connection after both sides agreed to change the protocol (101): bytes both ways, until one
//! ends.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use crate::circuits::Flight;

/// Both ends of a changed connection, before the change is complete.
#[derive(Debug)]
pub(super) struct Tunnel {
    pub(super) client: OnUpgrade,
    pub(super) upstream: OnUpgrade,
    /// Keeps the request in flight while the tunnel stands.
    pub(super) flight: Flight,
}

impl Tunnel {
    /// Carries bytes until both sides have ended, or one broke off. The breaker judged the call at
    /// its head.
    async fn run(self) {
        let Self {
            client,
            upstream,
            flight,
        } = self;
        if let (Ok(client), Ok(upstream)) = tokio::join!(client, upstream) {
            let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
            let _ = copy_bidirectional(&mut client, &mut upstream).await;
        }
        drop(flight);
    }
}

/// Where a request leaves its tunnel for the task of the connection, which runs it when HTTP is
/// over. So the tunnel ends with that task, and counts as a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct TunnelSlot(Arc<Mutex<Option<Tunnel>>>);

impl TunnelSlot {
    pub(super) fn put(&self, tunnel: Tunnel) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tunnel);
    }

    /// Runs the tunnel, if there is one.
    pub(super) async fn run(&self) {
        let tunnel = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(tunnel) = tunnel {
            tunnel.run().await;
        }
    }
}
