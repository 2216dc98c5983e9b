//! The text of a token: made, hashed, and kept out of everything that is shown.

use std::borrow::Cow;
use std::fmt;

use sha2::{Digest, Sha256};

/// By which people and scanners of repositories know what they have found.
const PREFIX: &str = "fbx_";
const RANDOM_BYTES: usize = 32;
/// 32 bytes in base64url, without padding.
const TEXT_CHARS: usize = 43;
const SHOWN_INSTEAD: &str = "fbx_[redacted]";

/// The text of a token, as its owner sends it. `Debug` does not show it; there is no `Display`.
#[derive(Clone)]
pub struct TokenText(String);

impl TokenText {
    /// A new one: `fbx_` and 43 characters, 32 bytes from the operating system.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; RANDOM_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(format!("{PREFIX}{}", base64url(&bytes))))
    }

    /// `None`: not of the shape that every token has.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let random = text.strip_prefix(PREFIX)?;
        let right = random.len() == TEXT_CHARS && random.bytes().all(is_base64url);
        right.then(|| Self(text.to_owned()))
    }

    /// The text itself, to be shown once or sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHOWN_INSTEAD)
    }
}

/// Whether somewhere in `text` stands what could be a token.
pub(crate) fn holds_token(text: &str) -> bool {
    find(text).is_some()
}

/// The text with `fbx_[redacted]` in place of everything that could be a token. People paste
/// headers into reasons, and scripts into paths.
pub(crate) fn redacted(text: &str) -> Cow<'_, str> {
    let Some(mut found) = find(text) else {
        return Cow::Borrowed(text);
    };
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    loop {
        out.push_str(&rest[..found.start]);
        out.push_str(SHOWN_INSTEAD);
        rest = &rest[found.end..];
        match find(rest) {
            Some(next) => found = next,
            None => break,
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A part of a token helps whoever finds it, so a run half as long counts too.
const SUSPICIOUS_CHARS: usize = 20;

/// Where the prefix and a long run of base64url stand; always at the borders of characters.
fn find(text: &str) -> Option<std::ops::Range<usize>> {
    let mut from = 0;
    while let Some(at) = text[from..].find(PREFIX) {
        let start = from + at;
        let random = &text.as_bytes()[start + PREFIX.len()..];
        let run = random
            .iter()
            .take_while(|byte| is_base64url(**byte))
            .count();
        if run >= SUSPICIOUS_CHARS {
            return Some(start..start + PREFIX.len() + run);
        }
        from = start + PREFIX.len();
    }
    None
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// RFC 4648 section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut word = [0; 4];
        word[1..=chunk.len()].copy_from_slice(chunk);
        let word = u32::from_be_bytes(word);
        for digit in 0..=chunk.len() {
            let index = (word >> (18 - 6 * digit)) & 63;
            text.push(char::from(DIGITS[index as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_is_as_the_rfc_writes_it() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (b"foobar", "Zm9vYmFy"),
            (&[0xfb, 0xff, 0xbf], "-_-_"),
        ] {
            assert_eq!(base64url(bytes), text);
        }
    }

    #[test]
    fn tokens_differ_and_have_the_shape_that_is_read() {
        let (one, other) = (TokenText::random().unwrap(), TokenText::random().unwrap());
        assert_ne!(one.as_str(), other.as_str());
        assert_ne!(one.hash(), other.hash());
        for token in [&one, &other] {
            assert_eq!(token.as_str().len(), 47);
            let read = TokenText::read(token.as_str()).expect("the right shape");
            assert_eq!(read.hash(), token.hash());
        }
        assert_eq!(format!("{one:?}"), "fbx_[redacted]");
    }

    #[test]
    fn what_has_another_shape_is_no_token() {
        let right = format!("fbx_{}", "a".repeat(43));
        assert!(TokenText::read(&right).is_some());
        for bad in [
            String::new(),
            "fbx_".to_owned(),
            right.to_uppercase(),
            format!("{right}a"),
            right[..46].to_owned(),
            right.replace('a', "+"),
            format!(" {right}"),
            format!("fbx_{}", "é".repeat(21) + "a"),
        ] {
            assert!(TokenText::read(&bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn tokens_are_taken_out_of_texts_wherever_they_stand() {
        let token = format!("fbx_{}", "aB-_9".repeat(9));
        for (text, expected) in [
            (token.clone(), "fbx_[redacted]".to_owned()),
            (format!("é{token}é"), "éfbx_[redacted]é".to_owned()),
            (
                format!("{token} and {token}"),
                "fbx_[redacted] and fbx_[redacted]".to_owned(),
            ),
            (format!("fbx_ {token}."), "fbx_ fbx_[redacted].".to_owned()),
            (token[..30].to_owned(), "fbx_[redacted]".to_owned()),
            ("fbx_short".to_owned(), "fbx_short".to_owned()),
            ("nothing".to_owned(), "nothing".to_owned()),
        ] {
            assert_eq!(redacted(&text), expected);
            assert_eq!(holds_token(&text), text != expected);
        }
    }
}
