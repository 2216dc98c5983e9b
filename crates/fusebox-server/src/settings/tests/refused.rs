//! Wrong files, each with everything that is said about it: the cases of `wrong_files.txt`.

use super::{RAG, lines, parse};

const CASES: &str = include_str!("wrong_files.txt");

/// The cases of the sections, by name.
fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    CASES
        .split("\n== ")
        .skip(1)
        .map(|section| section.split_once('\n').unwrap())
}

/// Asserts that every case of a section is refused with exactly the words that stand there.
fn refuses(name: &str) {
    let (_, cases) = sections().find(|(found, _)| *found == name).unwrap();
    for case in cases.split("\n--").filter(|case| !case.trim().is_empty()) {
        let case = case.trim_start_matches('\n');
        let (said, written): (Vec<&str>, Vec<&str>) =
            case.lines().partition(|line| line.starts_with("f.toml:"));
        let written = written.join("\n");
        assert!(!said.is_empty(), "nothing is expected of: {written}");
        assert_eq!(
            lines(parse(&format!("{RAG}{written}"))),
            said,
            "for: {written}"
        );
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
    refuses("unknown keys");
}

#[test]
fn syntax_errors_are_all_told_with_line_and_column_in_characters() {
    refuses("syntax");
}

#[test]
fn times_and_numbers_outside_their_range_are_refused() {
    refuses("ranges");
}

#[test]
fn next_circuits_that_are_not_there_or_never_tried_are_refused() {
    refuses("next circuits");
}

#[test]
fn a_queue_that_cannot_be_or_is_never_used_is_refused() {
    refuses("queues");
}

#[test]
fn a_budget_that_one_call_does_not_fit_into_is_refused() {
    refuses("budgets");
}

#[test]
fn a_fallback_that_can_never_be_given_is_refused() {
    refuses("fallbacks without effect");
}

#[test]
fn a_fallback_that_is_no_answer_is_refused() {
    refuses("fallbacks that are no answer");
}

#[test]
fn the_breaker_s_settings_are_refused_by_the_core_s_words_at_their_place() {
    refuses("breakers");
}

#[test]
fn branches_are_refused_at_their_place_and_their_breakers_as_those_of_circuits() {
    refuses("branches");
}

#[test]
fn a_route_that_cannot_be_told_from_another_is_refused() {
    refuses("routes");
}

#[test]
fn a_name_that_cannot_stand_alone_is_refused() {
    refuses("names");
}

#[test]
fn an_upstream_that_is_no_plain_url_is_refused_and_a_password_is_not_shown() {
    refuses("upstreams");
}

#[test]
fn the_server_s_addresses_are_checked() {
    refuses("server");
}

#[test]
#[cfg(not(feature = "redis"))]
fn redis_is_refused_where_it_is_not_built_in() {
    let said = "f.toml:4:8: store.kind: \"redis\" is not allowed; allowed is \"sqlite\" or \
        \"memory\" (this build has no Redis; it is the feature `redis` of fusebox-server)";
    assert_eq!(
        lines(parse(&format!("{RAG}[store]\nkind = \"redis\""))),
        [said]
    );
}

#[test]
fn every_section_has_its_test() {
    let tested = [
        "unknown keys",
        "syntax",
        "ranges",
        "next circuits",
        "queues",
        "budgets",
        "fallbacks without effect",
        "fallbacks that are no answer",
        "breakers",
        "routes",
        "names",
        "upstreams",
        "server",
        "branches",
    ];
    assert_eq!(sections().map(|(name, _)| name).collect::<Vec<_>>(), tested);
}
