//! The texts of essays, as the content service has them or had them.

use fusebox::{CallError, CircuitBreaker};
use quick_cache::sync::Cache;

use super::clients::{ContentClient, ProtectedContentClient, when_away};
use crate::call::{CallFailed, Client};

/// Texts that are remembered for the time when the content service is away.
const SEEN_MAX: usize = 256;
/// What is longer is not remembered.
const SEEN_BYTES_MAX: usize = 100_000;

/// Reads texts through the circuit of one service.
#[derive(Debug)]
pub(super) struct Texts {
    client: ProtectedContentClient<Client>,
    pub(super) circuit: &'static CircuitBreaker,
    seen: Cache<String, String>,
}

impl Texts {
    pub(super) fn new(client: Client, circuit: &'static CircuitBreaker) -> Self {
        Self {
            client: ProtectedContentClient::new(client, circuit),
            circuit,
            seen: Cache::new(SEEN_MAX),
        }
    }

    /// An essay's text; if the content service is away, as it was last read. A text never changes:
    /// a new one is another essay.
    pub(super) async fn read(&self, essay: &str) -> Result<String, CallFailed> {
        let read = self.client.text(essay).await;
        if let Some(text) = read
            .as_ref()
            .ok()
            .filter(|text| text.len() <= SEEN_BYTES_MAX)
        {
            self.seen.insert(essay.to_owned(), text.clone());
        }
        let seen = when_away("last_text", || self.seen.get(essay));
        Ok(self
            .circuit
            .or_fallback(&seen, read.map_err(CallError::Failed))?)
    }
}
