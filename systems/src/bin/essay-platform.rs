//! The essay platform, set by environment variables: systems/docs/essay-platform.md.
#![allow(clippy::print_stdout)] // says where it listens

use fusebox::environment::Variables;
use systems::essay_platform::{Addresses, EssayPlatform};
use systems::hosting::{listen_on, log_to_stderr, told_to_end};
use systems::kept::Failed;
use systems::stand_in::essay_services::EssayServices;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    log_to_stderr();
    let variables = Variables::of_process().without_empty();
    let (addresses, _stand_ins) = match Addresses::read(&variables)? {
        Some(addresses) => (addresses, None),
        None => {
            let stand_ins = EssayServices::start().await?;
            print!("{}", stand_ins.told());
            (stand_ins.addresses()?, Some(stand_ins))
        }
    };
    let listen = listen_on(&variables, 8080)?;
    let registry = fusebox::registry();
    let platform = EssayPlatform::start(listen, &variables, addresses, registry).await?;
    println!("essay-platform listens on {}", platform.url());
    told_to_end().await?;
    platform.end().await
}
