//! What only a file can do: be strange, damaged, newer, held by another, read by others.

use std::fs;
use std::path::Path;

use fusebox_store::{Batch, EventQuery, Sqlite, Storage, StoreError, verify_audit};
use rusqlite::Connection;

use crate::drafts::{action, event, full};
use crate::place::{File, Folder, Place};

fn a_batch(number: u64) -> Batch {
    Batch {
        number,
        circuits: vec![full("rag", number)],
        events: vec![event("rag", 1, number)],
        audit: vec![action("hold", "rag", number)],
        ..Batch::default()
    }
}

fn filled() -> Folder {
    let mut file = File::new();
    let mut storage = file.open();
    for number in 1..=3 {
        storage.write(&a_batch(number)).expect("writes");
    }
    file.0
}

fn raw(path: &Path) -> Connection {
    Connection::open(path).expect("opens")
}

#[test]
fn the_file_has_a_write_ahead_log_and_a_schema_version() {
    let folder = filled();
    let other = raw(&folder.file());
    let mode: String = other
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .expect("has a mode");
    assert_eq!(mode, "wal");
    let version: i64 = other
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("has a version");
    assert_eq!(version, 1);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_file_and_those_beside_it() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    let folder = Folder::new();
    let path = folder.file();
    let mut storage = Sqlite::open(&path).expect("opens");
    storage.write(&a_batch(1)).expect("writes");
    for file in [
        path.clone(),
        path.with_extension("db-wal"),
        path.with_extension("db-shm"),
    ] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    drop(storage);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("is ours");
    drop(Sqlite::open(&path).expect("opens"));
    assert_eq!(mode(&path), 0o600, "a file that was open to others");
}

#[test]
fn the_folder_of_the_file_is_made() {
    let folder = Folder::new();
    let path = folder.file().join("deeper").join("state.db");
    Sqlite::open(&path).expect("opens");
    assert!(path.exists());
}

#[test]
fn a_newer_schema_is_refused_and_left_as_it_is() {
    let folder = filled();
    let path = folder.file();
    raw(&path)
        .pragma_update(None, "user_version", 99)
        .expect("writes");
    let error = Sqlite::open(&path).expect_err("is newer");
    let place = path.display().to_string();
    let expected = StoreError::Newer {
        place: place.clone(),
        found: 99,
        known: 1,
    };
    assert_eq!(error, expected);
    assert!(error.is_lasting());
    let text = error.to_string();
    assert!(text.contains(&place) && text.contains("99"), "{text}");
    let rows: i64 = raw(&path)
        .query_row("SELECT count(*) FROM events", (), |row| row.get(0))
        .expect("is as it was");
    assert_eq!(rows, 3);
}

#[test]
fn another_programs_database_is_not_taken_over() {
    let folder = Folder::new();
    let path = folder.file();
    raw(&path)
        .execute_batch("CREATE TABLE shop (id INTEGER)")
        .expect("writes");
    let error = Sqlite::open(&path).expect_err("is not ours");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    let tables: i64 = raw(&path)
        .query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))
        .expect("reads");
    assert_eq!(tables, 1, "nothing was put into it");
}

#[test]
fn a_file_that_is_no_database_is_an_error_that_names_it() {
    let folder = Folder::new();
    fs::write(folder.file(), "circuits = [\"rag\"]\n".repeat(100)).expect("writes");
    let error = Sqlite::open(folder.file()).expect_err("is no database");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("state.db"), "{error}");
}

#[test]
fn a_damaged_file_is_an_error_and_never_an_empty_store() {
    let folder = filled();
    let path = folder.file();
    // Closing the last connection put everything into the file itself.
    let mut bytes = fs::read(&path).expect("reads");
    for byte in &mut bytes[4096..] {
        *byte = 0xa5;
    }
    fs::write(&path, bytes).expect("writes");
    let result = Sqlite::open(&path).and_then(|mut storage| storage.load());
    let error = result.expect_err("is damaged");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("state.db"), "{error}");
}

#[test]
fn a_record_that_nobody_understands_is_an_error() {
    let folder = filled();
    for text in [
        "{}",
        "not json",
        r#"{"record": {"circuit": "rag"}, "branches": []}"#,
    ] {
        raw(&folder.file())
            .execute("UPDATE states SET record = ?1", [text])
            .expect("writes");
        let loaded = Sqlite::open(folder.file()).and_then(|mut storage| storage.load());
        assert!(
            matches!(loaded, Err(StoreError::Corrupt { .. })),
            "{text}: {loaded:?}"
        );
    }
    let sql = r#"UPDATE states SET record = json_replace(?1, '$.record.saved.state', 'fine')"#;
    let good = serde_json::to_string(&full("rag", 1)).expect("is text");
    raw(&folder.file()).execute(sql, [good]).expect("writes");
    let loaded = Sqlite::open(folder.file()).and_then(|mut storage| storage.load());
    let error = loaded.expect_err("knows no such state").to_string();
    assert!(
        error.contains("fine") && error.contains("half_open"),
        "{error}"
    );
}

#[test]
fn a_place_that_cannot_be_opened_may_work_later() {
    let folder = Folder::new();
    fs::create_dir(folder.file()).expect("is free");
    let error = Sqlite::open(folder.file()).expect_err("is a folder");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(!error.is_lasting());
    assert!(error.to_string().contains("state.db"), "{error}");
}

#[test]
fn the_audit_log_refuses_every_change() {
    let folder = filled();
    let other = raw(&folder.file());
    for sql in [
        "UPDATE audit SET who = 'eve'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE id = 3",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE id = 2",
        "REPLACE INTO audit SELECT 3, at_ms, 'eve', role, from_where, action, target, why,
             value_before, value_after, answer, request_id, hash FROM audit WHERE id = 3",
    ] {
        let refused = other.execute(sql, ()).expect_err(sql).to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    let check = verify_audit(&mut Sqlite::open(folder.file()).expect("opens")).expect("reads");
    assert!(check.holds() && check.entries == 3);
}

#[test]
fn a_change_behind_the_stores_back_breaks_the_chain_where_it_was_made() {
    for (sql, id, why) in [
        (
            "UPDATE audit SET who = 'eve' WHERE id = 2",
            2,
            "not the one",
        ),
        (
            "UPDATE audit SET at_ms = at_ms + 1 WHERE id = 1",
            1,
            "not the one",
        ),
        (
            "UPDATE audit SET hash = upper(hash) WHERE id = 3",
            3,
            "not the one",
        ),
        (
            "UPDATE audit SET value_before = '{}' WHERE id = 3",
            3,
            "not the one",
        ),
        ("DELETE FROM audit WHERE id = 2", 2, "missing"),
        (
            "DELETE FROM audit WHERE id = 3",
            3,
            "newest entries are gone",
        ),
        (
            "DELETE FROM audit WHERE id = 1",
            1,
            "oldest entries are gone",
        ),
        ("DELETE FROM audit", 1, "every entry is gone"),
        (
            "INSERT INTO audit SELECT 0, at_ms, who, role, from_where, action, target, why,
                 value_before, value_after, answer, request_id,
                 '0000000000000000000000000000000000000000000000000000000000000000'
             FROM audit WHERE id = 1",
            0,
            "put in before the first",
        ),
    ] {
        let folder = filled();
        let drop = "DROP TRIGGER audit_stays; DROP TRIGGER audit_stays_as_it_is;";
        raw(&folder.file()).execute_batch(drop).expect("writes");
        raw(&folder.file()).execute(sql, ()).expect("writes");
        let check = verify_audit(&mut Sqlite::open(folder.file()).expect("opens"));
        let broken = check.expect("reads").broken.expect(sql);
        assert_eq!(broken.id, id, "{sql}");
        assert!(broken.why.contains(why), "{sql}: {}", broken.why);
    }
}

#[test]
fn another_process_may_read_meanwhile() {
    let folder = filled();
    let mut writer = Sqlite::open(folder.file()).expect("opens");
    let mut reader = Sqlite::open(folder.file()).expect("opens");
    writer.write(&a_batch(4)).expect("writes");
    let page = reader.events(&EventQuery::default()).expect("reads");
    assert_eq!(page.items.len(), 4);
    assert_eq!(writer.path(), reader.path());
}

#[test]
fn a_batch_that_fails_in_the_middle_leaves_nothing() {
    let folder = filled();
    let mut storage = Sqlite::open(folder.file()).expect("opens");
    let before = storage.load().expect("reads");
    let trigger = "CREATE TRIGGER full BEFORE INSERT ON audit WHEN NEW.who = 'ada'
                   BEGIN SELECT RAISE(ABORT, 'no room'); END";
    raw(&folder.file()).execute_batch(trigger).expect("writes");
    storage.write(&a_batch(9)).expect_err("has no room");
    assert_eq!(storage.load(), Ok(before));
    let page = storage.events(&EventQuery::default()).expect("reads");
    assert_eq!(page.items.len(), 3);
}
