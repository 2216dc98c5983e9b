//! What `files` writes, where, and with which exit code.

use fusebox_sim::replay::{FILE_BYTES_MAX, Question, files};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A folder for one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("a file for the test");
        path
    }

    fn holds(&self) -> PathBuf {
        self.file(
            "holds.json",
            br#"{"id": "holds", "breaker": {}, "steps": []}"#,
        )
    }

    fn fails(&self) -> PathBuf {
        let content = br#"{"id": "fails", "breaker": {}, "steps": [{"expect": {"late": 1}}]}"#;
        self.file("fails.json", content)
    }

    fn bad(&self) -> PathBuf {
        self.file(
            "bad.json",
            br#"{"id": "bad", "breaker": {}, "steps": [{"do": "x"}]}"#,
        )
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind is only untidy.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn asked(json: bool) -> Question {
    Question {
        json,
        ..Question::default()
    }
}

fn replay(paths: &[PathBuf], json: bool) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = files(paths, &asked(json), &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (code, text(out), text(err))
}

#[test]
fn all_files_hold_is_0() {
    let folder = Folder::new("all-hold");
    let (code, out, err) = replay(&[folder.holds(), folder.holds()], false);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(
        out,
        "holds: holds\nholds: holds\n2 files: 2 hold, 0 do not, 0 bad\n"
    );
}

#[test]
fn a_file_that_does_not_hold_is_1_and_says_why() {
    let folder = Folder::new("one-fails");
    let (code, out, err) = replay(&[folder.fails(), folder.holds()], false);
    assert_eq!((code, err.as_str()), (1, ""));
    assert!(
        out.contains("fails: does not hold\n  step 1: late expected 1, was 0\n"),
        "{out}"
    );
    assert!(out.contains("holds: holds"), "{out}");
}

#[test]
fn a_bad_file_is_2_and_the_others_still_run() {
    let folder = Folder::new("one-bad");
    let (code, out, err) = replay(&[folder.bad(), folder.fails(), folder.holds()], false);
    assert_eq!(code, 2);
    assert!(
        out.contains("fails: does not hold") && out.contains("holds: holds"),
        "{out}"
    );
    assert!(
        err.contains("bad.json: step 1: ") && err.lines().count() == 1,
        "{err}"
    );
}

#[test]
fn json_is_one_line_a_file_in_order() {
    let folder = Folder::new("json");
    let (code, out, err) = replay(&[folder.holds(), folder.bad(), folder.fails()], true);
    assert_eq!(code, 2);
    let wanted = [
        r#"{"id":"holds","ok":true,"failed_step":null,"expected":null,"actual":null}"#,
        r#"{"id":"bad","ok":false,"failed_step":null,"expected":null,"actual":null}"#,
        r#"{"id":"fails","ok":false,"failed_step":1,"expected":{"late":1},"actual":{"late":0}}"#,
    ];
    assert_eq!(out.lines().collect::<Vec<_>>(), wanted);
    assert!(err.contains("bad.json"), "{err}");
}

#[test]
fn a_missing_file_and_a_folder_are_bad_files() {
    let folder = Folder::new("missing");
    for path in [folder.0.join("nowhere.json"), folder.0.clone()] {
        let (code, _, err) = replay(&[path], false);
        assert_eq!(code, 2);
        assert!(err.contains("cannot be read"), "{err}");
    }
}

#[test]
fn a_file_over_the_limit_is_refused() {
    let folder = Folder::new("limit");
    let size = usize::try_from(FILE_BYTES_MAX).expect("a size");
    let mut content = br#"{"id": "large", "breaker": {}, "steps": []}"#.to_vec();
    content.resize(size, b' ');
    let (code, out, _) = replay(&[folder.file("most.json", &content)], false);
    assert_eq!((code, out.as_str()), (0, "large: holds\n"));
    content.push(b' ');
    let (code, _, err) = replay(&[folder.file("more.json", &content)], false);
    assert_eq!(code, 2);
    assert!(err.contains("16 MiB"), "{err}");
}

struct Full(io::ErrorKind);

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn answers_that_cannot_be_written_are_2() {
    let folder = Folder::new("full");
    let mut err = Vec::new();
    let full = &mut Full(io::ErrorKind::StorageFull);
    assert_eq!(files(&[folder.holds()], &asked(false), full, &mut err), 2);
    assert!(String::from_utf8_lossy(&err).contains("cannot write"));
    let gone = &mut Full(io::ErrorKind::BrokenPipe);
    assert_eq!(
        files(&[folder.holds()], &asked(true), gone, &mut io::sink()),
        2
    );
}
