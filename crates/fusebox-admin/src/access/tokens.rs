//! The tokens that are valid, and the look-up of one.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use subtle::ConditionallySelectable;

use super::error::TokensError;
use super::file::{Stamp, TOKENS_MAX, TokenFile};
use super::secret::TokenText;
use super::token::{Grant, Token};

/// The tokens by which callers of the admin interface are known; a clone is the same set.
///
/// Kept in a file ([`Tokens::open`]) or by the host ([`Tokens::fixed`]). While there is no file, no
/// token is needed and only this machine is let in; once there is one, every request needs a token,
/// however many are left in it.
///
/// ```no_run
/// use fusebox_admin::{Grant, Role, Tokens};
///
/// let tokens = Tokens::open("tokens.json")?;
/// let grant = Grant::new("ci", Role::Operator).circuits(["rag*"]);
/// let (token, text) = tokens.create(grant)?;
/// println!("{} {}", token.id(), text.as_str()); // The text is shown this once.
/// tokens.revoke(token.id())?;
/// # Ok::<(), fusebox_admin::TokensError>(())
/// ```
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
}

struct Inner {
    /// `None`: the host keeps them.
    file: Option<TokenFile>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    tokens: Vec<Token>,
    /// Of the file when it was last read, or could not be.
    seen: Option<Stamp>,
    /// There has been a file.
    is_required: bool,
    trouble: Option<TokensError>,
}

/// What a text turned out to be.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    Valid(Token),
    Expired,
    Unknown,
}

impl Tokens {
    /// Follows this file, usually `tokens.json` in the data directory: when it changes, it is read
    /// again before the next request. Where what it then says is wrong, or it has gone, the tokens
    /// of before stay, which is logged and told by [`Tokens::trouble`].
    ///
    /// # Errors
    /// The file is there and cannot be read, is wrong, or can be written to by others. That there
    /// is none is no error.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TokensError> {
        let file = TokenFile::new(path.into());
        // The stamp first: a change after it will be seen.
        let seen = file.stamp()?;
        let tokens = file.read()?;
        let known = Known {
            is_required: tokens.is_some(),
            tokens: tokens.unwrap_or_default(),
            seen,
            trouble: None,
        };
        Ok(Self::of(Some(file), known))
    }

    /// These and no others, for hosts that keep their tokens themselves. Every request needs one
    /// of them, also where there are none.
    #[must_use]
    pub fn fixed(tokens: impl IntoIterator<Item = Token>) -> Self {
        let known = Known {
            tokens: tokens.into_iter().collect(),
            is_required: true,
            ..Known::default()
        };
        Self::of(None, known)
    }

    fn of(file: Option<TokenFile>, known: Known) -> Self {
        let known = RwLock::new(known);
        let inner = Arc::new(Inner { file, known });
        Self { inner }
    }

    /// Whether a request needs a token: there is a file, or the host keeps the tokens. A listener
    /// that others than this machine can reach must not be opened where this is false.
    #[must_use]
    pub fn are_required(&self) -> bool {
        self.refresh();
        self.read(|known| known.is_required)
    }

    /// What is wrong with the file, while the tokens of before are in force.
    #[must_use]
    pub fn trouble(&self) -> Option<TokensError> {
        self.refresh();
        self.read(|known| known.trouble.clone())
    }

    /// The tokens in force, the oldest first, expired ones too.
    #[must_use]
    pub fn list(&self) -> Vec<Token> {
        self.refresh();
        self.read(|known| known.tokens.clone())
    }

    /// Makes a token and adds it to the file, which is made where there is none. The text is
    /// returned here and kept nowhere.
    ///
    /// # Errors
    /// The grant is wrong, the file cannot be read or written, or there are 1,000 tokens already;
    /// nothing has changed then.
    pub fn create(&self, grant: Grant) -> Result<(Token, TokenText), TokensError> {
        let file = self.inner.file.as_ref().ok_or(TokensError::Fixed)?;
        let (token, text) = Token::issue(grant)?;
        file.change(|tokens| {
            if tokens.len() >= TOKENS_MAX {
                return Err(TokensError::Full(TOKENS_MAX));
            }
            tokens.push(token.clone());
            Ok(())
        })?;
        self.refresh();
        Ok((token, text))
    }

    /// Takes the token with this id out of the file. Whoever follows the file refuses it from the
    /// next request on.
    ///
    /// # Errors
    /// There is no such token, or the file cannot be read or written; nothing has changed then.
    pub fn revoke(&self, id: &str) -> Result<Token, TokensError> {
        let file = self.inner.file.as_ref().ok_or(TokensError::Fixed)?;
        let revoked = file.change(|tokens| {
            let at = tokens.iter().position(|token| token.id() == id);
            let at = at.ok_or_else(|| TokensError::Unknown(id.to_owned()))?;
            Ok(tokens.remove(at))
        })?;
        self.refresh();
        Ok(revoked)
    }

    /// Looks the text up. All tokens are compared, each in constant time, so that how long it takes
    /// tells nothing about any of them.
    pub(crate) fn find(&self, text: &TokenText, now: SystemTime) -> Found {
        self.refresh();
        let hash = text.hash();
        self.read(|known| {
            // One more than the index of the one that fits.
            let mut found = 0_u32;
            for (token, number) in known.tokens.iter().zip(1_u32..) {
                found.conditional_assign(&number, token.has_hash(&hash));
            }
            let index = found.checked_sub(1).map(|index| index as usize);
            match index.and_then(|index| known.tokens.get(index)) {
                None => Found::Unknown,
                Some(token) if token.has_expired(now) => Found::Expired,
                Some(token) => Found::Valid(token.clone()),
            }
        })
    }

    /// Reads the file again where it has changed.
    fn refresh(&self) {
        let Some(file) = &self.inner.file else {
            return;
        };
        let stamp = file.stamp();
        if matches!(&stamp, Ok(stamp) if self.read(|known| known.seen == *stamp)) {
            return;
        }
        let mut known = self
            .inner
            .known
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let read = stamp.and_then(|stamp| {
            if known.seen == stamp {
                return Ok(None); // Another request was here first.
            }
            known.seen = stamp;
            known.is_required |= stamp.is_some();
            match file.read()? {
                Some(tokens) => Ok(Some(tokens)),
                None => Err(file.broken("it has gone")),
            }
        });
        match read {
            Ok(None) => {}
            Ok(Some(tokens)) => {
                tracing::info!(tokens = tokens.len(), "the file of tokens was read again");
                known.tokens = tokens;
                known.trouble = None;
            }
            Err(error) => {
                if known.trouble.as_ref() != Some(&error) {
                    tracing::error!(%error, "the tokens of before stay in force");
                }
                known.trouble = Some(error);
            }
        }
    }

    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        // A panic in between leaves nothing half done: each field is replaced whole.
        look(
            &self
                .inner
                .known
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read(|known| {
            f.debug_struct("Tokens")
                .field("tokens", &known.tokens.len())
                .field("are_required", &known.is_required)
                .finish_non_exhaustive()
        })
    }
}
