//! Who is let in, and to what.

mod door;
mod file;
mod folder;
mod guesses;
mod patterns;

pub(super) use folder::Folder;
