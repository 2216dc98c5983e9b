//! The texts of essays, as the content service has them or had them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use fusebox::{CallError, CircuitBreaker, fallback_fn};

use super::clients::{ContentClient, ProtectedContentClient, is_away};
use crate::call::{CallFailed, Client};

/// Texts that are remembered for the time when the content service is away.
const SEEN_MAX: usize = 256;

/// Reads texts through the circuit of one service.
#[derive(Debug)]
pub(super) struct Texts {
    client: ProtectedContentClient<Client>,
    seen: Mutex<BTreeMap<String, String>>,
}

impl Texts {
    pub(super) fn new(client: Client, circuit: &'static CircuitBreaker) -> Self {
        Self {
            client: ProtectedContentClient::new(client, circuit),
            seen: Mutex::default(),
        }
    }

    pub(super) fn circuit(&self) -> &'static CircuitBreaker {
        let &circuit = ProtectedContentClient::breaker(&self.client);
        circuit
    }

    /// An essay's text; if the content service is away, as it was last read. A text never changes:
    /// a new one is another essay.
    pub(super) async fn read(&self, essay: &str) -> Result<String, CallFailed> {
        let read = self.client.text(essay).await;
        if let Ok(text) = &read {
            self.remember(essay, text);
        }
        let seen = fallback_fn("last_text", |error: &CallError<CallFailed>| match error {
            CallError::Failed(error) if is_away(error) => self.lock().get(essay).cloned(),
            _ => None,
        });
        let read = read.map_err(CallError::Failed);
        Ok(self.circuit().or_fallback(&seen, read)?)
    }

    fn remember(&self, essay: &str, text: &str) {
        let mut seen = self.lock();
        if seen.len() >= SEEN_MAX && !seen.contains_key(essay) {
            seen.pop_first();
        }
        seen.insert(essay.to_owned(), text.to_owned());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
