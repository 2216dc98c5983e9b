//! The sprint service, set by environment variables: systems/docs/sprint-service.md.
#![allow(clippy::print_stdout)] // says where it listens

use fusebox::environment::Variables;
use systems::hosting::{listen_on, log_to_stderr, told_to_end};
use systems::kept::Failed;
use systems::sprint_service::{Addresses, SprintService, SprintSettings};
use systems::stand_in::sprint_services::SprintServices;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    log_to_stderr();
    let variables = Variables::of_process().without_empty();
    let settings = SprintSettings::read(&variables)?;
    let (addresses, _stand_ins) = match Addresses::read(&variables)? {
        Some(addresses) => (addresses, None),
        None => {
            let stand_ins = SprintServices::start().await?;
            print!("{}", stand_ins.told());
            (stand_ins.addresses()?, Some(stand_ins))
        }
    };
    let listen = listen_on(&variables, 8080)?;
    let service = SprintService::start(listen, settings, addresses, fusebox::registry()).await?;
    println!("sprint-service listens on {}", service.url());
    told_to_end().await?;
    service.end().await
}
