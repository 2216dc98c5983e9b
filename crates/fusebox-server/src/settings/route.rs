//! Which calls a circuit takes: its path and host.

use http::uri::PathAndQuery;

use super::circuit::CircuitSettings;
use super::problem::{Place, Report};
use super::section::Section;
use super::upstream::is_host;

/// Paths of the gateway itself begin with this.
const OWN_PATH: &str = "/.fusebox";

/// Path, whether it is taken off, and host of a circuit.
pub(super) struct Route {
    pub(super) path: String,
    pub(super) strip_path: bool,
    pub(super) host: Option<String>,
}

/// Reads the route of the circuit `name`. Without path: `/NAME`, taken off; with a host alone:
/// everything there.
pub(super) fn read(section: Section<'_>, name: &str) -> Route {
    let host = section.text(
        "host",
        "a host name without a port, like \"rag.example\"",
        |text| is_host(text).then(|| text.trim_end_matches('.').to_ascii_lowercase()),
    );
    let path = section.read("path", |node| {
        node.text().ok_or(PATH_FORM.to_owned()).and_then(path)
    });
    let strip = section.truth("strip_path");
    let named = section.has("path");
    let path = match path {
        Some(path) => path,
        None if host.is_some() && !named => "/".to_owned(),
        None => format!("/{name}"),
    };
    if strip == Some(true) && path == "/" {
        section.inert(
            "strip_path",
            "the path is \"/\", there is nothing to take off",
        );
    }
    let strip_path = strip.unwrap_or(!named && path != "/");
    Route {
        path,
        strip_path,
        host,
    }
}

const PATH_FORM: &str = "a path that begins with \"/\", like \"/api\"";

/// A clean path without a slash at its end, or `/` alone.
fn path(text: &str) -> Result<String, String> {
    let clean = text.strip_suffix('/').unwrap_or(text);
    if text == "/" {
        return Ok(text.to_owned());
    }
    let Some(segments) = clean.strip_prefix('/') else {
        return Err(PATH_FORM.to_owned());
    };
    if segments
        .split('/')
        .any(|segment| matches!(segment, "" | "." | ".."))
    {
        return Err("a path without empty, \".\" or \"..\" segments".to_owned());
    }
    if text.contains(['?', '#']) || text.parse::<PathAndQuery>().is_err() {
        return Err("a path of characters that a URL's path may have, without ? and #".to_owned());
    }
    if clean == OWN_PATH || clean.starts_with("/.fusebox/") {
        return Err("a path outside /.fusebox, which is the gateway's own".to_owned());
    }
    Ok(clean.to_owned())
}

/// Refuses two circuits with the same host and path: which one is meant nobody could tell.
pub(super) fn refuse_duplicates(circuits: &[(CircuitSettings, Place)], report: &Report) {
    for (i, (circuit, place)) in circuits.iter().enumerate() {
        let same = |(other, _): &&(CircuitSettings, Place)| {
            other.path == circuit.path && other.host == circuit.host
        };
        if let Some((first, _)) = circuits[..i].iter().find(same) {
            let host = circuit
                .host
                .as_deref()
                .map_or_else(String::new, |host| format!(" on host {host}"));
            let message = format!(
                "has the same route as circuits.{} ({}{host}); \
                 give one of them another path or host",
                first.name, circuit.path
            );
            report.add(place, format!("circuits.{}", circuit.name), message);
        }
    }
}
