//! Servers that stand in for what the systems call: real HTTP servers on loopback, with data of
//! their own and switches to fail, hang and slow down.

pub mod agent_services;
pub mod ai_providers;
pub mod essay_services;
pub mod ofd;
pub mod sprint_services;
pub mod switches;
pub mod third_parties;
