//! The settings file of the daemon, with overrides from the environment.
//!
//! The input is the file; lines after a line `%env` are variables, `NAME=VALUE`.
#![no_main]

use std::collections::HashSet;

use fusebox_fuzz::{as_numbers, entries_read_back, split_at_line};
use fusebox_server::settings::{Config, Place, Problem};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// In a folder that is not there, so that no fallback is read from the disk.
const NAME: &str = "no-such-folder/fusebox.toml";

fuzz_target!(|text: &str| {
    let (file, variables) = split_at_line(text, "%env");
    match parse(file, variables) {
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in &problems {
                says_where(problem, file, variables);
            }
        }
        Ok(config) => {
            assert_eq!(parse(file, variables).as_ref(), Ok(&config));
            let names: HashSet<_> = config.circuits.iter().map(|one| &one.name).collect();
            assert_eq!(names.len(), config.circuits.len());
            for circuit in &config.circuits {
                entries_read_back(&circuit.breaker);
                let keyed = circuit
                    .branch
                    .as_ref()
                    .and_then(|branch| branch.settings.breaker());
                keyed.into_iter().for_each(entries_read_back);
            }
            what_is_shown_reads_back(config);
        }
    }
});

fn parse(file: &str, variables: &str) -> Result<Config, Vec<Problem>> {
    let variables = variables
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| !name.chars().any(char::is_control))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Config::parse(file, NAME, variables)
}

/// A line and a column that are in the text, or a variable that was given; all in one line.
fn says_where(problem: &Problem, file: &str, variables: &str) {
    match &problem.place {
        Place::File { name, line, column } => {
            assert_eq!(&**name, NAME);
            // The place after the last line break is a line too.
            let text = file.split('\n').nth(line - 1).expect("a line of the file");
            assert!(
                (1..=text.chars().count() + 1).contains(column),
                "{problem}: {text:?}"
            );
        }
        Place::Variable(name) => {
            let mut named = variables.lines().filter_map(|line| line.split_once('='));
            assert!(named.any(|(given, _)| given == &**name), "{problem}");
        }
        Place::WholeFile(_) | Place::Flag(_) => panic!("{problem}"),
    }
    assert!(!problem.message.is_empty());
    assert!(
        !problem.to_string().chars().any(char::is_control),
        "{problem:?}"
    );
    assert_eq!(problem.to_json()["message"], problem.message);
}

/// The settings in force, written as a file, are the same settings. Of a fallback only a summary
/// is shown, so circuits that have one are left out.
fn what_is_shown_reads_back(mut config: Config) {
    config.circuits.retain(|circuit| circuit.fallback.is_none());
    let mut shown = config.effective();
    for (_, circuit) in shown["circuits"].as_object_mut().expect("circuits") {
        as_numbers(&mut circuit["breaker"]);
        if let Some(branch) = circuit["branch"].as_object_mut() {
            as_numbers(&mut branch["breaker"]);
        }
    }
    leave_out_what_is_not_set(&mut shown);
    let file = toml::to_string(&shown).expect("a TOML file");
    let read = parse(&file, "");
    assert_eq!(read.as_ref(), Ok(&config), "{file}");
}

/// A file has no `null`, and an empty list of troubles is what stands there without a fallback.
fn leave_out_what_is_not_set(value: &mut Value) {
    if let Some(object) = value.as_object_mut() {
        let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
        object.retain(|_, value| !value.is_null() && !is_empty(value));
        object.values_mut().for_each(leave_out_what_is_not_set);
    }
}
