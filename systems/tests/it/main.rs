//! The systems at work, over real sockets.

mod fiscal_adapter;
mod folder;
mod http;
mod process;
mod sprints;
mod switches;
mod wait;
