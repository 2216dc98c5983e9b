//! The console: one page for people, built from `console/src` by `scripts/console build` and kept
//! in `console/dist`, so that a machine with Rust alone has it.
//!
//! It is served to everybody, for it holds nothing: what it shows it asks for with the token that
//! its user enters. Script and style have the hash of their content in their names, so that a
//! browser keeps them for good and never shows an old one.

mod asset;
mod bundle;

pub(crate) use asset::{ASK_AGAIN, routes, served};
pub(crate) use bundle::File;
