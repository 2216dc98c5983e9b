//! The commands that ask a daemon, or any service that mounts the admin interface.
//!
//! Where it is says `FUSEBOX_URL`; who asks says the token in `FUSEBOX_TOKEN`, or in the file that
//! `FUSEBOX_TOKEN_FILE` names. Everything that comes from there may have been written by others:
//! nothing of it reaches a terminal before [`plain`] has made it harmless.

mod act;
mod audit;
mod credentials;
mod dead;
mod detail;
mod events;
mod main_breaker;
mod nearby;
mod pages;
mod path;
mod plain;
pub(super) mod queue;
mod service;
mod shape;
mod status;
pub(super) mod table;
mod trouble;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{say, tell};
use service::Service;
use trouble::Trouble;

pub(super) const WHERE: &str = "Environment: FUSEBOX_URL is where to ask (default \
    http://127.0.0.1:9797; a \
    path as in http://host/fusebox is kept), FUSEBOX_TOKEN or the file FUSEBOX_TOKEN_FILE is who \
    asks, FUSEBOX_CA_FILE (PEM) is an authority to trust for https.";

/// The commands that need a daemon.
#[derive(Debug, Subcommand)]
pub(super) enum ClientCommand {
    /// Show the circuits, or one of them in detail
    #[command(after_help = WHERE)]
    Status(status::Status),
    /// Open a circuit once; it goes on from there (use `hold` to keep it open)
    #[command(after_help = WHERE)]
    Open(act::Because),
    /// Close a circuit once; it goes on from there
    #[command(after_help = WHERE)]
    Close(act::Because),
    /// Keep a circuit open, out of the way or observed: until `release`, or for a time
    #[command(after_help = WHERE)]
    Hold(act::Hold),
    /// End a hold
    #[command(after_help = WHERE)]
    Release(act::Because),
    /// Close a circuit and forget its backoff; a hold stays
    #[command(after_help = WHERE)]
    Reset(act::Because),
    /// Show the main breaker, or turn it: open rejects every call of every circuit
    #[command(after_help = WHERE)]
    Main(main_breaker::Main),
    /// What happened, newest first; `events export ID` writes the calls before it as a replay file
    #[command(after_help = WHERE)]
    Events(events::Events),
    /// Who did what; `--verify` checks that nothing was changed or taken out
    #[command(after_help = WHERE)]
    Audit(audit::Audit),
    /// Calls and events that could not be delivered: list, show, retry, discard
    #[command(subcommand, after_help = WHERE)]
    Dead(dead::DeadCommand),
    /// Reached by `queue`, which also has commands that need no daemon.
    #[command(skip)]
    Queue(queue::QueueCommand),
}

/// Taken by every command.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Form {
    /// Print the API's own JSON
    #[arg(long)]
    json: bool,
}

impl Form {
    /// Prints an answer: as it is, or as people read it.
    fn print(self, answer: &Value, words: impl FnOnce(&Value) -> String) {
        if self.json {
            say(&plain::json(&answer.to_string()));
        } else {
            let text = words(answer);
            if !text.is_empty() {
                say(text.trim_end_matches('\n'));
            }
        }
    }
}

/// Does what was asked for. Returns the exit code: 0 done; 1 the answer is no; 2 the environment or
/// the command line is wrong; 3 nobody can be reached; 4 who was reached refused.
pub(super) async fn run(command: ClientCommand) -> u8 {
    match ask(command).await {
        Ok(()) => 0,
        Err(trouble) => {
            tell(&format!("fusebox: {}", plain::text(&trouble.to_string())));
            trouble.exit_code()
        }
    }
}

async fn ask(command: ClientCommand) -> Result<(), Trouble> {
    let service = Service::from_environment()?;
    match command {
        ClientCommand::Status(what) => status::run(&service, what).await,
        ClientCommand::Open(what) => act::force(&service, "open", what).await,
        ClientCommand::Close(what) => act::force(&service, "closed", what).await,
        ClientCommand::Hold(what) => act::hold(&service, what).await,
        ClientCommand::Release(what) => act::release(&service, what).await,
        ClientCommand::Reset(what) => act::reset(&service, what).await,
        ClientCommand::Main(what) => main_breaker::run(&service, what).await,
        ClientCommand::Events(what) => events::run(&service, what).await,
        ClientCommand::Audit(what) => audit::run(&service, what).await,
        ClientCommand::Dead(what) => dead::run(&service, what).await,
        ClientCommand::Queue(what) => queue::run(&service, what).await,
    }
}
