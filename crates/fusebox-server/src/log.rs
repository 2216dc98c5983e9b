//! The structured log on stderr.
