//! Files of stores that are not as they were written: damaged rows and damaged bytes.
//!
//! The input is lines that say what is damaged, see `fuzz/src/damage.rs`.
#![no_main]

use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use fusebox::{HoldKind, Registry, Snapshot, State};
use fusebox_fuzz::{BOUND, Damage, KEPT_TABLES, Scratch, StateFile, damage, define, reopened_at};
use fusebox_store::{
    AuditQuery, EventQuery, Keeper, Limits, Sqlite, Storage, StoreError, verify_audit,
};
use libfuzzer_sys::fuzz_target;

/// A registry never frees its circuits, and only new ones are restored: so many inputs have one, as
/// memory is bounded.
const REGISTRIES_MAX: u32 = 10_000;

/// What is damaged may take no write, and a keeper tries until it is closed.
const SOON: Duration = Duration::from_millis(100);

/// The file, and how many registries there were.
struct House {
    file: StateFile,
    registries: u32,
}

fuzz_target!(|input: &str| {
    static HOUSE: OnceLock<Mutex<House>> = OnceLock::new();
    let house = HOUSE.get_or_init(|| Mutex::new(House::new()));
    let mut house = house.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Scratch::new();
    let path = folder.path().join("state.db");
    std::fs::write(&path, &house.file.file).expect("a file");
    let done = damage(&path, input, KEPT_TABLES);
    let before = std::fs::read(&path).expect("a file");
    match Sqlite::open(&path) {
        Ok(storage) => {
            read(storage, &house.file, &done);
            house.restored(&path, &done);
        }
        Err(StoreError::Newer { .. }) => {
            assert_eq!(std::fs::read(&path).expect("a file"), before);
        }
        Err(error) => is_told(&error, &done),
    }
});

/// Everything can be read, or an error says what cannot.
fn read(mut storage: Sqlite, file: &StateFile, done: &Damage) {
    let told = |error: StoreError| is_told(&error, done);
    if let Ok(kept) = storage.load().map_err(told) {
        let _ = format!("{kept:?}");
    }
    if let Ok(events) = storage.events(&EventQuery::default()).map_err(told) {
        for event in events.items {
            let replay = storage.replay(event.id).map_err(told);
            assert!(
                replay.is_err()
                    || done.bytes
                    || replay.is_ok_and(|r| r.is_some() == event.has_replay)
            );
        }
    }
    let audit = storage.audit(&AuditQuery::default()).map_err(told);
    let check = verify_audit(&mut storage).map_err(told);
    if let (Ok(audit), Ok(check), false) = (audit, check, done.bytes) {
        // No change of a row goes unseen.
        assert_eq!(check.holds(), audit.items == file.audit, "{check:?}");
    }
    let _ = storage
        .trim(&Limits::default(), reopened_at())
        .map_err(told);
}

fn is_told(error: &StoreError, done: &Damage) {
    assert!(done.bytes || !done.rows.is_empty(), "{error}");
    assert!(!error.to_string().contains('\n'), "{error}");
    assert!(
        matches!(error, StoreError::Corrupt { .. }) || done.bytes,
        "{error}"
    );
}

impl House {
    fn new() -> Self {
        Self {
            file: StateFile::new(),
            registries: 0,
        }
    }

    /// Every circuit is where it was, or at rest.
    fn restored(&mut self, path: &Path, done: &Damage) {
        if self.registries == REGISTRIES_MAX {
            return;
        }
        self.registries += 1;
        let registry = Registry::new();
        define(&registry);
        let Ok(storage) = Sqlite::open(path) else {
            assert!(done.bytes);
            return;
        };
        let builder = Keeper::builder().wall(reopened_at).start_within(BOUND);
        let builder = builder.answer_within(SOON).close_within(SOON);
        match builder.start(&registry, storage) {
            Ok(keeper) => {
                is_sane(&registry, done);
                let _ = keeper.flushed().wait(SOON);
                let _ = keeper.close();
            }
            Err(error) => is_told(&error, done),
        }
    }
}

fn is_sane(registry: &Registry, done: &Damage) {
    for circuit in registry.circuits() {
        let now = circuit.snapshot();
        let most = circuit.settings().open_for_max();
        let is_open = now.state == State::Open && now.hold.is_none();
        let left = now.retry_after.unwrap_or(Duration::ZERO);
        assert!(!is_open || left <= most, "{now:?}");
        drop(circuit.acquire());
    }
    if !done.bytes && done.rows.is_empty() {
        let of = |name| registry.get(name).expect("a circuit").snapshot();
        assert_eq!(of("rag").state, State::Open);
        assert_eq!(held(&of("held")), Some(HoldKind::ForcedOpen));
        assert!(registry.main().is_open());
    }
}

fn held(snapshot: &Snapshot) -> Option<HoldKind> {
    snapshot.hold.as_ref().map(|hold| hold.kind)
}
