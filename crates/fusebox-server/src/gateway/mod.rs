//! The gateway: forwards requests to upstreams through their circuits.
