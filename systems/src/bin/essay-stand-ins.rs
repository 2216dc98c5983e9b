//! Conductor, content service and AI providers for the essay platform, as a process of their own.
#![allow(clippy::print_stdout)] // says where they listen

use std::error::Error;

use systems::hosting::told_to_end;
use systems::stand_in::essay_services::EssayServices;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let services = EssayServices::start().await?;
    print!("{}", services.told());
    told_to_end().await?;
    Ok(())
}
