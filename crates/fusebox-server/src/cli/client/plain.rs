//! Makes text from elsewhere fit for a terminal.

/// The text with every letter that could move a cursor, change a colour, turn the direction of
/// writing or hide others written out as `\u{1b}`.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_harmful(letter) {
            out.extend(letter.escape_unicode());
        } else {
            out.push(letter);
        }
    }
    out
}

/// The same for JSON, which means the same afterwards: inside its texts the letters are written as
/// `\u001b`; outside them only blanks can be, and these stay.
pub(super) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => out.push(letter),
            '\r' => out.push(' '),
            letter if is_harmful(letter) => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            letter => out.push(letter),
        }
    }
    out
}

/// Control letters, and those of Unicode that are not seen and change what is: the marks and
/// overrides of the writing direction, line and paragraph separators, blanks of no width, and the
/// tag letters.
fn is_harmful(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        assert_eq!(text("a\x1b[2Jb\u{9b}c\nd"), r"a\u{1b}[2Jb\u{9b}c\u{a}d");
        assert_eq!(text("abc\u{202e}fed"), r"abc\u{202e}fed");
        assert_eq!(text("Über 7 €, 漢字"), "Über 7 €, 漢字");
    }

    #[test]
    fn json_means_the_same_afterwards() {
        let raw = "{\"a\u{7f}\":\r\n\t\"\u{9b}2J \u{202e}\u{e0041} ok\"}";
        let made = json(raw);
        assert!(
            !made
                .chars()
                .any(|letter| is_harmful(letter) && letter != '\n' && letter != '\t')
        );
        let before: serde_json::Value = serde_json::from_str(raw).unwrap();
        let after: serde_json::Value = serde_json::from_str(&made).unwrap();
        assert_eq!(before, after);
    }
}
