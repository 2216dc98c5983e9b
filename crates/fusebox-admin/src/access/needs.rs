//! What each route asks of its caller, in one table.
//!
//! A route that has no row is for administrators of all circuits. A test holds the table against
//! the router, so that none is forgotten.

use axum::http::Method;

use super::caller::Caller;
use super::role::Role;
use crate::problem::Problem;

/// What a request asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) role: Role,
    pub(crate) of: Of,
    /// The word for the audit log; `None`: it only reads.
    pub(crate) action: Option<&'static str>,
}

/// Which circuits a request concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// The one that the path names, by itself or by its queue.
    Named,
    /// All of them.
    All,
    /// The caller's: the handler leaves the others out, or there are none in what it tells.
    Own,
}

impl Need {
    /// Whether this caller may.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn check(&self, caller: &Caller, circuit: Option<&str>) -> Result<(), Problem> {
        match self.of {
            Of::Own => caller.is(self.role),
            Of::All => caller.may_all(self.role),
            // A name that is no UTF-8 is no circuit's; only `*` fits it, and finds nothing.
            Of::Named => caller.may(self.role, circuit.unwrap_or("\u{fffd}")),
        }
    }
}

const fn reads(pattern: &'static str, of: Of) -> Row {
    row("GET", pattern, Role::Viewer, of, None)
}

const fn acts(
    method: &'static str,
    pattern: &'static str,
    role: Role,
    action: &'static str,
) -> Row {
    row(method, pattern, role, Of::Named, Some(action))
}

const fn row(
    method: &'static str,
    pattern: &'static str,
    role: Role,
    of: Of,
    action: Option<&'static str>,
) -> Row {
    (method, pattern, Need { role, of, action })
}

type Row = (&'static str, &'static str, Need);

/// Method, path, need. `/metrics` adds up over all circuits, so that it is for who sees all.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    reads("/", Of::Own),
    reads("/assets/{file}", Of::Own),
    reads("/livez", Of::Own),
    reads("/readyz", Of::Own),
    reads("/health", Of::Own),
    reads("/metrics", Of::All),
    reads("/openapi.json", Of::Own),
    reads("/api/v1/me", Of::Own),
    reads("/api/v1/activity", Of::Own),
    reads("/api/v1/main", Of::Own),
    reads("/api/v1/circuit-breakers", Of::Own),
    reads("/api/v1/circuit-breakers/health", Of::Own),
    reads("/api/v1/circuit-breakers/stream", Of::Own),
    reads("/api/v1/circuit-breakers/{name}", Of::Named),
    reads("/api/v1/circuit-breakers/{name}/branches", Of::Named),
    reads("/api/v1/circuit-breakers/{name}/branches/{key}", Of::Named),
    reads("/api/v1/circuit-breakers/{name}/activity", Of::Named),
    reads("/api/v1/circuit-breakers/{name}/events", Of::Named),
    // An event tells its circuit only once it is looked up.
    reads("/api/v1/events", Of::Own),
    reads("/api/v1/events/{id}", Of::Own),
    reads("/api/v1/events/{id}/replay", Of::Own),
    reads("/api/v1/circuit-breakers/{name}/override", Of::Named),
    // It changes nothing, however it is asked for.
    row("POST", "/api/v1/circuit-breakers/{name}/dry-run", Role::Viewer, Of::Named, None),
    acts("POST", "/api/v1/circuit-breakers/{name}/force-state", Role::Operator, "force-state"),
    acts("POST", "/api/v1/circuit-breakers/{name}/hold", Role::Operator, "hold"),
    acts("DELETE", "/api/v1/circuit-breakers/{name}/hold", Role::Operator, "release"),
    acts("POST", "/api/v1/circuit-breakers/{name}/reset", Role::Operator, "reset"),
    acts("POST", "/api/v1/circuit-breakers/{name}/branches/{key}/force-state",
        Role::Operator, "force-state"),
    acts("POST", "/api/v1/circuit-breakers/{name}/branches/{key}/hold", Role::Operator, "hold"),
    acts("DELETE", "/api/v1/circuit-breakers/{name}/branches/{key}/hold",
        Role::Operator, "release"),
    acts("POST", "/api/v1/circuit-breakers/{name}/branches/{key}/reset", Role::Operator, "reset"),
    acts("PUT", "/api/v1/circuit-breakers/{name}/override", Role::Admin, "override"),
    acts("DELETE", "/api/v1/circuit-breakers/{name}/override", Role::Admin, "end-override"),
    reads("/api/v1/queues", Of::Own),
    reads("/api/v1/queues/{queue}", Of::Named),
    reads("/api/v1/queues/{queue}/messages", Of::Named),
    reads("/api/v1/queues/{queue}/pauses", Of::Named),
    acts("POST", "/api/v1/queues/{queue}/pause", Role::Operator, "pause"),
    acts("POST", "/api/v1/queues/{queue}/resume", Role::Operator, "resume"),
    // A message tells its queue only once it is looked up, and a body only once it is read.
    reads("/api/v1/messages/{id}", Of::Own),
    reads("/api/v1/dead-letters", Of::Own),
    reads("/api/v1/dead-letters/{id}", Of::Own),
    row("POST", "/api/v1/dead-letters/retry", Role::Operator, Of::Own, Some("retry")),
    row("POST", "/api/v1/dead-letters/discard", Role::Operator, Of::Own, Some("discard")),
    row("POST", "/api/v1/dead-letters/{id}/retry", Role::Operator, Of::Own, Some("retry")),
    row("POST", "/api/v1/dead-letters/{id}/discard", Role::Operator, Of::Own, Some("discard")),
    row("POST", "/api/v1/main", Role::Operator, Of::All, Some("main")),
    row("GET", "/api/v1/audit", Role::Admin, Of::All, None),
    row("GET", "/api/v1/audit/verify", Role::Admin, Of::All, None),
];

/// What is asked of who comes by this method to the route with this pattern; `None`: to no route.
pub(crate) fn need(method: &Method, pattern: Option<&str>) -> Need {
    let Some(pattern) = pattern else {
        // An error in any case; strangers still do not learn which paths there are.
        return reads("", Of::Own).2;
    };
    let method = match *method {
        Method::HEAD => "GET",
        _ => method.as_str(),
    };
    let mut rows = ROWS.iter();
    let row = rows.find(|row| (row.0, row.1) == (method, pattern));
    row.map_or_else(|| unlisted(method, pattern), |row| row.2)
}

/// A method that the path does not take is an error whoever asks; what has no row at all is
/// forbidden to everyone but administrators, and is written down.
fn unlisted(method: &str, pattern: &str) -> Need {
    let is_listed = ROWS.iter().any(|row| row.1 == pattern);
    Need {
        role: if is_listed { Role::Viewer } else { Role::Admin },
        of: if is_listed { Of::Own } else { Of::All },
        action: (!is_listed && method != "GET").then_some("unlisted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Method;

    #[test]
    fn every_route_has_its_row() {
        let (_, document) = crate::routes::all().split_for_parts();
        let mut routes = Vec::new();
        for (path, item) in &document.paths.paths {
            for (method, operation) in [
                ("GET", &item.get),
                ("PUT", &item.put),
                ("POST", &item.post),
                ("DELETE", &item.delete),
                ("PATCH", &item.patch),
            ] {
                if operation.is_some() {
                    routes.push((method, path.as_str()));
                }
            }
        }
        for route in &routes {
            let has_row = ROWS.iter().any(|row| (row.0, row.1) == *route);
            assert!(has_row, "say in ROWS what {route:?} asks of its caller");
        }
    }

    #[test]
    fn what_changes_something_takes_an_operator_at_least() {
        for (method, pattern, need) in ROWS {
            if need.action.is_some() {
                assert!(need.role >= Role::Operator, "{method} {pattern}");
            }
            let is_harmless = *method == "GET" || pattern.ends_with("/dry-run");
            assert_eq!(need.action.is_none(), is_harmless, "{method} {pattern}");
            assert_eq!(
                need.of == Of::Named,
                pattern.contains("{name}") || pattern.contains("{queue}"),
                "{method} {pattern}"
            );
        }
    }

    #[test]
    fn a_route_without_a_row_is_for_administrators_only_and_written_down() {
        let unknown = need(&Method::POST, Some("/api/v1/new"));
        assert_eq!((unknown.role, unknown.of), (Role::Admin, Of::All));
        assert!(unknown.action.is_some());
        let method = need(&Method::PUT, Some("/livez"));
        assert_eq!((method.role, method.action), (Role::Viewer, None));
    }
}
