//! Which circuit a request belongs to: host before path, then the longest path at segment borders.

use std::collections::HashMap;
use std::sync::Arc;

use super::Circuit;
use crate::settings::CircuitSettings;

/// Where a request goes.
#[derive(Clone, Debug)]
pub struct Route {
    /// The circuit that answers.
    pub circuit: Arc<Circuit>,
    /// How many bytes at the front of the path matched; the upstream may not want to see them.
    pub matched: usize,
}

/// The table of routes to circuits, these by their place in the settings. Looking up takes no lock
/// and allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Routes {
    hosts: HashMap<Box<str>, Paths>,
    any_host: Paths,
}

/// The routes of one host, by path without a slash at its end.
#[derive(Debug, Default)]
struct Paths {
    by_path: HashMap<Box<str>, usize>,
    longest: usize,
}

/// The longest host name that DNS knows; a longer one cannot be in the table.
const HOST_BYTES_MAX: usize = 255;

impl Routes {
    /// Makes the table. Two circuits on the same host and path are given back as the error.
    pub(super) fn new(circuits: &[CircuitSettings]) -> Result<Self, (usize, usize)> {
        let mut routes = Self::default();
        for (circuit, settings) in circuits.iter().enumerate() {
            let paths = match &settings.host {
                Some(host) => routes
                    .hosts
                    .entry(host.to_ascii_lowercase().into())
                    .or_default(),
                None => &mut routes.any_host,
            };
            paths.add(settings.path.trim_end_matches('/'), circuit)?;
        }
        Ok(routes)
    }

    /// Finds the circuit for a host (with or without port) and a path, and how many bytes of the
    /// path matched.
    pub(super) fn find(&self, host: &str, path: &str) -> Option<(usize, usize)> {
        self.on_host(host)
            .and_then(|paths| paths.find(path))
            .or_else(|| self.any_host.find(path))
    }

    fn on_host(&self, host: &str) -> Option<&Paths> {
        if self.hosts.is_empty() {
            return None;
        }
        let host = without_port(host);
        let host = host.strip_suffix('.').unwrap_or(host);
        if let Some(paths) = self.hosts.get(host) {
            return Some(paths);
        }
        let mut lower = [0_u8; HOST_BYTES_MAX];
        let lower = lower.get_mut(..host.len())?;
        lower.copy_from_slice(host.as_bytes());
        lower.make_ascii_lowercase();
        self.hosts.get(str::from_utf8(lower).ok()?)
    }
}

impl Paths {
    fn add(&mut self, path: &str, circuit: usize) -> Result<(), (usize, usize)> {
        self.longest = self.longest.max(path.len());
        match self.by_path.insert(path.into(), circuit) {
            Some(earlier) => Err((earlier, circuit)),
            None => Ok(()),
        }
    }

    /// Tries the path, then the path without its last segment, and so on. It begins at the longest
    /// path that is known, so that a long path costs no more than a short one.
    fn find(&self, path: &str) -> Option<(usize, usize)> {
        if self.by_path.is_empty() {
            return None;
        }
        let mut end = self.first_border(path);
        loop {
            if let Some(circuit) = path.get(..end).and_then(|prefix| self.by_path.get(prefix)) {
                return Some((*circuit, end));
            }
            end = path.get(..end)?.rfind('/')?;
        }
    }

    /// The last end of a segment that is not beyond the longest path known.
    fn first_border(&self, path: &str) -> usize {
        let bytes = path.as_bytes();
        if bytes.len() <= self.longest {
            return bytes.len();
        }
        (0..=self.longest)
            .rev()
            .find(|end| bytes.get(*end) == Some(&b'/'))
            .unwrap_or(0)
    }
}

/// The host of `host:port`, also where it is an IPv6 address in brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests;
