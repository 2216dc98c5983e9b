//! `project-service`, `backlog-service` and `chronicle-service` for the sprint service, as a
//! process of their own: for demonstrations that kill the sprint service.
#![allow(clippy::print_stdout)] // says where they listen

use std::error::Error;

use systems::hosting::told_to_end;
use systems::stand_in::sprint_services::SprintServices;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let services = SprintServices::start().await?;
    print!("{}", services.told());
    told_to_end().await?;
    Ok(())
}
