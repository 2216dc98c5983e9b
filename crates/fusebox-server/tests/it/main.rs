//! Tests of the binary `fusebox` from outside.

#[cfg(unix)]
mod demo;

mod admin;
