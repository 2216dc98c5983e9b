//! Words that are not written here: those that sell, those that talk down to the reader, notes to
//! oneself that belong in the tracker, and pictures.
//!
//! The lists are written in two halves so that this file passes its own check.

use crate::finding::Finding;
use crate::repo::{Repo, SourceFile};

/// A word in lower case (a trailing `*` stands for any ending) and why it is not used.
const WORDS: &[(&str, &str)] = &[
    (
        concat!("blaz", "ing*"),
        "sells; give a number and its command",
    ),
    (
        concat!("light", "ning-fast"),
        "sells; give a number and its command",
    ),
    (concat!("seam", "less*"), "sells; say what happens"),
    (
        concat!("effort", "less*"),
        "sells; say what the reader has to do",
    ),
    (concat!("cutting", "-edge"), "sells"),
    (concat!("world", "-class"), "sells"),
    (concat!("battle", "-tested"), "sells; name the test"),
    (concat!("super", "charge*"), "sells"),
    (concat!("lever", "age"), "`use` is shorter"),
    (concat!("lever", "aging"), "`using` is shorter"),
    (concat!("utili", "ze*"), "`use` is shorter"),
    (
        concat!("sim", "ply"),
        "what is simple to the writer may not be to the reader",
    ),
    (
        concat!("obvious", "ly"),
        "what is obvious needs no sentence, and the rest is not",
    ),
];

/// Notes to oneself, matched as written.
const MARKERS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("db", "g!("),
];

/// Texts that are not ours to word: licences, and what Cargo writes.
const NOT_OURS: &[&str] = &["LICENSE-MIT", "LICENSE-APACHE", "Cargo.lock"];

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let ours = repo
        .files
        .iter()
        .filter(|file| !NOT_OURS.contains(&file.path.as_str()));
    ours.flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let lower = line.to_lowercase();
        let words = WORDS.iter().filter(|(word, _)| has_word(&lower, word));
        let words = words.map(|(word, why)| format!("`{}`: {why}", word.trim_end_matches('*')));
        let markers = MARKERS.iter().filter(|marker| has_word(line, marker));
        let markers =
            markers.map(|marker| format!("`{marker}`: finish it or put it in the tracker"));
        let pictures = line.chars().filter(|c| is_emoji(*c)).take(1);
        let pictures = pictures.map(|c| format!("U+{:04X} is a picture; use a word", c as u32));
        let found: Vec<String> = words.chain(markers).chain(pictures).collect();
        if !found.is_empty() && !file.excused(index, "words") {
            findings.extend(
                found
                    .into_iter()
                    .map(|m| Finding::on_line(&file.path, index, m)),
            );
        }
    }
    findings
}

fn has_word(line: &str, word: &str) -> bool {
    let stem = word.trim_end_matches('*');
    let any_ending = stem.len() < word.len() || stem.ends_with('(');
    line.match_indices(stem).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + stem.len()..].chars().next();
        let open = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        open(before) && (any_ending || open(after))
    })
}

/// What is drawn as a picture by default (Unicode's `Emoji_Presentation`), and the selector that
/// asks for one. Arrows, dots and check marks are text.
fn is_emoji(c: char) -> bool {
    let blocks = [
        '\u{1F300}'..='\u{1FAFF}',
        '\u{1F1E6}'..='\u{1F1FF}',
        '\u{23E9}'..='\u{23F3}',
    ];
    let single = [
        '\u{FE0F}', '\u{231A}', '\u{231B}', '\u{26A1}', '\u{2705}', '\u{2728}', '\u{274C}',
        '\u{274E}', '\u{2753}', '\u{2757}', '\u{2B50}', '\u{2B55}', '\u{26D4}', '\u{267F}',
    ];
    blocks.iter().any(|block| block.contains(&c)) || single.contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        check(&Repo::of(&[("README.md", text)])).len()
    }

    #[test]
    fn every_banned_word_and_marker_is_found_at_any_place_of_a_line() {
        for word in WORDS
            .iter()
            .map(|(word, _)| word.trim_end_matches('*'))
            .chain(MARKERS.to_vec())
        {
            assert_eq!(found(&format!("It is {word} here")), 1, "{word}");
            assert_eq!(found(word), 1, "{word}");
        }
        assert_eq!(found(&format!("It is Blaz{}ly quick", "ing")), 1);
    }

    #[test]
    fn the_guide_is_held_to_the_same_words_as_the_code() {
        for path in [
            "crates/x/guide/concepts.md",
            "docs/a.md",
            "crates/x/src/a.rs",
        ] {
            assert_eq!(
                check(&Repo::of(&[(path, WORDS[0].0.trim_end_matches('*'))])).len(),
                1
            );
        }
    }

    #[test]
    fn parts_of_other_words_are_left_alone() {
        assert_eq!(found("a leveraged simplyfied XXXX TODOS"), 0);
        assert_eq!(found("todo = \"deny\""), 0);
    }

    #[test]
    fn pictures_are_found_and_marks_are_not() {
        assert_eq!(found("done \u{1F389}"), 1);
        assert_eq!(found("\u{2705} \u{2728}"), 1);
        assert_eq!(found("closed -> open, \u{2192} \u{25CF} \u{2713}"), 0);
    }

    #[test]
    fn a_quotation_may_be_excused_with_its_reason_and_licences_are_not_ours() {
        let word = concat!("sim", "ply");
        let excused = format!("// tidy-allow(words): the vendor's own message\n\"{word}\"");
        assert!(check(&Repo::of(&[("a.rs", &excused)])).is_empty());
        assert!(check(&Repo::of(&[("LICENSE-MIT", word)])).is_empty());
    }
}
