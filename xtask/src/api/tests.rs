//! Small crates, and what their snapshots say.
