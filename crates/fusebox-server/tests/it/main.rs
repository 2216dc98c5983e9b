//! Tests of the binary `fusebox` from outside.

#[cfg(unix)]
mod demo;

mod admin;
mod gateway;
mod house;
mod stand_in;
mod stream;
