//! Who asks: the token, from the environment or from a file, and never from a flag, where every
//! process of the machine could read it.

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use http::HeaderValue;

use super::trouble::Trouble;

/// The token itself.
const TOKEN: &str = "FUSEBOX_TOKEN";
/// The name of a file that holds it.
const TOKEN_FILE: &str = "FUSEBOX_TOKEN_FILE";
/// A token is one short line; more is another file.
const BYTES_MAX: u64 = 4096;

/// The value of a variable; an empty one is as good as none.
///
/// # Errors
/// It is not text.
pub(super) fn variable(name: &str) -> Result<Option<String>, Trouble> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Trouble::Usage(format!("{name}: is not text"))),
    }
}

/// The header that says who asks, from `FUSEBOX_TOKEN`, else from the file that
/// `FUSEBOX_TOKEN_FILE` names. `None`: nobody in particular, which is enough on the daemon's own
/// machine while it has no tokens.
///
/// # Errors
/// The file cannot be read, or what is there is no token. The text of it is not told.
pub(super) fn authorization() -> Result<Option<HeaderValue>, Trouble> {
    if let Some(token) = variable(TOKEN)? {
        return bearer(&token, TOKEN).map(Some);
    }
    let Some(file) = variable(TOKEN_FILE)? else {
        return Ok(None);
    };
    let path = PathBuf::from(&file);
    let told = format!("{TOKEN_FILE}: {file}");
    let text =
        read(&path).map_err(|error| Trouble::Usage(format!("{told}: cannot be read: {error}")))?;
    bearer(&text, &told).map(Some)
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(BYTES_MAX)
        .read_to_string(&mut text)?;
    Ok(text)
}

fn bearer(token: &str, told: &str) -> Result<HeaderValue, Trouble> {
    let token = token.trim();
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let value = HeaderValue::try_from(format!("Bearer {token}")).ok();
    let Some(mut value) = value.filter(|_| is_token) else {
        return Err(Trouble::Usage(format!("{told}: holds no token")));
    };
    // Neither in debug output nor in a table of compressed headers.
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_stand_in_blanks_and_nothing_else_is_one() {
        let value = bearer(" fbx_abc\n", "x").unwrap();
        assert_eq!(value.to_str().unwrap(), "Bearer fbx_abc");
        assert!(value.is_sensitive());
        for wrong in ["", "\n", "two words", "line\nline", "cl\u{f6}", "a\u{7f}"] {
            let said = bearer(wrong, "FUSEBOX_TOKEN").unwrap_err().to_string();
            assert_eq!(said, "FUSEBOX_TOKEN: holds no token");
        }
    }
}
