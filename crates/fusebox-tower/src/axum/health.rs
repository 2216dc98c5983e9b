//! Is anything broken that matters?

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fusebox::{HoldKind, Registry};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Value, json};

/// The circuits whose opening a person must hear of at once.
const CRITICAL: u8 = 1;

/// A handler that shows the [`Health`] of the registry in the router's state.
///
/// ```
/// use axum::{Router, body::Body, extract::FromRef, http::Request, routing::get};
/// use fusebox::{Definition, Registry};
/// use fusebox_tower::axum::health;
/// use tower::ServiceExt;
///
/// #[derive(Clone)]
/// struct App {
///     circuits: Registry,
///     greeting: &'static str,
/// }
///
/// impl FromRef<App> for Registry {
///     fn from_ref(app: &App) -> Self {
///         app.circuits.clone()
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let circuits = Registry::new();
/// circuits.add(Definition::new("rag").priority(1))?;
///
/// let router = Router::new()
///     .route("/health", get(health))
///     .with_state(App { circuits, greeting: "hello" });
/// let answer = router.oneshot(Request::get("/health").body(Body::empty())?).await?;
/// assert_eq!(answer.status(), 200);
/// # Ok(())
/// # }
/// ```
///
/// With [`fusebox::registry`] as the registry: `.with_state(fusebox::registry().clone())`.
pub async fn health(State(registry): State<Registry>) -> Health {
    Health::of(&registry)
}

/// What a registry's circuits say about a service, as `application/health+json`.
///
/// ```json
/// {
///   "status": "warn",
///   "circuits": [
///     {"name": "rag", "status": "warn", "state": "open", "hold": null, "priority": 1}
///   ],
///   "output": "open circuits of priority 1: rag"
/// }
/// ```
///
/// `status` is `pass`, or `warn` while a circuit of priority 1 is open for its callers, whether by
/// itself, by hand or by the main breaker. The answer is 200 in both cases: the process itself
/// works, and to restart it would mend nothing. `output` is there with `warn` only.
#[derive(Clone, Debug)]
pub struct Health {
    version: Option<String>,
    circuits: Vec<Line>,
}

/// A circuit, by the state that callers feel.
#[derive(Clone, Debug)]
struct Line {
    name: &'static str,
    state: fusebox::State,
    hold: Option<HoldKind>,
    priority: u8,
}

impl Health {
    /// Reads the registry.
    #[must_use]
    pub fn of(registry: &Registry) -> Self {
        let lines = registry.list().into_iter().map(|listed| {
            let snapshot = listed.circuit.snapshot();
            Line {
                name: listed.circuit.name(),
                state: snapshot.effective_state(),
                hold: snapshot.hold.map(|hold| hold.kind),
                priority: listed.priority,
            }
        });
        Self {
            version: None,
            circuits: lines.collect(),
        }
    }

    /// Shows the version of the service too: `.version(env!("CARGO_PKG_VERSION"))`.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Whether a circuit of priority 1 is open for its callers.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.circuits.iter().any(Line::degrades)
    }

    fn body(&self) -> Value {
        let mut body = json!({ "status": status(self.is_degraded()) });
        if let Some(version) = &self.version {
            body["version"] = version.as_str().into();
        }
        body["circuits"] = self.circuits.iter().map(Line::body).collect();
        if self.is_degraded() {
            let broken = self.circuits.iter().filter(|line| line.degrades());
            let names: Vec<_> = broken.map(|line| line.name).collect();
            body["output"] = format!("open circuits of priority 1: {}", names.join(", ")).into();
        }
        body
    }
}

impl Line {
    fn degrades(&self) -> bool {
        self.priority == CRITICAL && self.state == fusebox::State::Open
    }

    fn body(&self) -> Value {
        json!({
            "name": self.name,
            "status": status(self.degrades()),
            "state": self.state.as_str(),
            "hold": self.hold.map(HoldKind::as_str),
            "priority": self.priority,
        })
    }
}

fn status(degraded: bool) -> &'static str {
    if degraded { "warn" } else { "pass" }
}

impl IntoResponse for Health {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body().to_string()));
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_static("application/health+json");
        headers.insert(CONTENT_TYPE, media_type);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
