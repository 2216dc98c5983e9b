//! The settings: what the file, the environment and the flags say, checked and with defaults filled
//! in.
//!
//! Read once into types that cannot be wrong. Precedence: flags, environment, file, defaults. Every
//! problem is told with its place, not only the first; a key that is unknown or can have no effect
//! is a problem too.

mod admin_tls;
mod branch;
mod breaker;
mod circuit;
mod effective;
mod environment;
mod fallback;
mod keys;
mod metrics;
mod nearest;
mod next;
mod own_address;
mod problem;
mod queue;
mod read_circuit;
mod route;
mod section;
mod server;
mod size;
mod source;
mod store;
mod telemetry;
#[cfg(test)]
mod tests;
mod tree;
mod upstream;

use std::path::Path;
use std::sync::Arc;

use fusebox_telemetry::Names;
pub(crate) use nearest::nearest;

pub use admin_tls::{AdminTls, AdminTlsError};
pub use branch::{Branch, BranchKey};
pub use circuit::{CircuitSettings, Fallback, StatusPattern, Trouble, WhenUnavailable};
pub use problem::{Place, Problem};
pub use queue::CircuitQueue;
pub use server::ServerSettings;
pub(crate) use server::TOKENS_FILE;
pub use source::Source;
pub use store::StoreKind;
pub use upstream::{Scheme, Upstream};

use problem::Report;
use section::Section;
use server::TokensCheck;
use tree::Table;

/// All settings of the daemon.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The process as a whole.
    pub server: ServerSettings,
    /// What keeps the state of circuits over restarts.
    pub store: StoreKind,
    /// Under which names metrics are shown.
    pub metric_names: Names,
    /// Whether metrics and transitions are sent by OTLP; true only in a build that can.
    pub otlp: bool,
    /// The circuits, in the order of the file.
    pub circuits: Vec<CircuitSettings>,
}

/// Settings given on the command line, as they were written.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--listen`.
    pub listen: Option<String>,
    /// `--admin`.
    pub admin: Option<String>,
}

impl Config {
    /// Reads `file` (none: the defaults) with the overrides in `env`.
    ///
    /// # Errors
    /// Everything that is wrong, in reading order.
    pub fn load(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Vec<Problem>> {
        Self::load_with(file, env, &Flags::default())
    }

    /// As [`Config::load`], with flags over all.
    ///
    /// # Errors
    /// Everything that is wrong, in reading order.
    pub fn load_with(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        flags: &Flags,
    ) -> Result<Self, Vec<Problem>> {
        Self::load_checked(file, env, flags, TokensCheck::Made)
    }

    fn load_checked(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        flags: &Flags,
        tokens: TokensCheck,
    ) -> Result<Self, Vec<Problem>> {
        let text = file.map_or_else(|| Ok(String::new()), source::read)?;
        let name = file.map_or_else(String::new, |file| file.display().to_string());
        Self::parse_with(&text, &name, env, (flags, tokens))
    }

    /// Reads `text` as the content of the file `file_name`; fallback files are looked for beside
    /// it.
    ///
    /// # Errors
    /// Everything that is wrong, in reading order.
    pub fn parse(
        text: &str,
        file_name: &str,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Vec<Problem>> {
        let tokens = TokensCheck::Made;
        Self::parse_with(text, file_name, env, (&Flags::default(), tokens))
    }

    fn parse_with(
        text: &str,
        file_name: &str,
        env: impl Iterator<Item = (String, String)>,
        (flags, tokens): (&Flags, TokensCheck),
    ) -> Result<Self, Vec<Problem>> {
        let report = Report::default();
        let Some(mut tree) = tree::parse(text, &Arc::from(file_name), &report) else {
            return Err(report.into_problems());
        };
        environment::overlay(&mut tree, env, &report);
        if let Some(listen) = &flags.listen {
            environment::flag(&mut tree, "--listen", ["server", "listen"], listen);
        }
        if let Some(admin) = &flags.admin {
            environment::flag(&mut tree, "--admin", ["server", "admin"], admin);
        }
        let folder = Path::new(file_name).parent().unwrap_or(Path::new(""));
        let config = read(&tree, folder, tokens, &report);
        let problems = report.into_problems();
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(problems)
        }
    }
}

fn read(tree: &Table, folder: &Path, tokens: TokensCheck, report: &Report) -> Config {
    let top = Section {
        path: "",
        table: tree,
        report,
    };
    top.only(keys::TOP);
    let section = |path| {
        let table = top.table(path)?;
        Some(Section {
            path,
            table,
            report,
        })
    };
    let server = section("server").map(|section| server::read(section, folder, tokens));
    let store = section("store").map(store::read);
    let metric_names = section("metrics").map(metrics::read);
    let otlp = section("telemetry").map(telemetry::read);
    let mut circuits = Vec::new();
    if let Some(all) = top.table("circuits") {
        for (name, node) in &all.0 {
            if let Some(circuit) = read_circuit::read(name, node, all, folder, report) {
                circuits.push((circuit, node.key_at.clone()));
            }
        }
    }
    route::refuse_duplicates(&circuits, report);
    let server = server.unwrap_or_default();
    server::check_buffered(top, &server, &circuits);
    own_address::refuse_upstreams(top, &server, &circuits);
    Config {
        server,
        store: store.unwrap_or_default(),
        metric_names: metric_names.unwrap_or_default(),
        otlp: otlp.unwrap_or_default(),
        circuits: circuits.into_iter().map(|(circuit, _)| circuit).collect(),
    }
}
