//! Who may do what: tokens, roles, and the checks before every request.

mod caller;
mod door;
mod error;
mod file;
mod limit;
mod needs;
mod origin;
mod patterns;
mod role;
mod secret;
mod token;
mod tokens;

pub(crate) use caller::Caller;
pub(crate) use door::{Door, Refused, peer};
pub use error::TokensError;
pub(crate) use needs::{Need, Of, need};
pub(crate) use origin::is_own_page_of_this_machine;
pub use origin::own_pages_only;
pub use role::{Role, UnknownRole};
pub use secret::TokenText;
pub(crate) use secret::{holds_token, redacted};
pub(crate) use token::ANONYMOUS;
pub use token::{Grant, Token};
pub use tokens::Tokens;
