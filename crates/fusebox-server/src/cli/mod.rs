//! The command line.
//!
//! Data goes to stdout, talk to stderr. Exit codes: 0 yes; 1 the answer is no; 2 bad usage, file or
//! settings; 3 cannot bind, reach or write; 4 who was reached refused.

mod check;
mod client;
mod completions;
mod lasting;
mod output;
mod progress;
mod queue;
mod replay;
mod token;

use std::ffi::OsString;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::demo::{self, DemoOptions};
use crate::serve::{self, ServeOptions};
use crate::settings::{Flags, Source};

pub(crate) use output::{say, tell};

/// Bad usage, a bad file, or bad settings.
pub(crate) const BAD_INPUT: u8 = 2;
/// An address could not be listened on.
pub(crate) const CANNOT_BIND: u8 = 3;
/// Nobody answers at an address.
const CANNOT_REACH: u8 = 3;
/// What was asked for is known, and could not be written.
const CANNOT_WRITE: u8 = 3;
/// It was asked, and the answer is no.
const NO: u8 = 1;
/// Who was asked did not do it.
const REFUSED: u8 = 4;

/// Circuit breakers for every service.
#[derive(Debug, Parser)]
#[command(name = "fusebox", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put circuit breakers in front of services: gateway and admin API
    ///
    /// Reads FILE, else `fusebox.toml` in this folder, else starts with built-in defaults.
    /// Environment variables like `FUSEBOX__CIRCUITS__RAG__BREAKER__OPEN_FOR=60s` override the
    /// file, flags override both. SIGHUP or a change of the file reloads the settings; circuits
    /// keep their state. SIGTERM lets calls finish first.
    Serve(Serve),
    /// Check a settings file without starting anything
    ///
    /// Exit code 0: fit to serve; 2: not, with every mistake, its place and what is allowed.
    Check(Check),
    /// Run replay files in virtual time: do breakers keep to the rules?
    ///
    /// Exit code 0: all hold; 1: some do not; 2: a file is bad.
    Replay(replay::Replay),
    /// Watch circuit breakers at work, and break services yourself; nothing else needs to be
    /// installed
    ///
    /// Plays a story in the terminal, and serves the arena: a page where you kill, hang or slow the
    /// upstreams of five systems and see who is still answered, with breakers and without. The page
    /// opens by itself where there is a terminal in a graphical session.
    Demo(Demo),
    #[command(flatten)]
    Client(client::ClientCommand),
    /// Calls that wait for their upstream: list, show, pause, resume; check and export of a file
    #[command(subcommand, after_help = client::WHERE)]
    Queue(queue::QueueCommand),
    /// Make, show and take back the tokens of the admin interface
    Token(token::TokenCommand),
    /// Print a script that completes commands and flags in a shell
    Completions(completions::Completions),
}

#[derive(Debug, Args)]
struct Serve {
    /// The settings (TOML)
    file: Option<PathBuf>,
    /// Where the gateway listens, e.g. 127.0.0.1:8080; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where the admin API listens, a loopback address, e.g. 127.0.0.1:9797
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<String>,
    /// Tell the addresses as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Check {
    /// The settings (TOML); fusebox.toml in this folder where none is named
    file: Option<PathBuf>,
    /// Tell the settings in force, or the mistakes, as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Demo {
    /// Play the story once, at most 30 s, then end; without the arena
    #[arg(long)]
    once: bool,
    /// Do not open the arena's page
    #[arg(long)]
    no_browser: bool,
    /// Where the arena's page is: this port, 0 for any that is free [default: 9799 if it is free]
    #[arg(long, value_name = "PORT", conflicts_with = "once")]
    port: Option<u16>,
    /// A summary per circuit as JSON
    #[arg(long)]
    json: bool,
}

/// Does what the command line of this process asks for.
pub fn main() -> ExitCode {
    run_line(std::env::args_os()).into()
}

/// Does what a command line asks for, whose first word is the program's name. Returns the exit
/// code.
pub fn run_line<W>(words: impl IntoIterator<Item = W>) -> u8
where
    W: Into<OsString> + Clone,
{
    let command = match CommandLine::try_parse_from(words) {
        Ok(line) => line.command,
        Err(error) => {
            // Help and version are answers; everything else is bad usage.
            output::written(error.print());
            let code = if error.use_stderr() { BAD_INPUT } else { 0 };
            return output::ended(code);
        }
    };
    let code = match command {
        Command::Serve(serve) => {
            let flags = Flags {
                listen: serve.listen,
                admin: serve.admin,
            };
            let options = ServeOptions {
                source: Source::new(serve.file, flags),
                json: serve.json,
            };
            // A daemon goes on without its standard output: the log names its addresses, too.
            return run(serve::run(options));
        }
        Command::Check(check) => check::run(&Source::new(check.file, Flags::default()), check.json),
        Command::Replay(replay) => replay::run(&replay),
        Command::Demo(demo) => run(demo::run(DemoOptions {
            once: demo.once,
            json: demo.json,
            browser: !demo.no_browser,
            port: demo.port,
        })),
        Command::Client(command) => run(client::run(command)),
        Command::Queue(command) => queue::run(command),
        Command::Token(command) => token::run(command),
        Command::Completions(what) => completions::run(&what),
    };
    output::ended(code)
}

/// Runs a command that talks to the network.
fn run(command: impl Future<Output = u8>) -> u8 {
    match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => {
            let code = runtime.block_on(command);
            // What is still running was given its time to end.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            tell(&format!("fusebox: cannot start threads: {error}"));
            CANNOT_BIND
        }
    }
}
