//! Licence expressions: names joined by `AND`, `OR`, `WITH` and parentheses, `AND` binding tighter.
//!
//! Older manifests write `MIT/Apache-2.0` for a choice; that is read as `OR`.

/// Whether the expression can be met with the allowed licences alone.
///
/// # Errors
/// A sentence when the text is no licence expression.
pub(crate) fn satisfied(expression: &str, allowed: &[&str]) -> Result<bool, String> {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader {
        words: &words,
        at: 0,
        allowed,
    };
    let answer = reader.any()?;
    match reader.peek() {
        None => Ok(answer),
        Some(word) => Err(format!("unexpected `{word}` in `{expression}`")),
    }
}

struct Reader<'a> {
    words: &'a [&'a str],
    at: usize,
    allowed: &'a [&'a str],
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        self.at += usize::from(found);
        found
    }

    // Every operand is read before the answers are joined, so that a malformed rest is noticed.
    fn any(&mut self) -> Result<bool, String> {
        let mut answer = self.all()?;
        while self.take("OR") {
            answer |= self.all()?;
        }
        Ok(answer)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut answer = self.one()?;
        while self.take("AND") {
            answer &= self.one()?;
        }
        Ok(answer)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.take("(") {
            let answer = self.any()?;
            return if self.take(")") {
                Ok(answer)
            } else {
                Err("a `)` is missing".to_owned())
            };
        }
        let name = self.name()?;
        if self.take("WITH") {
            let whole = format!("{name} WITH {}", self.name()?);
            return Ok(self.allowed.contains(&whole.as_str()));
        }
        Ok(self.allowed.contains(&name))
    }

    fn name(&mut self) -> Result<&'a str, String> {
        match self.peek() {
            None => Err("a licence name is missing at the end".to_owned()),
            Some(word @ ("AND" | "OR" | "WITH" | "(" | ")")) => {
                Err(format!("a licence name is missing before `{word}`"))
            }
            Some(word) => {
                self.at += 1;
                Ok(word)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: &[&str] = &["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "ISC"];

    fn ask(expression: &str) -> bool {
        satisfied(expression, ALLOWED).unwrap()
    }

    #[test]
    fn a_choice_needs_one_side_and_a_sum_needs_both() {
        assert!(ask("MIT OR GPL-3.0"));
        assert!(ask("GPL-3.0/MIT"));
        assert!(ask("MIT AND ISC"));
        assert!(!ask("MIT AND GPL-3.0"));
        assert!(!ask("GPL-3.0"));
    }

    #[test]
    fn and_binds_tighter_than_or_and_parentheses_turn_that_round() {
        assert!(ask("MIT OR ISC AND GPL-3.0"));
        assert!(!ask("(MIT OR ISC) AND GPL-3.0"));
        assert!(ask("(MIT OR GPL-3.0) AND (ISC OR GPL-3.0)"));
    }

    #[test]
    fn an_exception_is_a_licence_of_its_own() {
        assert!(ask("Apache-2.0 WITH LLVM-exception"));
        assert!(!ask("MIT WITH LLVM-exception"));
        assert!(ask("Apache-2.0 WITH Other-exception OR MIT"));
    }

    #[test]
    fn what_is_no_expression_is_an_error() {
        for text in [
            "", "MIT OR", "(MIT", "MIT ISC", "OR MIT", "MIT WITH", "MIT)",
        ] {
            assert!(satisfied(text, ALLOWED).is_err(), "{text}");
        }
    }
}
