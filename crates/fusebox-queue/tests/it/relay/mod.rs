//! The relay, in virtual time, against the queues' real threads.

mod attempts;
mod branches;
mod follow;
mod global;
mod order;
mod pace;
mod slow;
mod stop;
mod trial;
mod trouble;
mod world;
