//! A desk with a token of each role, for all circuits and for some.

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, StatusCode, header};
use fusebox_admin::{Grant, Role, Token, TokenText, Tokens};
use fusebox_queue::{QueueSettings, Queues};
use tower::ServiceExt;

use crate::asking::{Desk, local, request};

/// Everybody who has a token.
pub(super) struct Staff {
    pub(super) desk: Desk,
    all: [TokenText; 3],
    some: [TokenText; 3],
}

impl Staff {
    /// Tokens for all circuits, and tokens for circuits called `ra…`.
    pub(super) fn new() -> Self {
        let mut tokens = Vec::new();
        let mut issue = |role: Role, circuits: &str| {
            let grant = Grant::new(format!("the-{role}"), role).circuits([circuits]);
            let (token, text) = Token::issue(grant).expect("a token");
            tokens.push(token);
            text
        };
        let all = Role::ALL.map(|role| issue(role, "*"));
        let some = Role::ALL.map(|role| issue(role, "ra*"));
        let queues = Queues::in_memory().expect("queues");
        for name in ["rag", "vms"] {
            let made = queues.queue(name, QueueSettings::default());
            made.expect("a queue");
        }
        let desk = Desk::with(|admin| admin.queues(queues).tokens(Tokens::fixed(tokens)));
        Self { desk, all, some }
    }

    /// The text of a token for all circuits.
    pub(super) fn token(&self, role: Role) -> &str {
        self.all[role as usize].as_str()
    }

    /// The text of a token for some circuits.
    pub(super) fn limited(&self, role: Role) -> &str {
        self.some[role as usize].as_str()
    }

    /// The status only: a stream has no end that could be waited for.
    pub(super) async fn status(&self, request: Request<Body>) -> StatusCode {
        let answer = self.desk.router.clone().oneshot(local(request)).await;
        answer.expect("the router answers").status()
    }

    /// What an attacker must not be able to change, for both circuits and the main breaker.
    pub(super) fn state(&self) -> String {
        let circuits = [self.desk.rag, self.desk.vms].map(|circuit| {
            let now = circuit.snapshot();
            (now.state, now.generation, now.hold, now.settings)
        });
        format!("{circuits:?} {:?}", self.desk.registry.main().opened())
    }
}

/// A request with this token, or none.
pub(super) fn with(token: Option<&str>, method: &str, path: &str) -> Builder {
    let sent = request(method, path);
    match token {
        Some(token) => sent.header(header::AUTHORIZATION, format!("Bearer {token}")),
        None => sent,
    }
}

/// The request with this body.
pub(super) fn body(sent: Builder, body: impl Into<Body>) -> Request<Body> {
    sent.body(body.into()).expect("a request")
}
