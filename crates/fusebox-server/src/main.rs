//! The binary `fusebox`.

fn main() {}
