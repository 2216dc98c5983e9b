//! One token as it is kept: everything but its text.

use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};

use super::caller::LOCAL;
use super::error::TokensError;
use super::patterns::Patterns;
use super::role::Role;
use super::secret::{TokenText, holds_token};

/// Whoever has no token is called so in the audit log.
pub(crate) const ANONYMOUS: &str = "anonymous";
const NAME_CHARS_MAX: usize = 100;
const ID_BYTES: usize = 4;

/// What a new token shall be.
#[derive(Clone, Debug)]
#[must_use]
pub struct Grant {
    name: String,
    role: Role,
    circuits: Vec<String>,
    expires: Option<SystemTime>,
}

impl Grant {
    /// For a person or program of this name, with this role, on all circuits, without an end.
    ///
    /// Names are letters, digits, `.`, `_`, `-` and `@`, at most 100. Several tokens may have one
    /// name, so that a new one can come before the old one goes.
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self {
            name: name.into(),
            role,
            circuits: vec!["*".to_owned()],
            expires: None,
        }
    }

    /// Only for circuits whose names fit one of these patterns, in which `*` stands for any run of
    /// characters. The default is `*`; to give none is an error when the token is made.
    pub fn circuits<T: Into<String>>(mut self, patterns: impl IntoIterator<Item = T>) -> Self {
        self.circuits = patterns.into_iter().map(Into::into).collect();
        self
    }

    /// From this instant on the token is refused; default never.
    pub fn expires(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }
}

/// A token as it is kept and listed. Its text is not in it, only the SHA-256 of that.
///
/// As JSON it is `{"id", "name", "role", "circuits", "created", "expires"?, "hash"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Token {
    id: String,
    name: String,
    role: Role,
    circuits: Patterns,
    created: SystemTime,
    expires: Option<SystemTime>,
    hash: Hash,
}

impl Token {
    /// Makes a token, for a host that keeps its tokens itself and gives them to
    /// [`Tokens::fixed`](super::Tokens::fixed). The text is nowhere else.
    ///
    /// # Errors
    /// [`TokensError::Grant`] where the grant is wrong, [`TokensError::Random`].
    pub fn issue(grant: Grant) -> Result<(Self, TokenText), TokensError> {
        let text = TokenText::random().map_err(|error| TokensError::Random(error.to_string()))?;
        let mut id = [0; ID_BYTES];
        getrandom::fill(&mut id).map_err(|error| TokensError::Random(error.to_string()))?;
        let wrong = |(field, detail)| TokensError::Grant { field, detail };
        let token = Self {
            id: hex(&id),
            name: checked_name(grant.name).map_err(wrong)?,
            role: grant.role,
            circuits: Patterns::try_from(grant.circuits)
                .map_err(|detail| wrong(("circuits", detail)))?,
            created: fusebox_store::whole_millis(SystemTime::now()),
            expires: grant.expires.map(fusebox_store::whole_millis),
            hash: Hash(text.hash()),
        };
        Ok((token, text))
    }

    /// By which it is revoked: eight hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whose it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it allows.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Patterns of the names of the circuits it is for.
    #[must_use]
    pub fn circuits(&self) -> &[String] {
        self.circuits.as_slice()
    }

    /// When it was made, to the millisecond.
    #[must_use]
    pub fn created(&self) -> SystemTime {
        self.created
    }

    /// From when on it is refused; `None`: never.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// Whether it is refused at this time of the wall.
    #[must_use]
    pub fn has_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    pub(super) fn patterns(&self) -> &Patterns {
        &self.circuits
    }

    /// In constant time.
    pub(super) fn has_hash(&self, hash: &[u8; 32]) -> Choice {
        self.hash.0.ct_eq(hash)
    }
}

/// Letters, digits and a few signs: it stands in logs, in the audit log and beside holds.
fn checked_name(name: String) -> Result<String, (&'static str, String)> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    let right = (1..=NAME_CHARS_MAX).contains(&name.len()) && name.bytes().all(known);
    // Whoever needs no token must not be mistaken for somebody who has one, nor the other way.
    let reserved = [LOCAL, ANONYMOUS].contains(&name.as_str());
    if !right || reserved || holds_token(&name) {
        let detail = format!(
            "letters, digits, `.`, `_`, `-` and `@`, at most {NAME_CHARS_MAX}, and neither \
             `{LOCAL}` nor `{ANONYMOUS}`"
        );
        return Err(("name", detail));
    }
    Ok(name)
}

/// As it stands in the file. A key too many is an error: a misspelt `expires` would be no expiry.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    name: String,
    role: Role,
    circuits: Patterns,
    created: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    hash: String,
}

impl From<Token> for Raw {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            name: token.name,
            role: token.role,
            circuits: token.circuits,
            created: fusebox_store::rfc3339(token.created),
            expires: token.expires.map(fusebox_store::rfc3339),
            hash: hex(&token.hash.0),
        }
    }
}

impl TryFrom<Raw> for Token {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let time = |field, text: &str| {
            fusebox_store::parse_rfc3339(text).map_err(|error| format!("{field}: {error}"))
        };
        let id_is_right = raw.id.len() == 2 * ID_BYTES
            && raw
                .id
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !id_is_right {
            return Err("id: not eight hexadecimal digits".to_owned());
        }
        Ok(Self {
            id: raw.id,
            name: checked_name(raw.name).map_err(|(field, detail)| format!("{field}: {detail}"))?,
            role: raw.role,
            circuits: raw.circuits,
            created: time("created", &raw.created)?,
            expires: raw.expires.map(|text| time("expires", &text)).transpose()?,
            hash: Hash(unhex(&raw.hash).ok_or("hash: not 64 hexadecimal digits")?),
        })
    }
}

/// SHA-256 of the text. Not shown: it is of no use to people.
#[derive(Clone, PartialEq, Eq)]
struct Hash([u8; 32]);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| char::from(digits[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some(bytes)
}
