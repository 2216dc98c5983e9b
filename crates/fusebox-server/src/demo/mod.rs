//! A live demonstration: an upstream that fails and recovers behind a circuit.
