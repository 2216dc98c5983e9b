//! The settings: what the file, the environment and the flags say, checked and with defaults filled in.
