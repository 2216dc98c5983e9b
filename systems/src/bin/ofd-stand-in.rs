//! The OFD's stand-in as a process of its own: `PORT`, `DATA_DIR`, and `POST /switches`.
#![allow(clippy::print_stdout)] // where it listens is for whoever started it

use std::error::Error;

use systems::environment::Environment;
use systems::hosting::{Hosted, log_to_stderr, told_to_end};
use systems::stand_in::ofd::Ofd;
use systems::stand_in::switches::Switches;

const DEFAULT_PORT: u16 = 8184;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    log_to_stderr();
    let environment = Environment::of_process();
    let ofd = Ofd::open(&environment.data_dir("ofd-stand-in"))?;
    let routes = ofd.router(&Switches::new());
    let hosted = Hosted::start(environment.address(DEFAULT_PORT)?, routes).await?;
    println!("ofd-stand-in listens on {}", hosted.url());

    told_to_end().await?;
    hosted.end().await;
    Ok(())
}
