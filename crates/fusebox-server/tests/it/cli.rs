//! The commands that ask a daemon, or any service that mounts the admin interface.

mod asking;
mod daemon;
mod mounted;
mod tls;
mod tokens;
