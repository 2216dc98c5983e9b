//! The sprint service, set by environment variables: systems/docs/sprint-service.md.
#![allow(clippy::print_stdout)] // says where it listens

use std::error::Error;

use systems::environment::Environment;
use systems::hosting::told_to_end;
use systems::sprint_service::{Addresses, SprintService, SprintSettings};
use systems::stand_in::sprint_services::SprintServices;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
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
    let stand_ins_told = stand_ins.as_ref().map(SprintServices::told);
    let told = stand_ins_told.unwrap_or_default();
    println!("{told}sprint-service listens on {}", service.url());
    told_to_end().await?;
    service.end().await;
    Ok(())
}
