//! The arena: a page on which upstreams are broken on purpose, and what becomes of their users with
//! breakers and without.
//!
//! Five systems run twice, side by side: with breakers, and with every circuit held in `disabled`.
//! Each copy has upstreams of its own on loopback sockets and a real gateway in front of them, with
//! the same settings (`arena.toml`). One clock of beats sends the same users to both at the same
//! instants, and a fault begins in both at once; so the breakers are the only difference. The score
//! is what the clients counted, and the upstreams count for themselves.
//!
//! What is counted, and how:
//!
//! - A user is *answered* with all that he came for, or *degraded*: with a fallback or another
//!   provider's answer. Everyone else failed.
//! - A call is *wasted* that was sent to an upstream with a fault, and failed.
//! - A *cascade* is a user who failed though nothing that he needed was in trouble since he came;
//!   trouble lasts from the begin of a fault to the recovery from it.
//! - An upstream has *recovered* with the third user in a row whom it answered after its fault;
//!   the time counts from the fault's end, and only where any user had felt the fault.

mod book;
mod cast;
mod course;
mod document;
mod fault;
mod ground;
mod http;
mod journal;
mod score;
#[cfg(test)]
mod tests;
mod trouble;
mod twin;
mod visit;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::error::DemoError;
use super::servers::{Servers, listen, listen_at};
use ground::Ground;
pub(crate) use score::Score;
use twin::{Side, Twin};

/// Where the page is if nobody says otherwise: always there, so that one that is still open goes on
/// when the demo is started again. Beside the admin interface's 9797.
pub(crate) const PORT: u16 = 9799;

/// The running arena. Dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Arena {
    address: SocketAddr,
    ground: Arc<Ground>,
    servers: Servers,
    players: JoinSet<()>,
    rest: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Arena {
    /// Starts everything. Users are already coming when this returns.
    ///
    /// `port`: where the page is to be; [`PORT`] where none is named, or any that is free if that
    /// is taken.
    ///
    /// # Errors
    /// No port could be had, or not the one that is named.
    pub(crate) async fn start(port: Option<u16>) -> Result<Arena, DemoError> {
        let mut servers = Servers::new();
        let with = Twin::start(Side::With, &mut servers).await?;
        let without = Twin::start(Side::Without, &mut servers).await?;
        let console = servers.admin(&with.circuits).await;
        let console = console.map_err(DemoError::Listen)?;
        let events = with.circuits.events().subscribe();
        let ground = Arc::new(Ground::new(with, without, console));

        let (listener, address) = page_listener(port).await?;
        let (latest, read) = watch::channel(Bytes::new());
        servers.routes(http::routes(Arc::clone(&ground), read), listener);
        let (rest, resting) = watch::channel(false);
        let mut players = JoinSet::new();
        players.spawn(Arc::clone(&ground).play(resting));
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&ground).listen(events));
        tasks.spawn(http::report(Arc::clone(&ground), latest));
        Ok(Arena {
            address,
            ground,
            servers,
            players,
            rest,
            tasks,
        })
    }

    /// Where the page is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it came to so far, with breakers and without.
    pub(crate) fn scores(&self) -> [Score; 2] {
        let both = self.ground.both();
        [&self.ground.with, &self.ground.without]
            .map(|twin| Score::of(&twin.book(), both.answered(twin.side)))
    }

    /// No new users; waits until the last has left.
    #[cfg(test)]
    async fn rest(&mut self) {
        self.rest.send_replace(true);
        while self.players.join_next().await.is_some() {}
    }

    /// Closes everything.
    pub(crate) async fn close(mut self) {
        self.rest.send_replace(true);
        // Streams end with their source.
        self.tasks.shutdown().await;
        self.players.shutdown().await;
        self.servers.close().await;
        drop(self.ground);
    }
}

async fn page_listener(port: Option<u16>) -> Result<(TcpListener, SocketAddr), DemoError> {
    match port {
        Some(port) => {
            let listener = listen_at(port).await;
            listener.map_err(|error| DemoError::Port(port, error))
        }
        None => match listen_at(PORT).await {
            Ok(listener) => Ok(listener),
            Err(_) => listen().await.map_err(DemoError::Listen),
        },
    }
}
