//! `[server]`: addresses, the data folder, and TLS for the admin interface.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use fusebox_admin::Tokens;

use super::admin_tls::{self, AdminTls};
use super::circuit::CircuitSettings;
use super::problem::Place;
use super::section::Section;
use super::{keys, size};

/// Sixteen of the largest calls that a queue keeps by default, and little enough for a container.
const BUFFERED_BYTES_MAX: u64 = 256 << 20;

/// The file of tokens in the data folder.
pub(crate) const TOKENS_FILE: &str = "tokens.json";

/// What is set for the process as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Where the gateway listens; port 0: any free one.
    pub listen: SocketAddr,
    /// Where the admin interface listens. An address that others than this machine reach only where
    /// there is a file of tokens.
    pub admin: SocketAddr,
    /// With what it is encrypted; `None`: plain HTTP.
    pub admin_tls: Option<AdminTls>,
    /// Where files are kept.
    pub data_dir: PathBuf,
    /// How many bytes of bodies may be held at once, of all circuits that hold bodies whole.
    pub buffered_bytes_max: u64,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            admin: (Ipv4Addr::LOCALHOST, 9797).into(),
            admin_tls: None,
            data_dir: PathBuf::from("fusebox-data"),
            buffered_bytes_max: BUFFERED_BYTES_MAX,
        }
    }
}

impl ServerSettings {
    /// Where the tokens are kept; there may be no such file.
    pub fn tokens_file(&self) -> PathBuf {
        self.data_dir.join(TOKENS_FILE)
    }
}

/// Whether the file of tokens is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokensCheck {
    /// An admin address that others reach is refused without it.
    Made,
    /// Not yet: somebody is about to make the first one.
    NotYet,
}

/// Reads the table; files of TLS are looked for beside the settings file, in `folder`.
pub(super) fn read(section: Section<'_>, folder: &Path, tokens: TokensCheck) -> ServerSettings {
    section.only(keys::SERVER);
    let default = ServerSettings::default();
    let address = |key| {
        let allowed = "an IP address with a port, like \"127.0.0.1:8080\"";
        section.text(key, allowed, |text| text.parse::<SocketAddr>().ok())
    };
    let data_dir = section.text("data_dir", "the name of a folder", |text| {
        (!text.is_empty()).then(|| PathBuf::from(text))
    });
    let mut buffered_bytes_max = default.buffered_bytes_max;
    size::read(section, "buffered_bytes_max", &mut buffered_bytes_max);
    let server = ServerSettings {
        buffered_bytes_max,
        listen: address("listen").unwrap_or(default.listen),
        admin: address("admin").unwrap_or(default.admin),
        admin_tls: admin_tls::read(section, folder),
        data_dir: data_dir.unwrap_or(default.data_dir),
    };
    check_admin(section, &server, tokens);
    server
}

/// Refuses a circuit that may hold more of one call than may be held of all.
pub(super) fn check_buffered(
    top: Section<'_>,
    server: &ServerSettings,
    circuits: &[(CircuitSettings, Place)],
) {
    let max = server.buffered_bytes_max;
    let set = top
        .table
        .table("server")
        .and_then(|server| server.get("buffered_bytes_max"));
    for (circuit, at) in circuits {
        let name = &circuit.name;
        let Some(needed) = circuit.held_bytes_max().filter(|needed| *needed > max) else {
            continue;
        };
        let needed = size::format(needed);
        if let Some(node) = set {
            let message = format!(
                "{} is not allowed; allowed is at least the {needed} that one call of \
                 circuits.{name} may hold",
                node.shown()
            );
            let field = "server.buffered_bytes_max";
            top.report.add(&node.at, field, message);
        } else {
            let field = format!("circuits.{name}.queue.message_bytes_max");
            let max = size::format(max);
            let message = format!("{needed} is more than server.buffered_bytes_max, {max}");
            top.report.add(at, field, message);
        }
    }
}

fn check_admin(section: Section<'_>, server: &ServerSettings, tokens: TokensCheck) {
    let (listen, admin) = (server.listen, server.admin);
    let key = if section.has("admin") {
        "admin"
    } else {
        "listen"
    };
    let Some(node) = section.table.get(key) else {
        return;
    };
    if admin == listen && admin.port() != 0 {
        let allowed = "an address of its own (server.listen and server.admin are the same)";
        section.refuse(key, node, allowed);
    } else if !admin.ip().to_canonical().is_loopback()
        && tokens == TokensCheck::Made
        && let Err(allowed) = tokens_made(server)
    {
        section.refuse(key, node, &allowed);
    }
}

/// Whether every request will need a token; else what is to be done.
fn tokens_made(server: &ServerSettings) -> Result<(), String> {
    let file = server.tokens_file();
    let cure = match Tokens::open(&file) {
        Ok(tokens) if tokens.are_required() => return Ok(()),
        Ok(_) => format!("there is no {}", file.display()),
        Err(error) => error.to_string(),
    };
    Err(format!(
        "a loopback address like \"127.0.0.1:9797\", or one that others reach where there are \
         access tokens (`fusebox token create --name NAME --role admin` makes one; {cure})"
    ))
}
