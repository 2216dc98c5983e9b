//! Tests written as an attacker would.
