//! `apollo` and `perplexity` for the campaign queue, as a process of their own.
#![allow(clippy::print_stdout)] // says where they listen

use std::error::Error;

use systems::hosting::told_to_end;
use systems::stand_in::third_parties::ThirdParties;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let apis = ThirdParties::start().await?;
    print!("{}", apis.told());
    told_to_end().await?;
    Ok(())
}
