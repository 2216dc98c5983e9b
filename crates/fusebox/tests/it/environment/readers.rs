//! A program's own settings, read from the same variables.

use fusebox::environment::{EnvironmentError, Variables};
use std::time::Duration;

fn set(value: &str) -> Variables<'static> {
    Variables::from_iter([("IT", value)])
}

fn told<T>(read: Result<T, EnvironmentError>) -> String {
    let error = read.err().unwrap();
    assert_eq!(error.variable(), "IT");
    error.to_string()
}

#[test]
fn what_is_not_set_is_none_for_every_reader() {
    let variables = set("x");
    assert_eq!(variables.truth("OTHER"), Ok(None));
    assert_eq!(variables.whole("OTHER", 0..=9), Ok(None));
    assert_eq!(variables.seconds("OTHER"), Ok(None));
    let read = variables.read("OTHER", "nothing", |_| None::<u8>);
    assert_eq!(read, Ok(None));
}

#[test]
fn a_whole_number_has_digits_only_and_lies_in_its_range() {
    for (text, number) in [("1", 1), ("64", 64), ("007", 7)] {
        assert_eq!(set(text).whole("IT", 1..=64), Ok(Some(number)));
    }
    for text in ["0", "65", "-1", "+1", "1.0", "five", "4294967296", ""] {
        let told = told(set(text).whole("IT", 1..=64));
        assert_eq!(told, format!("IT = {text:?}: a whole number, 1 to 64"));
    }
}

#[test]
fn times_are_seconds_or_have_a_unit() {
    let read = |text| set(text).seconds("IT");
    assert_eq!(read("60"), Ok(Some(Duration::from_secs(60))));
    assert_eq!(read("0.5"), Ok(Some(Duration::from_millis(500))));
    assert_eq!(read("250ms"), Ok(Some(Duration::from_millis(250))));
    for text in ["0", "soon", "-1", ""] {
        assert!(told(read(text)).contains("seconds above 0"), "{text:?}");
    }
}

#[test]
fn any_other_value_is_told_with_what_is_allowed() {
    let port = |text| set(text).read("IT", "a port", |text| text.parse::<u16>().ok());
    assert_eq!(port("8080"), Ok(Some(8080)));
    assert_eq!(told(port("80800")), "IT = \"80800\": a port");
}

#[test]
fn a_secret_has_visible_characters_and_no_error_shows_it() {
    assert_eq!(set("a-key=1!").secret("IT").as_deref(), Ok("a-key=1!"));
    for text in ["a hidden key", "a\tkey", "schlüssel", ""] {
        let told = told(set(text).secret("IT"));
        assert_eq!(
            told, "IT: is to be set to visible ASCII characters",
            "{text}"
        );
    }
    assert!(set("x").secret("OTHER").is_err());
}

#[test]
fn what_is_set_to_nothing_is_wrong_unless_it_is_left_out() {
    assert!(set("").truth("IT").is_err());
    assert_eq!(set("").without_empty().truth("IT"), Ok(None));
    let asked = || Variables::asked(|name| Some(if name == "IT" { "" } else { "1" }.into()));
    assert!(asked().truth("IT").is_err());
    assert_eq!(asked().without_empty().truth("IT"), Ok(None));
    assert_eq!(asked().without_empty().truth("OTHER"), Ok(Some(true)));
}

#[test]
fn a_required_variable_is_asked_for_by_its_name() {
    let read =
        |variables: &Variables<'_>| variables.required("IT", "a port", |text| text.parse().ok());
    assert_eq!(read(&set("80")), Ok(80_u16));
    assert_eq!(told(read(&set("x"))), "IT = \"x\": a port");
    let none = Variables::from_iter([("OTHER", "1")]);
    assert_eq!(told(read(&none)), "IT: is to be set: a port");
}
