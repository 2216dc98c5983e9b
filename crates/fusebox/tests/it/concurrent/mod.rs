//! Many threads on one breaker: what must hold whatever the order, and exactly once all is quiet.
//! The clock stands still or is moved by one thread, so the totals are known.

mod events;
mod late;
mod rejections;
mod totals;
mod trials;
mod trips;
