//! The fiscal adapter. Without `OFD_URL` it starts a stand-in of the OFD; for the other variables
//! see [`Settings`].
#![allow(clippy::print_stdout)] // where it listens is for whoever started it

use fusebox::environment::Variables;
use systems::fiscal_adapter::{Adapter, Settings};
use systems::hosting::{Hosted, listen_on, log_to_stderr, told_to_end};
use systems::kept::Failed;
use systems::stand_in::ofd::Ofd;
use systems::stand_in::switches::Switches;

const DEFAULT_PORT: u16 = 8084;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    log_to_stderr();
    let variables = Variables::of_process().without_empty();
    let settings = Settings::from_environment(&variables)?;
    let (ofd, stand_in) = match &settings.ofd_url {
        Some(url) => (url.clone(), None),
        None => {
            let documents = Ofd::open(&settings.data_dir.join("ofd"))?;
            let routes = documents.router(&Switches::new());
            let hosted = Hosted::start(([127, 0, 0, 1], 0).into(), routes).await?;
            (hosted.url().parse()?, Some(hosted))
        }
    };
    println!("OFD: {ofd}");
    let adapter = Adapter::start(&settings, ofd)?;
    let hosted = Hosted::start(listen_on(&variables, DEFAULT_PORT)?, adapter.router()).await?;
    println!("fiscal-adapter listens on {}", hosted.url());

    told_to_end().await?;
    hosted.end().await;
    adapter.end().await?;
    if let Some(stand_in) = stand_in {
        stand_in.end().await;
    }
    Ok(())
}
