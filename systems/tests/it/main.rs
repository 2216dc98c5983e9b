//! The systems at work, over real sockets.

mod http;
mod switches;
