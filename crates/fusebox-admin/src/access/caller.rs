//! Who is asking.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;
use fusebox::Author;

use super::patterns::Patterns;
use super::role::Role;
use crate::problem::Problem;

/// The name of whoever needs no token; no token may have it.
pub(crate) const LOCAL: &str = "local";

/// Somebody who was let in. The guard puts it into each request; handlers take it as an argument.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    name: Arc<str>,
    role: Role,
    circuits: Arc<Patterns>,
}

impl Caller {
    pub(super) fn new(name: &str, role: Role, circuits: Arc<Patterns>) -> Self {
        Self {
            name: name.into(),
            role,
            circuits,
        }
    }

    /// A user of this machine, where no tokens are set.
    pub(crate) fn local() -> Self {
        Self::new(LOCAL, Role::Admin, Arc::new(Patterns::all()))
    }

    /// The name of the token, or `local`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// Patterns of the circuits that are the caller's.
    pub(crate) fn patterns(&self) -> &[String] {
        self.circuits.as_slice()
    }

    /// As whom the breaker shall remember it.
    pub(crate) fn author(&self) -> Author {
        Author::new(&*self.name)
    }

    /// Whether this circuit is one of the caller's: in lists, streams and events others are left
    /// out.
    pub(crate) fn sees(&self, circuit: &str) -> bool {
        self.circuits.fit(circuit)
    }

    /// Whether every circuit is the caller's.
    pub(crate) fn sees_all(&self) -> bool {
        self.circuits.are_all()
    }

    /// Whether the caller has this role on this circuit.
    ///
    /// # Errors
    /// 403, whether there is such a circuit or not: who may not see it learns nothing.
    pub(crate) fn may(&self, role: Role, circuit: &str) -> Result<(), Problem> {
        self.is(role)?;
        if !self.sees(circuit) {
            return Err(Problem::forbidden(format!(
                "this token is for the circuits {}",
                self.circuits.as_slice().join(", ")
            )));
        }
        Ok(())
    }

    /// Whether the caller has this role on everything: the main breaker, the audit log, metrics.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn may_all(&self, role: Role) -> Result<(), Problem> {
        self.is(role)?;
        if !self.sees_all() {
            return Err(Problem::forbidden(
                "this concerns all circuits, and the token is for some of them",
            ));
        }
        Ok(())
    }

    /// Whether the caller has this role or a higher one.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn is(&self, role: Role) -> Result<(), Problem> {
        if self.role < role {
            return Err(Problem::forbidden(format!(
                "this takes the role {role}, the token has {}",
                self.role
            )));
        }
        Ok(())
    }
}

impl Caller {
    /// Who sent this.
    ///
    /// # Errors
    /// 403 where no guard has looked: every route stands behind it, and one that does not lets
    /// nobody in.
    pub(crate) fn of(extensions: &Extensions) -> Result<&Self, Problem> {
        let caller = extensions.get::<Self>();
        caller.ok_or_else(|| Problem::forbidden("nobody has looked who is asking"))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.extensions).cloned()
    }
}
