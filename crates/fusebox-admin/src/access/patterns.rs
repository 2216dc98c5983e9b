//! Which circuits somebody is concerned with.

use serde::{Deserialize, Serialize};

/// Patterns of circuit names, in which `*` stands for any run of characters, also an empty one.
/// The default is `*`, all circuits. No pattern at all means no circuit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub(crate) struct Patterns(Vec<String>);

/// Far more than anybody writes by hand; it bounds the work for one look at a list.
const PATTERNS_MAX: usize = 64;
/// A circuit's name has at most 100 characters.
const PATTERN_CHARS_MAX: usize = 100;

impl Patterns {
    /// All circuits.
    pub(crate) fn all() -> Self {
        Self(vec!["*".to_owned()])
    }

    /// Whether a circuit of this name is among them.
    pub(crate) fn fit(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| fits(pattern, name))
    }

    /// Whether every circuit is among them, also those that come later.
    pub(crate) fn are_all(&self) -> bool {
        let any = |pattern: &String| !pattern.is_empty() && pattern.bytes().all(|b| b == b'*');
        self.0.iter().any(any)
    }

    pub(crate) fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl TryFrom<Vec<String>> for Patterns {
    type Error = String;

    fn try_from(patterns: Vec<String>) -> Result<Self, String> {
        if patterns.is_empty() || patterns.len() > PATTERNS_MAX {
            return Err(format!("1 to {PATTERNS_MAX} patterns are allowed"));
        }
        for pattern in &patterns {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-*".contains(&byte);
            if pattern.is_empty()
                || pattern.len() > PATTERN_CHARS_MAX
                || !pattern.bytes().all(known)
            {
                return Err(format!(
                    "{pattern:?} is no pattern of circuit names: letters, digits, `.`, `_`, `-` \
                     and `*`, at most {PATTERN_CHARS_MAX}"
                ));
            }
        }
        Ok(Self(patterns))
    }
}

impl From<Patterns> for Vec<String> {
    fn from(patterns: Patterns) -> Self {
        patterns.0
    }
}

/// The usual two pointers: after a mismatch the last `*` takes one character more. At most
/// pattern times name steps, whatever the pattern.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(byte) if *byte == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, taken)) = star else {
                    return false;
                };
                star = Some((at, taken + 1));
                p = at + 1;
                n = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, name, expected) in [
            ("*", "rag", true),
            ("*", "", true),
            ("rag", "rag", true),
            ("rag", "rag2", false),
            ("rag", "RAG", false),
            ("rag*", "rag", true),
            ("rag*", "rag-backup", true),
            ("rag*", "drag", false),
            ("*rag", "drag", true),
            ("*rag", "drags", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXcYb", false),
            ("**a**", "bab", true),
            ("a*a", "a", false),
            ("r?g", "rag", false),
            ("r.g", "rag", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let pattern = "*a".repeat(49) + "b";
        let name = "a".repeat(10_000);
        // Exponential matchers would not come back from this one.
        assert!(!fits(&pattern, &name));
    }

    #[test]
    fn all_is_a_pattern_of_stars_only() {
        let all = |patterns: &[&str]| {
            let patterns = patterns.iter().map(|&p| p.to_owned()).collect::<Vec<_>>();
            Patterns::try_from(patterns).expect("patterns").are_all()
        };
        assert!(all(&["*"]) && all(&["rag", "**"]));
        assert!(!all(&["rag*"]) && !all(&["*a*"]) && !all(&["*a", "a*"]));
    }

    #[test]
    fn what_no_circuit_can_be_called_is_no_pattern() {
        for bad in ["", "rag *", "a\nb", "ä", "a/b", "[a]", &"x".repeat(101)] {
            assert!(Patterns::try_from(vec![bad.to_owned()]).is_err(), "{bad:?}");
        }
        assert!(Patterns::try_from(Vec::new()).is_err());
        assert!(Patterns::try_from(vec!["a".to_owned(); 65]).is_err());
    }
}
