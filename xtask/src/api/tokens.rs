//! Tokens as one line of text, spaced as a person would: the same for every way to break the lines
//! of a source file.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// The text of `tokens` on one line.
pub(crate) fn text(tokens: TokenStream) -> String {
    let mut out = String::new();
    let mut before = Kind::Open;
    write(tokens, &mut out, &mut before);
    out
}

/// What a piece of text asks of the spaces around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A name, a number, a keyword, a lifetime.
    Word,
    /// A word after which a bracket stands apart: `mut (A, B)`, `for <'a>`.
    Keyword,
    /// No space after it: `(`, `[`, `<`, `::`, `&`, `#`, `$`.
    Open,
    /// No space before it: `)`, `]`, `,`, `;`.
    Close,
    /// `>`: no space before it, and a bracket follows it without one.
    Angle,
    /// Spaces on both sides: `->`, `=`, `+`, `{`.
    Apart,
}

fn write(tokens: TokenStream, out: &mut String, before: &mut Kind) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                let braces = open == "{";
                let touches = open == "(" && matches!(before, Kind::Word | Kind::Angle);
                if braces || !(touches || open.is_empty()) {
                    space(out, *before, Kind::Word);
                }
                out.push_str(open);
                *before = if braces { Kind::Apart } else { Kind::Open };
                let inside = out.len();
                write(group.stream(), out, before);
                if braces && out.len() > inside {
                    out.push(' ');
                }
                out.push_str(close);
                if !open.is_empty() {
                    *before = Kind::Word;
                }
            }
            TokenTree::Punct(punct) => {
                let mut symbol = punct.as_char().to_string();
                let mut spacing = punct.spacing();
                // A lifetime is one word; other joint characters are one operator.
                while spacing == Spacing::Joint {
                    match tokens.peek() {
                        Some(TokenTree::Punct(next)) if joins(&symbol, next.as_char()) => {
                            symbol.push(next.as_char());
                            spacing = next.spacing();
                            tokens.next();
                        }
                        Some(TokenTree::Ident(name)) if symbol == "'" => {
                            symbol.push_str(&name.to_string());
                            tokens.next();
                            break;
                        }
                        _ => break,
                    }
                }
                put(out, before, &symbol, punct_kind(&symbol, *before));
            }
            TokenTree::Ident(name) => {
                let name = name.to_string();
                let keyword = ["mut", "dyn", "as", "where", "const", "in"];
                let kind = if keyword.contains(&name.as_str()) {
                    Kind::Keyword
                } else {
                    Kind::Word
                };
                put(out, before, &name, kind);
            }
            TokenTree::Literal(literal) => put(out, before, &literal.to_string(), Kind::Word),
        }
    }
}

fn put(out: &mut String, before: &mut Kind, symbol: &str, kind: Kind) {
    // `::`, `.` and the `<` of arguments touch what they follow.
    let touches = matches!(symbol, "::" | "." | "<" | "!" | ":");
    if !touches || *before == Kind::Apart {
        space(out, *before, kind);
    }
    out.push_str(symbol);
    *before = kind;
}

fn space(out: &mut String, before: Kind, kind: Kind) {
    let no_space = before == Kind::Open || matches!(kind, Kind::Close | Kind::Angle);
    if !no_space && !out.is_empty() {
        out.push(' ');
    }
}

fn punct_kind(symbol: &str, before: Kind) -> Kind {
    match symbol {
        "," | ";" | ":" => Kind::Close,
        ">" => Kind::Angle,
        "::" | "&" | "#" | "$" | "<" | "." | "?" | "*" => Kind::Open,
        "!" if before != Kind::Word => Kind::Open,
        word if word == "!" || word.starts_with('\'') => Kind::Word,
        _ => Kind::Apart,
    }
}

/// Whether the character goes on an operator that has begun.
fn joins(symbol: &str, next: char) -> bool {
    let longer = format!("{symbol}{next}");
    ["->", "=>", "::", "..", "...", "..=", "==", "&&"].contains(&longer.as_str())
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_signature_reads_as_it_is_written_by_hand() {
        for line in [
            "pub fn call<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>>",
            "pub const KEYS: &'static [&'static str]",
            "impl<'a, B: Deref<Target = CircuitBreaker> + 'a> Drop for PermitOf<B> where B: ?Sized",
            "fn read(&self, visit: &mut dyn FnMut(&Reading<'_>))",
            "fn pair() -> (A, [u8; 3])",
            "fn pinned(self: std::pin::Pin<&mut Self>) -> !",
            "#[cfg(feature = \"tokio\")] pub struct Asleep;",
            "pub Moved { from: State, to: State }",
            "fn f(g: for<'a> fn(&'a mut (A, B)), p: *const u8) -> <T as Iterator>::Item",
        ] {
            assert_eq!(text(line.parse().unwrap()), line);
        }
    }

    #[test]
    fn line_breaks_of_the_source_make_no_difference() {
        let broken = "pub  fn a (\n  self ,\n b : Vec < u8 >\n)\n-> T";
        assert_eq!(
            text(broken.parse().unwrap()),
            "pub fn a(self, b: Vec<u8>) -> T"
        );
    }
}
