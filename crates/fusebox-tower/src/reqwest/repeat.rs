//! Retries of reqwest's requests.

use crate::stack::{Idempotent, Repeat};
use reqwest::Request;

/// As for requests of `http`: the method decides, and a body that is a stream is never sent twice.
impl Repeat<Request> for Idempotent {
    fn copy(&self, request: &Request) -> Option<Request> {
        let again = request.method().is_idempotent();
        again.then(|| request.try_clone()).flatten()
    }
}
