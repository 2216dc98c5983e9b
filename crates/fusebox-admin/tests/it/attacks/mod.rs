//! Tests written as an attacker would.

mod bodies;
mod injection;
mod overriding;
mod paths;
mod rebinding;
mod routes;
mod secrets;
mod staff;

use staff::Staff;
