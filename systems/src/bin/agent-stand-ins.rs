//! RAG, rule generation, notifier, VMS and prediction for the agent orchestrator, as a process of
//! their own: for demonstrations that kill the orchestrator.
#![allow(clippy::print_stdout)] // says where they listen

use std::error::Error;

use systems::hosting::told_to_end;
use systems::stand_in::agent_services::AgentServices;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let services = AgentServices::start().await?;
    print!("{}", services.told());
    told_to_end().await?;
    Ok(())
}
