//! Tests of the binary `fusebox` from outside.

#[cfg(unix)]
mod daemon;
#[cfg(unix)]
mod demo;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod settings;

mod admin;
mod gateway;
mod house;
mod stand_in;
mod stream;
