//! Keeps what circuit breakers know across restarts.
