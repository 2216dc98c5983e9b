//! What a call through the layer costs.
#![allow(missing_docs)]
fn main() {
    divan::main();
}
