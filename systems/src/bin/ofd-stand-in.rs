//! The OFD's stand-in as a process of its own: `PORT`, `DATA_DIR`, and `POST /switches`.
#![allow(clippy::print_stdout)] // where it listens is for whoever started it

use std::error::Error;

use fusebox::environment::Variables;
use systems::hosting::{Hosted, data_dir, listen_on, log_to_stderr, told_to_end};
use systems::stand_in::ofd::Ofd;
use systems::stand_in::switches::Switches;

const DEFAULT_PORT: u16 = 8184;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    log_to_stderr();
    let variables = Variables::of_process().without_empty();
    let ofd = Ofd::open(&data_dir(&variables, "ofd-stand-in")?)?;
    let routes = ofd.router(&Switches::new());
    let hosted = Hosted::start(listen_on(&variables, DEFAULT_PORT)?, routes).await?;
    println!("ofd-stand-in listens on {}", hosted.url());

    told_to_end().await?;
    hosted.end().await;
    Ok(())
}
