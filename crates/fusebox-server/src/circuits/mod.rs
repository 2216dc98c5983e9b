//! The box of live circuits: one breaker, its settings and its counts each.
