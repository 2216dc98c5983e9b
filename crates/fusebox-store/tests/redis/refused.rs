//! Servers that refuse: full, read-only, loading nothing, wanting another password or user.

use fusebox_store::{Redis, Storage, StoreError};

use crate::records::batch;
use crate::server::Server;

/// The text of an error that says to try again later.
fn unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    let error = result.expect_err("it refuses");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(!error.is_lasting());
    error.to_string()
}

#[test]
fn a_full_server_refuses_the_whole_batch_and_heals() {
    let server = Server::start();
    let mut storage = server.storage();
    storage.write(&batch(1)).expect("written");
    let mut wire = server.wire();
    assert_eq!(wire.text("CONFIG SET maxmemory 1"), "OK");
    let said = unavailable(storage.write(&batch(2)));
    assert!(said.contains("OOM"), "{said}");
    assert_eq!(storage.load().expect("can still be read").circuits.len(), 1);
    assert_eq!(wire.number("XLEN fusebox:events"), 1);
    assert_eq!(wire.text("CONFIG SET maxmemory 0"), "OK");
    assert_eq!(storage.write(&batch(2)).expect("written").events, [2]);
}

#[test]
fn a_replica_of_a_dead_host_is_read_only_and_heals_when_promoted() {
    let server = Server::start();
    let mut storage = server.storage();
    storage.write(&batch(1)).expect("written");
    let mut wire = server.wire();
    assert_eq!(wire.text("REPLICAOF 127.0.0.1 1"), "OK");
    let said = unavailable(storage.write(&batch(2)));
    assert!(said.contains("READONLY"), "{said}");
    assert_eq!(wire.text("REPLICAOF NO ONE"), "OK");
    assert_eq!(storage.write(&batch(2)).expect("written").events, [2]);
}

#[test]
fn a_server_without_scripts_or_with_forgotten_ones_is_good_enough() {
    let server = Server::with(&[
        "--rename-command",
        "EVALSHA",
        "",
        "--rename-command",
        "EVAL",
        "",
    ]);
    let mut storage = server.storage();
    storage.write(&batch(1)).expect("written");
    assert_eq!(server.wire().text("SCRIPT FLUSH"), "OK");
    storage.write(&batch(2)).expect("written");
}

#[test]
fn a_password_is_used_and_a_wrong_or_missing_one_is_named_without_telling_it() {
    let server = Server::with(&["--requirepass", "s3cret"]);
    let place = format!("127.0.0.1:{}", server.port());
    let open = |user: &str| Redis::open(&format!("redis://{user}{place}")).expect("a URL");
    open(":s3cret@").write(&batch(1)).expect("written");
    for (user, hint) in [
        ("", "it wants a password"),
        (":wr0ng@", "refuses the user or the password"),
        ("zoe:s3cret@", "refuses the user or the password"),
    ] {
        let said = unavailable(open(user).write(&batch(1)));
        assert!(said.contains(hint) && said.contains(&place), "{said}");
        let tells = said.contains("s3cret") || said.contains("wr0ng") || said.contains("zoe");
        assert!(!tells, "{said}");
    }
}

#[test]
fn a_user_who_may_not_write_is_told_what_is_missing() {
    let server = Server::start();
    let mut wire = server.wire();
    let created = wire.ask("ACL SETUSER reader on >s3cret ~* +@read +@connection +@transaction");
    assert_eq!(created, crate::wire::Answer::Text("OK".to_owned()));
    let url = format!("redis://reader:s3cret@127.0.0.1:{}", server.port());
    let mut storage = Redis::open(&url).expect("a URL");
    assert!(storage.load().expect("may be read").circuits.is_empty());
    let said = unavailable(storage.write(&batch(1)));
    assert!(said.contains("may not do what is needed"), "{said}");
    assert!(
        said.contains("NOPERM") && !said.contains("s3cret"),
        "{said}"
    );
    assert_eq!(wire.number("DBSIZE"), 0);
}

#[test]
fn a_user_with_the_rights_that_the_documentation_lists_can_do_everything() {
    let server = Server::start();
    let rule = "ACL SETUSER fusebox on >s3cret ~circuit_breaker_* ~fusebox:* \
                +@read +@write +@transaction +@connection -@dangerous";
    let created = server.wire().ask(rule);
    assert_eq!(created, crate::wire::Answer::Text("OK".to_owned()));
    let url = format!("redis://fusebox:s3cret@127.0.0.1:{}", server.port());
    let mut storage = Redis::open(&url).expect("a URL");
    storage.write(&batch(1)).expect("written");
    assert_eq!(storage.load().expect("loaded").circuits.len(), 1);
    let limits = fusebox_store::Limits::default();
    storage
        .trim(&limits, crate::records::noon())
        .expect("trimmed");
}

#[test]
fn a_database_that_does_not_exist_is_an_error() {
    let server = Server::start();
    let mut storage = Redis::open(&format!("{}/9999", server.url())).expect("a URL");
    unavailable(storage.load());
}
