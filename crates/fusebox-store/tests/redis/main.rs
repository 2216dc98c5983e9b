//! The Redis storage against a real server, which each test starts for itself.
