//! Variables that are almost ours: left alone they would be without effect, and nobody would see.
//!
//! Other programs' variables are often in the same environment, and other services' of the same
//! forms too. So only two mistakes are looked for: an ending that is almost a setting's, after a
//! beginning that is exactly ours; and `CIRCUIT_BREAKER` spelt almost right, with the rest exact.

use super::{EnvironmentError, Service, Variables};
use crate::settings::nearest;

/// What every variable of ours has in it.
const MIDDLE: &str = "CIRCUIT_BREAKER";

pub(super) fn check(
    variables: &Variables<'_>,
    services: &[Service],
) -> Result<(), EnvironmentError> {
    let mut families: Vec<(String, &[&str])> = vec![(format!("{MIDDLE}_"), &["ENABLED"])];
    families.extend(
        services
            .iter()
            .map(|service| (service.beginning(), service.keys())),
    );
    for name in variables.names() {
        let upper = name.to_ascii_uppercase();
        let is_ours = |(beginning, keys): &(String, &[&str])| {
            upper
                .strip_prefix(beginning.as_str())
                .is_some_and(|key| keys.contains(&key))
        };
        let meant = if families.iter().any(is_ours) {
            // In the wrong case, unless it is ours as it stands.
            (name != upper).then_some(upper)
        } else {
            families
                .iter()
                .find_map(|(beginning, keys)| almost(&upper, beginning, keys))
        };
        if let Some(meant) = meant {
            let allowed = format!("names no setting (did you mean {meant}?)");
            return Err(EnvironmentError::new(name, "", allowed));
        }
    }
    Ok(())
}

/// The variable of a family that a name is almost.
fn almost(name: &str, beginning: &str, keys: &[&str]) -> Option<String> {
    if let Some(ending) = name.strip_prefix(beginning) {
        // `CIRCUIT_BREAKER_RAG_V2_FAIL_MAX` is of the service RAG_V2, whatever RAG has.
        let of_another = keys.iter().any(|key| before(ending, key).is_some());
        let key = nearest(ending, keys).filter(|_| !of_another);
        return key.map(|key| format!("{beginning}{key}"));
    }
    if name.contains(MIDDLE) {
        return None;
    }
    let (head, tail) = beginning.split_once(MIDDLE)?;
    let found = keys.iter().find(|key| {
        let middle = name.strip_prefix(head).and_then(|rest| before(rest, key));
        let middle = middle.and_then(|rest| match tail.trim_end_matches('_') {
            "" => Some(rest),
            tail => rest.strip_suffix(tail),
        });
        middle.is_some_and(|middle| nearest(middle.trim_end_matches('_'), &[MIDDLE]).is_some())
    });
    found.map(|key| format!("{beginning}{key}"))
}

/// What stands before `_<key>`.
fn before<'a>(name: &'a str, key: &str) -> Option<&'a str> {
    name.strip_suffix(key)?.strip_suffix('_')
}
