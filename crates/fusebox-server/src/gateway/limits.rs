//! What one client may ask of the gateway.

use std::time::Duration;

/// Bounds on clients. The defaults suit a sidecar and a small gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a request's head; a larger one is answered 431. A single header line of any length
    /// fits.
    pub head_bytes_max: usize,
    /// How long a client may take to send a request's head, also counted while a kept connection is
    /// idle; then it is closed.
    pub head_read_for: Duration,
    /// How long a client may leave bytes of an answer untaken; then it is closed.
    pub write_stalled_for: Duration,
    /// Connections at once; further ones wait to be accepted.
    pub connections_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes_max: 64 * 1024,
            head_read_for: Duration::from_secs(30),
            write_stalled_for: Duration::from_secs(60),
            connections_max: 10_000,
        }
    }
}

impl Limits {
    /// With another time to send a head.
    #[must_use]
    pub fn head_read_for(mut self, time: Duration) -> Self {
        self.head_read_for = time;
        self
    }

    /// With another time to take an answer.
    #[must_use]
    pub fn write_stalled_for(mut self, time: Duration) -> Self {
        self.write_stalled_for = time;
        self
    }

    /// With another number of connections, at least 1.
    #[must_use]
    pub fn connections_max(mut self, connections: usize) -> Self {
        self.connections_max = connections.max(1);
        self
    }
}
