//! Bad uses do not compile, and the compiler says what is allowed: one file of `tests/ui` each.

#[test]
fn bad_uses_are_refused_with_what_is_allowed() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
