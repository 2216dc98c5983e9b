//! A circuit that is asked for by a name it does not quite have.

use serde_json::Value;

use super::service::Service;
use super::status::{CIRCUITS, LIST};
use super::trouble::Trouble;
use super::{detail, pages, path};
use crate::settings::nearest;

/// One circuit.
///
/// # Errors
/// As [`meant`] tells them.
pub(super) async fn get(service: &Service, name: &str) -> Result<Value, Trouble> {
    let answer = service.get(&path::circuit(name)?, &detail::CIRCUIT).await;
    meant(service, name, answer).await
}

/// The answer; where no circuit has this name, the refusal with the one that was probably meant.
///
/// # Errors
/// Those of the answer.
pub(super) async fn meant<T>(
    service: &Service,
    name: &str,
    answer: Result<T, Trouble>,
) -> Result<T, Trouble> {
    match answer {
        Err(Trouble::Refused {
            status,
            kind,
            title,
            detail,
        }) if kind == "unknown-circuit" && !detail.contains("did you mean") => {
            let meant = near(service, name).await;
            let hint = meant.map(|meant| format!(" (did you mean {meant}?)"));
            Err(Trouble::Refused {
                status,
                kind,
                title,
                detail: detail + &hint.unwrap_or_default(),
            })
        }
        answer => answer,
    }
}

/// Who may not read the list gets no hint.
async fn near(service: &Service, name: &str) -> Option<String> {
    let list = pages::all(service, CIRCUITS, &LIST, None).await;
    let list = list.ok()?;
    let circuits = list["circuits"].as_array()?;
    let names = circuits
        .iter()
        .filter_map(|circuit| circuit["name"].as_str());
    nearest(name, names).map(str::to_owned)
}
