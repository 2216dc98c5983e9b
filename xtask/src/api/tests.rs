//! Small crates, and what their snapshots say.

use crate::metadata::{Package, Target};
use crate::repo::Repo;

use super::{ACCEPT, check, difference, snapshot};

/// A checkout with one crate, `fusebox`.
fn checkout(files: &[(&str, &str)]) -> Repo {
    let target = Target {
        kind: "lib".to_owned(),
        path: "src/lib.rs".to_owned(),
    };
    let package = Package {
        name: "fusebox".to_owned(),
        member: true,
        targets: vec![target],
        features: vec!["macros".to_owned()],
        ..Package::default()
    };
    let mut repo = Repo::of(files);
    repo.packages.push(package);
    repo
}

fn lines(files: &[(&str, &str)]) -> Vec<String> {
    let repo = checkout(files);
    let text = snapshot(&repo, &repo.packages[0]).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The snapshot of a crate in one file, without its first two lines.
fn of(lib: &str) -> Vec<String> {
    let lines = lines(&[("src/lib.rs", lib)]);
    assert_eq!(lines[..2], ["feature macros", "fusebox: pub mod"]);
    lines[2..].to_vec()
}

const BREAKER: &str = "/// A breaker.
    pub struct Breaker { word: u64, /// Shown.
        pub name: String }
    impl Breaker {
        pub fn call(&self, times: u32) -> bool { true }
        pub(crate) fn hidden(&self) {}
        fn private(&self) {}
    }";

#[test]
fn a_struct_has_a_line_for_itself_each_public_field_and_each_public_method() {
    assert_eq!(
        of(BREAKER),
        [
            "fusebox::Breaker.name: pub name: String",
            "fusebox::Breaker: pub struct Breaker { .. }",
            "fusebox::Breaker::call: pub fn call(&self, times: u32) -> bool",
        ]
    );
}

#[test]
fn a_removed_method_a_changed_signature_and_a_new_field_are_found() {
    let repo = checkout(&[("src/lib.rs", BREAKER)]);
    let accepted = snapshot(&repo, &repo.packages[0]).unwrap();
    let found = |lib: &str| {
        let files = [("src/lib.rs", lib), ("api/fusebox.txt", accepted.as_str())];
        let found: Vec<String> = check(&checkout(&files))
            .iter()
            .map(ToString::to_string)
            .collect();
        found.join("\n")
    };
    assert_eq!(found(BREAKER), "");

    let removed = found(&BREAKER.replace("pub fn call", "fn call"));
    assert!(removed.starts_with("api/fusebox.txt: 1 lines"), "{removed}");
    assert!(
        removed.contains("\n    - fusebox::Breaker::call: pub fn call("),
        "{removed}"
    );
    assert!(removed.contains(ACCEPT));

    let changed = found(&BREAKER.replace("times: u32", "times: u64"));
    let sides: Vec<&str> = changed.lines().skip(1).map(|line| &line[..5]).collect();
    assert_eq!(sides, ["    -", "    +"], "{changed}");
    assert!(changed.contains("+ fusebox::Breaker::call: pub fn call(&self, times: u64) -> bool"));

    let field = found(&BREAKER.replace("word: u64", "pub word: u64"));
    assert!(
        field.contains("+ fusebox::Breaker.word: pub word: u64"),
        "{field}"
    );
    assert!(
        field.contains("- fusebox::Breaker: pub struct Breaker { .. }"),
        "{field}"
    );
}

#[test]
fn a_crate_without_a_snapshot_and_one_that_cannot_be_read_fail() {
    assert_eq!(check(&checkout(&[("src/lib.rs", BREAKER)])).len(), 1);
    let missing = check(&checkout(&[("src/lib.rs", "mod gone;")]));
    assert!(
        missing[0]
            .to_string()
            .contains("src/gone.rs is not tracked")
    );
    let nonsense = check(&checkout(&[("src/lib.rs", "pub fn")]));
    assert!(nonsense[0].to_string().contains("is not Rust"));
}

#[test]
fn a_change_stands_with_what_it_replaces() {
    let before = "a: 1\nb: 1\nb::c: 1\n";
    let now = "a: 1\nb: 2\nb::c: 1\nb::d: 1\n";
    assert_eq!(
        difference(before, now),
        ["    - b: 1", "    + b: 2", "    + b::d: 1"]
    );
}

#[test]
fn modules_are_read_from_their_files_and_items_are_known_by_their_shortest_path() {
    let files = [
        (
            "src/lib.rs",
            "mod a;\npub mod b;\npub use a::inner::Deep;\n#[path = \"other.rs\"] mod c;",
        ),
        ("src/a.rs", "pub(crate) mod inner;\npub struct Unreachable;"),
        (
            "src/a/inner.rs",
            "use std::time::Duration;\npub struct Deep(pub Duration);",
        ),
        (
            "src/b/mod.rs",
            "pub use crate::a::inner::Deep;\npub use crate::c::f;",
        ),
        (
            "src/other.rs",
            "use super::Deep as D;\npub fn f(d: &D) -> Option<crate::b::Deep> {}",
        ),
    ];
    assert_eq!(
        lines(&files)[2..],
        [
            "fusebox::Deep: pub struct Deep(pub std::time::Duration)",
            "fusebox::b: pub mod",
            "fusebox::b::Deep: pub use crate::Deep",
            "fusebox::b::f: pub fn f(d: &Deep) -> Option<Deep>",
        ]
    );
}

#[test]
fn re_exports_of_other_crates_and_globs_are_followed_as_far_as_they_go() {
    let lib = "pub use http::StatusCode as Code;
        mod words { pub enum State { Open, Closed = 3 } pub use bytes::*; pub(crate) fn no() {} }
        #[cfg(feature = \"words\")] pub use words::*;";
    assert_eq!(
        of(lib),
        [
            "fusebox::*: pub use bytes::*",
            "fusebox::Code: pub use http::StatusCode",
            "fusebox::State: #[cfg(feature = \"words\")] pub enum State",
            "fusebox::State::Closed: #[cfg(feature = \"words\")] Closed = 3",
            "fusebox::State::Open: #[cfg(feature = \"words\")] Open",
        ]
    );
}

#[test]
fn conditions_of_modules_are_kept_and_tests_are_left_out() {
    let lib = "#[cfg(feature = \"tokio\")] pub mod timer { #[cfg(unix)] pub fn wake() {} }
        #[cfg(test)] pub mod tests { pub fn no() {} }
        #[cfg(not(loom))] #[must_use = \"why\"] pub const fn yes() {}";
    assert_eq!(
        of(lib),
        [
            "fusebox::timer: #[cfg(feature = \"tokio\")] pub mod",
            "fusebox::timer::wake: #[cfg(feature = \"tokio\")] #[cfg(unix)] pub fn wake()",
            "fusebox::yes: #[must_use] pub const fn yes()",
        ]
    );
}

#[test]
fn traits_show_what_must_be_written_and_implementations_what_they_fix() {
    let lib = "use std::fmt;
        pub trait Clock: fmt::Debug { const ZERO: u8; type Tick: Copy; fn now(&self) -> Self::Tick;
            fn coarse(&self) -> Self::Tick { self.now() } }
        #[derive(Debug, Clone)] pub struct Manual<T>(T);
        impl<T: fmt::Debug> Clock for Manual<T> { const ZERO: u8 = 0; type Tick = u8;
            fn now(&self) -> u8 { 0 } }
        impl<C: Clock> Clock for &C {}
        trait Secret {} impl<T> Secret for Manual<T> {}";
    assert_eq!(
        of(lib),
        [
            "fusebox::Clock: impl<C: Clock> Clock for &C",
            "fusebox::Clock: pub trait Clock: std::fmt::Debug",
            "fusebox::Clock::Tick: type Tick: Copy;",
            "fusebox::Clock::ZERO: const ZERO: u8",
            "fusebox::Clock::coarse: fn coarse(&self) -> Self::Tick { .. }",
            "fusebox::Clock::now: fn now(&self) -> Self::Tick",
            "fusebox::Manual: impl<T: Clone> Clone for Manual<T>",
            "fusebox::Manual: impl<T: std::fmt::Debug> Clock for Manual<T> { type Tick = u8; }",
            "fusebox::Manual: impl<T: std::fmt::Debug> std::fmt::Debug for Manual<T>",
            "fusebox::Manual: pub struct Manual<T>(_)",
        ]
    );
}

#[test]
fn methods_of_a_special_case_say_of_which() {
    let lib = "pub struct Permit<B>(B); impl Permit<u8> { pub fn one(mut self) {} }
        impl<B> Permit<B> where B: Copy { pub async fn any(self: &mut Self, mut b: B,) {} }";
    assert_eq!(
        of(lib)[1..],
        [
            "fusebox::Permit::any: pub async fn any(self: &mut Self, b: B) \
             in impl<B> Permit<B> where B: Copy",
            "fusebox::Permit::one: pub fn one(self) in impl Permit<u8>",
        ]
    );
}

#[test]
fn what_the_macros_of_the_crate_make_is_listed_like_what_is_written() {
    let files = [
        (
            "src/lib.rs",
            "mod user;\nmod list;\npub use user::Builder;
            pin_project! { pub struct B { #[pin] pub a: u8 } }",
        ),
        (
            "src/user.rs",
            "pub struct Builder;\nmacro_rules! setters { ($($n:ident: $t:ty),*) =>
            { impl Builder { $(pub fn $n(mut self, $n: $t) -> Self { self })* } }; }
            each!(setters);\nother_crate::items! { a }",
        ),
        (
            "src/list.rs",
            "macro_rules! each { ($then:ident) => { $then! { a: u8, b: Option<u8> } } }",
        ),
    ];
    assert_eq!(
        lines(&files)[2..],
        [
            "fusebox: the macro `items!` in `user` is not read",
            "fusebox::B.a: pub a: u8",
            "fusebox::B: pub struct B",
            "fusebox::Builder: pub struct Builder;",
            "fusebox::Builder::a: pub fn a(self, a: u8) -> Self",
            "fusebox::Builder::b: pub fn b(self, b: Option<u8>) -> Self",
        ]
    );
}

#[test]
fn exported_macros_show_what_they_accept() {
    let lib = "mod m { #[macro_export] macro_rules! named { ($a:expr) => { $a }; () => { 0 }; } }";
    assert_eq!(
        of(lib),
        ["fusebox::named!: #[macro_export] macro_rules! named { ($a: expr); (); }"]
    );
}

#[test]
fn every_library_crate_of_this_checkout_can_be_read_to_the_end() {
    let repo = Repo::open().unwrap();
    for package in super::crates(&repo) {
        let text = snapshot(&repo, package).unwrap();
        assert!(text.lines().count() > 2, "{}", package.name);
        let unread = text.lines().find(|line| line.ends_with("is not read"));
        assert_eq!(unread, None, "{}", package.name);
    }
}

#[test]
fn the_settings_of_the_core_are_in_its_snapshot_by_name() {
    let repo = Repo::open().unwrap();
    let package = super::crates(&repo)
        .find(|package| package.name == "fusebox")
        .unwrap();
    let text = snapshot(&repo, package).unwrap();
    for builder in ["Builder", "SettingsBuilder"] {
        let line = format!("fusebox::{builder}::open_for: ");
        assert!(text.lines().any(|l| l.starts_with(&line)), "{line}");
    }
}
