//! The sprint service: `sprint-service`, set by environment variables (systems/docs/sprint-service.md).
#![allow(clippy::print_stdout)] // says where it listens

use std::error::Error;

use systems::environment::Environment;
use systems::hosting::told_to_end;
use systems::sprint_service::{Addresses, SprintService, SprintSettings};
use systems::stand_in::sprint_services::SprintServices;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let environment = Environment::of_process();
    let settings = SprintSettings::read(&environment)?;
    let (addresses, stand_ins) = match Addresses::read(&environment)? {
        Some(addresses) => (addresses, None),
        None => {
            let stand_ins = SprintServices::start().await?;
            (stand_ins.addresses()?, Some(stand_ins))
        }
    };
    let listen = environment.address(8080)?;
    let registry = fusebox::registry();
    let service = SprintService::start(listen, settings, addresses, registry).await?;
    if let Some(stand_ins) = &stand_ins {
        println!("project-service {}", stand_ins.project.url());
        println!("backlog-service {}", stand_ins.backlog.url());
        println!("chronicle-service {}", stand_ins.chronicle.url());
    }
    println!("sprint-service {}", service.url());
    told_to_end().await?;
    service.end().await;
    Ok(())
}
