//! The commands that ask a daemon, or any service that mounts the admin interface.

mod asking;
mod audit;
mod completions;
mod daemon;
mod events;
mod every;
mod mounted;
mod tls;
mod tokens;
