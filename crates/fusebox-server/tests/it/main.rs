//! Tests of the binary `fusebox` from outside.
