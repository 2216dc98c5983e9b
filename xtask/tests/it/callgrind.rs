//! `scripts/callgrind --judge`: what is too many instructions.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A file of kept counts; gone when it is dropped.
struct Kept(PathBuf);

impl Kept {
    fn new(name: &str, counts: &str) -> Self {
        let name = format!("fusebox-kept-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, counts).unwrap();
        Self(path)
    }

    /// Whether these counts are held to be as the kept ones.
    fn hold(&self, counts: &str) -> bool {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/callgrind");
        let mut command = Command::new(script);
        command.arg("--judge").arg(&self.0).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(counts.as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(told.lines().count(), counts.lines().count(), "{told}");
        output.status.success()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_case_may_take_a_tenth_more_and_no_more_than_that() {
    let kept = Kept::new("tenth", "call 200\nlong-call 40467\n");
    assert!(kept.hold("call 200\nlong-call 40467\n"));
    assert!(kept.hold("call 218\nlong-call 44109\n"), "9 %");
    assert!(kept.hold("call 220\n"), "10 %");
    assert!(!kept.hold("call 221\n"));
    assert!(!kept.hold("call 100\nlong-call 44514\n"), "one of two");
    assert!(
        !kept.hold("long-call 44514\ncall 100\n"),
        "the other of two"
    );
}

#[test]
fn counts_with_nothing_to_hold_them_against_are_no_success() {
    let kept = Kept::new("nothing", "call 200\n");
    assert!(!kept.hold("other 1\n"));
    assert!(!kept.hold(""));
}
