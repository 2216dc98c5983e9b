//! What a path names: a circuit, or a branch of it.

use axum::RequestPartsExt;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use fusebox::Listed;

use crate::desk::Desk;
use crate::problem::Problem;

/// The circuit that the path names; 404 where there is none.
pub(crate) struct Named(pub(crate) Listed);

impl FromRequestParts<Desk> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        // What is no UTF-8 after decoding cannot be the name of a circuit either.
        let name = param(parts, "name").await;
        let name = name.as_deref().unwrap_or("\u{fffd}");
        let listed = desk.registry.listed(name);
        listed
            .map(Self)
            .ok_or_else(|| Problem::unknown_circuit(name))
    }
}

/// A key of the keyed circuit that the path names; 404 where the circuit is not keyed. Whether
/// the key is known is not asked.
pub(crate) struct NamedKey(pub(crate) Listed, pub(crate) String);

impl FromRequestParts<Desk> for NamedKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        let Named(circuit) = Named::from_request_parts(parts, desk).await?;
        if circuit.circuit.branch_settings().is_none() {
            let detail = format!("circuit {} has no branches", circuit.circuit.name());
            return Err(Problem::not_found("not-keyed", "Not keyed", detail));
        }
        let key = param(parts, "key").await;
        let key = key.ok_or_else(|| unknown_branch(&circuit, "\u{fffd}"))?;
        Ok(Self(circuit, key))
    }
}

/// No branch has this key.
pub(crate) fn unknown_branch(circuit: &Listed, key: &str) -> Problem {
    let name = circuit.circuit.name();
    let detail = format!("circuit {name} knows no branch {key:?}");
    Problem::not_found("unknown-branch", "Unknown branch", detail)
}

async fn param(parts: &mut Parts, called: &str) -> Option<String> {
    let params = parts.extract::<RawPathParams>().await.ok()?;
    let mut params = params.iter();
    let found = params.find(|(name, _)| *name == called);
    found.map(|(_, value)| value.to_owned())
}
