//! An upstream that is this process itself.
//!
//! Refused is an address of the machine that a listener takes as well; `localhost` and "any
//! address" stand for both loopback addresses, and one of them is enough. What any other name leads
//! to shows when it is asked for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::circuit::CircuitSettings;
use super::problem::Place;
use super::section::Section;
use super::server::ServerSettings;
use super::upstream::Upstream;

/// Refuses circuits whose upstream is the gateway, or the admin interface beside it.
pub(super) fn refuse_upstreams(
    top: Section<'_>,
    server: &ServerSettings,
    circuits: &[(CircuitSettings, Place)],
) {
    let listeners = [
        (server.listen, "the gateway itself (server.listen"),
        (server.admin, "the admin interface (server.admin"),
    ];
    let Some(all) = top.table.table("circuits") else {
        return;
    };
    for (circuit, _) in circuits {
        let upstream = &circuit.upstream;
        let own = listeners.iter().find(|(at, _)| takes(*at, upstream));
        let node = all
            .table(&circuit.name)
            .and_then(|table| table.get("upstream"));
        if let (Some((at, what)), Some(node)) = (own, node) {
            let path = format!("circuits.{}", circuit.name);
            let section = Section { path: &path, ..top };
            let allowed = format!("a URL of another server: this is {what} is {at})");
            section.refuse("upstream", node, &allowed);
        }
    }
}

/// Whether a connection to the upstream comes to this listener.
fn takes(listener: SocketAddr, upstream: &Upstream) -> bool {
    // Port 0 is none yet, and no upstream has it.
    listener.port() == upstream.port
        && reached_by(&upstream.host)
            .iter()
            .any(|address| takes_address(listener.ip().to_canonical(), *address))
}

/// The addresses of this machine that a host stands for by itself; none for any other name.
fn reached_by(host: &str) -> Vec<IpAddr> {
    const LOOPBACK: [IpAddr; 2] = [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ];
    if host.trim_end_matches('.') == "localhost" {
        return LOOPBACK.to_vec();
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(address) = bare.parse::<IpAddr>() else {
        return Vec::new();
    };
    match address.to_canonical() {
        // Whoever connects to "any address" comes to loopback.
        address if address.is_unspecified() => LOOPBACK.to_vec(),
        address => vec![address],
    }
}

/// A listener on "any address" takes at least loopback, and `[::]` takes IPv4 as well.
fn takes_address(listener: IpAddr, address: IpAddr) -> bool {
    listener == address
        || match listener {
            IpAddr::V4(any) => any.is_unspecified() && address.is_ipv4() && address.is_loopback(),
            IpAddr::V6(any) => any.is_unspecified() && address.is_loopback(),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(listener: &str, upstream: &str) -> bool {
        takes(
            listener.parse().unwrap(),
            &Upstream::parse(upstream).unwrap(),
        )
    }

    #[test]
    fn every_way_to_write_an_address_of_the_listener_is_known() {
        for (listener, upstream) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("127.0.0.1:8080", "https://127.0.0.1:8080/base"),
            ("127.0.0.1:80", "http://127.0.0.1"),
            ("127.0.0.1:8080", "http://localhost:8080"),
            ("127.0.0.1:8080", "http://LOCALHOST.:8080"),
            ("127.0.0.1:8080", "http://[::ffff:127.0.0.1]:8080"),
            ("127.0.0.1:8080", "http://0.0.0.0:8080"),
            ("[::1]:8080", "http://localhost:8080"),
            ("[::1]:8080", "http://[::]:8080"),
            ("[::1]:8080", "http://[0:0:0:0:0:0:0:1]:8080"),
            ("0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("0.0.0.0:8080", "http://127.0.0.9:8080"),
            ("0.0.0.0:8080", "http://0.0.0.0:8080"),
            ("[::]:8080", "http://127.0.0.1:8080"),
            ("[::]:8080", "http://[::1]:8080"),
            ("192.0.2.7:8080", "http://192.0.2.7:8080"),
        ] {
            assert!(taken(listener, upstream), "{listener} {upstream}");
        }
    }

    #[test]
    fn what_may_be_another_server_is_taken() {
        for (listener, upstream) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8081"),
            ("127.0.0.1:8080", "http://127.0.0.2:8080"),
            ("127.0.0.1:8080", "http://[::1]:8080"),
            ("[::1]:8080", "http://127.0.0.1:8080"),
            ("127.0.0.1:8080", "http://192.0.2.7:8080"),
            ("127.0.0.1:8080", "http://gateway.example:8080"),
            ("127.0.0.1:8080", "http://local:8080"),
            ("0.0.0.0:8080", "http://192.0.2.7:8080"),
            ("0.0.0.0:8080", "http://[::1]:8080"),
            ("[::]:8080", "http://192.0.2.7:8080"),
            ("127.0.0.1:0", "http://127.0.0.1:8080"),
        ] {
            assert!(!taken(listener, upstream), "{listener} {upstream}");
        }
    }
}
