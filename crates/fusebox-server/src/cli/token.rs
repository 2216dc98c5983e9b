//! `fusebox token`: who may use the admin interface.
//!
//! Works on `tokens.json` in the data folder, with or without a daemon; a running one reads the
//! file again before its next request. The text of a token is printed once and kept nowhere.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use fusebox_admin::{Grant, Role, Token, Tokens, TokensError};
use fusebox_store::rfc3339;
use serde_json::{Value, json};

use super::client::table::{Cell, Table};
use super::lasting::lasting;
use super::{BAD_INPUT, NO, say, tell};
use crate::paint::Tone;
use crate::settings::{Flags, Source};

/// What `token` takes.
#[derive(Debug, Args)]
pub(super) struct TokenCommand {
    #[command(subcommand)]
    what: What,
    /// The settings that name the data folder; fusebox.toml in this folder where none is named
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "data_dir")]
    settings: Option<PathBuf>,
    /// The data folder itself
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a token and print it, this once
    Create(Create),
    /// Show what tokens there are; their texts are not kept
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a token back: it is refused from the next request on
    Revoke {
        /// By which `list` shows it
        id: String,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// Whose it is; it stands in logs and in the audit log
    #[arg(long)]
    name: String,
    /// viewer reads; operator also holds, moves and resets; admin also overrides settings and reads
    /// the audit log
    #[arg(long)]
    role: Role,
    /// Only for circuits whose name fits, like rag-*; may be given several times
    #[arg(long, value_name = "PATTERN")]
    circuits: Vec<String>,
    /// From when on it is refused, like 12h or 90d; never, where it is not said
    #[arg(long, value_name = "TIME", value_parser = lasting)]
    expires: Option<Duration>,
    /// The token and what is known of it, as JSON
    #[arg(long)]
    json: bool,
}

/// Does it. Returns the exit code.
pub(super) fn run(command: TokenCommand) -> u8 {
    let folder = match data_dir(command.settings, command.data_dir) {
        Ok(folder) => folder,
        Err(code) => return code,
    };
    let done = match command.what {
        What::Create(create) => make(&folder, create),
        What::List { json } => list(&folder, json),
        What::Revoke { id } => revoke(&folder, &id),
    };
    match done {
        Ok(()) => 0,
        Err(error) => {
            tell(&format!("fusebox: {error}"));
            match error {
                TokensError::Unknown(_) => NO,
                _ => BAD_INPUT,
            }
        }
    }
}

fn data_dir(settings: Option<PathBuf>, named: Option<PathBuf>) -> Result<PathBuf, u8> {
    if let Some(named) = named {
        return Ok(named);
    }
    let source = Source::new(settings, Flags::default());
    // An admin address that needs tokens is what the first token is made for.
    match source.load_before_tokens() {
        Ok(config) => Ok(config.server.data_dir),
        Err(problems) => {
            problems
                .iter()
                .for_each(|problem| tell(&problem.to_string()));
            Err(BAD_INPUT)
        }
    }
}

fn open(folder: &Path) -> Result<Tokens, TokensError> {
    Tokens::open(folder.join(crate::settings::TOKENS_FILE))
}

fn make(folder: &Path, create: Create) -> Result<(), TokensError> {
    let mut grant = Grant::new(create.name, create.role);
    if !create.circuits.is_empty() {
        grant = grant.circuits(create.circuits);
    }
    if let Some(lasts) = create.expires {
        grant = grant.expires(SystemTime::now() + lasts);
    }
    crate::serve::make_data_dir(folder).map_err(|error| TokensError::File {
        path: folder.to_owned(),
        detail: error.to_string(),
    })?;
    let was_first = !open(folder)?.are_required();
    let (token, text) = open(folder)?.create(grant)?;
    if create.json {
        let mut shown = view(&token);
        shown["token"] = text.as_str().into();
        say(&shown.to_string());
    } else {
        say(text.as_str());
        tell(&format!(
            "token {} of {}, {}: this is the only time that it is shown",
            token.id(),
            token.name(),
            token.role()
        ));
        if was_first {
            tell("from now on every request to the admin interface needs a token");
        }
    }
    Ok(())
}

fn list(folder: &Path, as_json: bool) -> Result<(), TokensError> {
    let tokens = open(folder)?;
    let (required, tokens) = (tokens.are_required(), tokens.list());
    if as_json {
        let tokens: Vec<Value> = tokens.iter().map(view).collect();
        say(&json!({ "tokens": tokens }).to_string());
        return Ok(());
    }
    if tokens.is_empty() {
        tell(if required {
            "no tokens: nobody is let in"
        } else {
            "no tokens: only this machine is let in, and needs none"
        });
        return Ok(());
    }
    let now = SystemTime::now();
    let mut table = Table::with_columns(&["ID", "NAME", "ROLE", "CIRCUITS", "CREATED", "EXPIRES"]);
    for token in &tokens {
        let expires = match token.expires() {
            Some(at) if token.has_expired(now) => Cell::new(Tone::Bad, &expired(at)),
            Some(at) => Cell::plain(&rfc3339(at)),
            None => Cell::plain(""),
        };
        table.add(vec![
            Cell::new(Tone::Strong, token.id()),
            Cell::plain(token.name()),
            Cell::plain(token.role().as_str()),
            Cell::plain(&token.circuits().join(",")),
            Cell::plain(&rfc3339(token.created())),
            expires,
        ]);
    }
    say(table.write().trim_end());
    Ok(())
}

fn expired(at: SystemTime) -> String {
    format!("{} (expired)", rfc3339(at))
}

fn revoke(folder: &Path, id: &str) -> Result<(), TokensError> {
    let token = open(folder)?.revoke(id)?;
    tell(&format!(
        "token {} of {} is revoked",
        token.id(),
        token.name()
    ));
    Ok(())
}

/// Everything but its hash.
fn view(token: &Token) -> Value {
    json!({
        "id": token.id(),
        "name": token.name(),
        "role": token.role().as_str(),
        "circuits": token.circuits(),
        "created": rfc3339(token.created()),
        "expires": token.expires().map(rfc3339),
    })
}
