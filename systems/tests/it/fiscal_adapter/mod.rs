//! The fiscal adapter with its stand-in of the OFD, over real sockets.

mod circuit;
mod dead_letters;
mod health;
mod integration;
mod kills;
mod receipts;
mod shop;
