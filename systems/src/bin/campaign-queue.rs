//! The campaign queue, set by environment variables: systems/docs/campaign-queue.md.
#![allow(clippy::print_stdout)] // says where it listens

use fusebox::environment::Variables;
use systems::campaign_queue::{Apis, CampaignQueue, CampaignSettings};
use systems::hosting::{listen_on, log_to_stderr, told_to_end};
use systems::kept::Failed;
use systems::stand_in::third_parties::ThirdParties;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    log_to_stderr();
    let variables = Variables::of_process().without_empty();
    let settings = CampaignSettings::read(&variables)?;
    let (apis, _stand_ins) = match Apis::read(&variables)? {
        Some(apis) => (apis, None),
        None => {
            let stand_ins = ThirdParties::start().await?;
            print!("{}", stand_ins.told());
            (stand_ins.apis()?, Some(stand_ins))
        }
    };
    let listen = listen_on(&variables, 8080)?;
    let service = CampaignQueue::start(listen, settings, apis, fusebox::registry()).await?;
    println!("campaign-queue listens on {}", service.url());
    told_to_end().await?;
    service.end().await
}
