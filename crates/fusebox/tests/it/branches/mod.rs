//! R19: circuits that judge each key apart.

mod isolation;
