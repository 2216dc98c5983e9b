//! The settings: what the file, the environment and the flags say, checked and with defaults filled
//! in.
//!
//! Read once into types that cannot be wrong. Precedence: flags, environment, file, defaults. Every
//! problem is told with its place, not only the first; a key that is unknown or can have no effect
//! is a problem too.

mod branch;
mod breaker;
mod circuit;
mod effective;
mod environment;
mod fallback;
mod keys;
mod nearest;
mod problem;
mod read_circuit;
mod route;
mod section;
mod source;
#[cfg(test)]
mod tests;
mod tree;
mod upstream;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use nearest::nearest;
pub use branch::{Branch, BranchKey};
pub use circuit::{CircuitSettings, Fallback, StatusPattern, Trouble, WhenUnavailable};
pub use problem::{Place, Problem};
pub use source::Source;
pub use upstream::{Scheme, Upstream};

use problem::Report;
use section::Section;
use tree::Table;

/// All settings of the daemon.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The process as a whole.
    pub server: ServerSettings,
    /// The circuits, in the order of the file.
    pub circuits: Vec<CircuitSettings>,
}

/// What is set for the process as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Where the gateway listens; port 0: any free one.
    pub listen: SocketAddr,
    /// Where the admin API listens: a loopback address.
    pub admin: SocketAddr,
    /// Where files are kept.
    pub data_dir: PathBuf,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            admin: (Ipv4Addr::LOCALHOST, 9797).into(),
            data_dir: PathBuf::from("fusebox-data"),
        }
    }
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
        let text = file.map_or_else(|| Ok(String::new()), source::read)?;
        let name = file.map_or_else(String::new, |file| file.display().to_string());
        Self::parse_with(&text, &name, env, flags)
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
        Self::parse_with(text, file_name, env, &Flags::default())
    }

    fn parse_with(
        text: &str,
        file_name: &str,
        env: impl Iterator<Item = (String, String)>,
        flags: &Flags,
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
        let config = read(&tree, folder, &report);
        let problems = report.into_problems();
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(problems)
        }
    }
}

fn read(tree: &Table, folder: &Path, report: &Report) -> Config {
    let top = Section {
        path: "",
        table: tree,
        report,
    };
    top.only(keys::TOP);
    let server = top.table("server");
    let server = server.map(|table| {
        read_server(Section {
            path: "server",
            table,
            report,
        })
    });
    let mut circuits = Vec::new();
    for (name, node) in top
        .table("circuits")
        .into_iter()
        .flat_map(|circuits| &circuits.0)
    {
        if let Some(circuit) = read_circuit::read(name, node, folder, report) {
            circuits.push((circuit, node.key_at.clone()));
        }
    }
    route::refuse_duplicates(&circuits, report);
    Config {
        server: server.unwrap_or_default(),
        circuits: circuits.into_iter().map(|(circuit, _)| circuit).collect(),
    }
}

fn read_server(section: Section<'_>) -> ServerSettings {
    section.only(keys::SERVER);
    let default = ServerSettings::default();
    let address = |key| {
        let allowed = "an IP address with a port, like \"127.0.0.1:8080\"";
        section.text(key, allowed, |text| text.parse::<SocketAddr>().ok())
    };
    let listen = address("listen").unwrap_or(default.listen);
    let admin = address("admin").unwrap_or(default.admin);
    if let Some(node) = section.table.get("admin").or(section.table.get("listen")) {
        let key = if section.has("admin") {
            "admin"
        } else {
            "listen"
        };
        if !admin.ip().is_loopback() {
            let allowed = "a loopback address like \"127.0.0.1:9797\" (others need access tokens, \
                which this version does not have yet)";
            section.refuse(key, node, allowed);
        } else if admin == listen && admin.port() != 0 {
            section.refuse(
                key,
                node,
                "an address of its own (server.listen and server.admin are the same)",
            );
        }
    }
    let data_dir = section.text("data_dir", "the name of a folder", |text| {
        (!text.is_empty()).then(|| PathBuf::from(text))
    });
    ServerSettings {
        listen,
        admin,
        data_dir: data_dir.unwrap_or(default.data_dir),
    }
}
