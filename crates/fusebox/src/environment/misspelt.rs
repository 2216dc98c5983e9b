//! Variables that are almost ours: left alone they would be without effect, and nobody would see.
//!
//! Other programs' variables are often in the same environment, and other services' of the same
//! forms too. So only three mistakes are looked for: an ending that is almost a setting's, or
//! another library's word for it, after a beginning that is exactly ours; a setting after the
//! beginning that the service has in the other form; and `CIRCUIT_BREAKER` spelt almost right,
//! with the rest exact.

use super::{EnvironmentError, Service, Variables};
use crate::settings::nearest;

/// What every variable of ours has in it.
const MIDDLE: &str = "CIRCUIT_BREAKER";

/// Other words for our endings; the first that a family has is meant.
const OTHER_WORDS: [(&[&str], &[&str]); 4] = [
    (
        &["FAIL_MAX", "FAILURE_THRESHOLD", "MAX_FAIL", "MAX_FAILURES"],
        &["FAILURE_THRESHOLD", "FAIL_MAX"],
    ),
    (
        &["RECOVERY_TIMEOUT", "RESET_TIMEOUT", "TIMEOUT"],
        &["RECOVERY_TIMEOUT"],
    ),
    (&["ENABLED", "DISABLED"], &["ENABLED"]),
    (
        &["FALLBACK_ENABLED", "FALLBACK_DISABLED"],
        &["FALLBACK_ENABLED"],
    ),
];

/// Variables of one beginning.
struct Family {
    beginning: String,
    keys: &'static [&'static str],
    /// What they would begin with in the other form.
    in_the_other_form: Option<String>,
}

impl Family {
    fn of(service: &Service) -> Self {
        let [beginning, other] = service.beginnings();
        Self {
            beginning,
            keys: service.keys(),
            in_the_other_form: Some(other),
        }
    }

    fn global() -> Self {
        Self {
            beginning: format!("{MIDDLE}_"),
            keys: &["ENABLED"],
            in_the_other_form: None,
        }
    }

    fn has(&self, name: &str) -> bool {
        let key = name.strip_prefix(self.beginning.as_str());
        key.is_some_and(|key| self.keys.contains(&key))
    }

    /// What is wrong with a name that is almost one of this family.
    fn objects_to(&self, name: &str) -> Option<String> {
        if let Some(ending) = name.strip_prefix(self.beginning.as_str()) {
            // `CIRCUIT_BREAKER_RAG_V2_FAIL_MAX` is of the service RAG_V2, whatever RAG has.
            let of_another = self.keys.iter().any(|key| before(ending, key).is_some());
            let key = nearest(ending, self.keys).filter(|_| !of_another);
            return match key.or_else(|| self.in_our_words(ending)) {
                Some(key) => Some(self.meant(key)),
                None => self.has_none_for(ending),
            };
        }
        let other = self.in_the_other_form.as_deref();
        if let Some(ending) = other.and_then(|other| name.strip_prefix(other)) {
            let key = self.in_our_words(ending).map(|key| self.meant(key));
            return key.or_else(|| self.has_none_for(ending));
        }
        self.key_after_almost_our_beginning(name)
            .map(|key| self.meant(key))
    }

    fn in_our_words(&self, ending: &str) -> Option<&'static str> {
        let (_, ours) = OTHER_WORDS
            .iter()
            .find(|(words, _)| words.contains(&ending))?;
        ours.iter().copied().find(|key| self.keys.contains(key))
    }

    /// The form by service has no variable for successes.
    fn has_none_for(&self, ending: &str) -> Option<String> {
        let is_other = self.in_the_other_form.is_some() && ending == "SUCCESS_THRESHOLD";
        is_other.then(|| {
            let beginning = &self.beginning;
            match self.keys.contains(&ending) {
                true => self.meant(ending),
                false => format!("names no setting: {beginning}* has none for it"),
            }
        })
    }

    fn meant(&self, key: &str) -> String {
        format!("names no setting (did you mean {}{key}?)", self.beginning)
    }

    fn key_after_almost_our_beginning(&self, name: &str) -> Option<&'static str> {
        // `CIRCUIT_BREAKERS_ENABLED` is almost ours, `MY_CIRCUIT_BREAKER_ENABLED` is not.
        if name.contains(&format!("{MIDDLE}_")) {
            return None;
        }
        let (head, tail) = self.beginning.split_once(MIDDLE)?;
        let found = self.keys.iter().find(|key| {
            let middle = name.strip_prefix(head).and_then(|rest| before(rest, key));
            let middle = middle.and_then(|rest| match tail.trim_end_matches('_') {
                "" => Some(rest),
                tail => rest.strip_suffix(tail),
            });
            let middle = middle.map(|middle| middle.trim_end_matches('_'));
            // What has more words has a service's name in it.
            middle.is_some_and(|middle| {
                middle.matches('_').count() <= 1 && nearest(middle, &[MIDDLE]).is_some()
            })
        });
        found.copied()
    }
}

pub(super) fn check(
    variables: &Variables<'_>,
    services: &[Service],
) -> Result<(), EnvironmentError> {
    let mut families = vec![Family::global()];
    families.extend(services.iter().map(Family::of));
    for name in variables.names() {
        let upper = name.to_ascii_uppercase();
        let wrong = if families.iter().any(|family| family.has(&upper)) {
            // In the wrong case, unless it is ours as it stands.
            (name != upper).then(|| format!("names no setting (did you mean {upper}?)"))
        } else {
            families.iter().find_map(|family| family.objects_to(&upper))
        };
        if let Some(wrong) = wrong {
            return Err(EnvironmentError::new(name, "", wrong));
        }
    }
    Ok(())
}

/// What stands before `_<key>`.
fn before<'a>(name: &'a str, key: &str) -> Option<&'a str> {
    name.strip_suffix(key)?.strip_suffix('_')
}
