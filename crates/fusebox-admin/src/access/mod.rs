//! Who may do what: tokens, roles, and the checks before every request.

mod caller;
mod patterns;
mod role;
mod secret;

pub(crate) use caller::Caller;
pub use role::{Role, UnknownRole};
pub use secret::TokenText;
