//! The admin API: what the circuits do, and the hands that move them.
