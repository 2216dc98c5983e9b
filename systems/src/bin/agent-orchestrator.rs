//! The agent orchestrator, set by environment variables: systems/docs/agent-orchestrator.md.
#![allow(clippy::print_stdout)] // says where it listens

use fusebox::environment::Variables;
use systems::agent_orchestrator::{AgentOrchestrator, addresses};
use systems::hosting::{listen_on, log_to_stderr, told_to_end};
use systems::kept::Failed;
use systems::stand_in::agent_services::AgentServices;

const DEFAULT_PORT: u16 = 8085;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    log_to_stderr();
    let variables = Variables::of_process().without_empty();
    let (addresses, _stand_ins) = match addresses(&variables)? {
        Some(addresses) => (addresses, None),
        None => {
            let stand_ins = AgentServices::start().await?;
            print!("{}", stand_ins.told());
            (stand_ins.addresses()?, Some(stand_ins))
        }
    };
    let listen = listen_on(&variables, DEFAULT_PORT)?;
    let registry = fusebox::registry();
    let service = AgentOrchestrator::start(listen, &variables, addresses, registry).await?;
    println!("agent-orchestrator listens on {}", service.url());
    told_to_end().await?;
    service.end().await
}
