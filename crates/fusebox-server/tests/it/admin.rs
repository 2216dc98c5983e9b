//! The admin interface, asked in process and over a real socket.

mod actions;
mod asking;
mod bad_input;
mod health;
mod reading;
mod socket;
