//! `project-service`: its circuit is a decorator around the call.

use fusebox::CircuitBreaker;

use crate::call::{CallFailed, Client};

#[derive(Debug)]
pub(super) struct Projects {
    pub(super) client: Client,
    pub(super) circuit: &'static CircuitBreaker,
}

impl Projects {
    /// Asks for a project. That there is none is an error for the caller and an answer for the
    /// circuit.
    #[fusebox::breaker(self.circuit, classify = self.client.counted)]
    pub(super) async fn find(&self, project: &str) -> Result<(), CallFailed> {
        self.client.get(&format!("/projects/{project}")).await?;
        Ok(())
    }
}
