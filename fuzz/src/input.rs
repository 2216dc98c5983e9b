//! Inputs that are several texts.

/// The text before the first line that is `mark`, and the text after it (empty where there is no
/// such line).
pub fn split_at_line<'t>(text: &'t str, mark: &str) -> (&'t str, &'t str) {
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        let end = begin + line.len();
        if line.trim_end_matches(['\r', '\n']) == mark {
            return (&text[..begin], &text[end..]);
        }
        begin = end;
    }
    (text, "")
}
