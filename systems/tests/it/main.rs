//! The systems at work, over real sockets.

mod http;
mod sprints;
mod switches;
