//! What a call through a protected client can fail with.

use crate::error::BreakerError;

/// Rejected by the breaker, or reqwest's own error.
pub type Error = BreakerError<reqwest::Error>;

/// For what is asked of a response after it came: `client.get(url).send().await?.text().await?`.
impl From<reqwest::Error> for BreakerError<reqwest::Error> {
    fn from(error: reqwest::Error) -> Self {
        Self::Inner(error)
    }
}
