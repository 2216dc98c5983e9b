//! Macros of the crate itself that make items, such as one setter a setting: a small expander for
//! `macro_rules!`, so that what they make is in the snapshot like what is written by hand.
//!
//! It knows the fragments that make items need. What it cannot match is not guessed at: the caller
//! says in the snapshot that there is a macro which was not read.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};

/// A `macro_rules!` definition.
#[derive(Debug, Clone)]
pub(crate) struct Rules(Vec<(Vec<Pattern>, Vec<TokenTree>)>);

#[derive(Debug, Clone)]
enum Pattern {
    Token(TokenTree),
    Group(Delimiter, Vec<Pattern>),
    Bind(String, String),
    /// What repeats, what stands between, and `*`, `+` or `?`.
    Repeat(Vec<Pattern>, Vec<TokenTree>, char),
}

#[derive(Debug, Clone)]
enum Bound {
    One(TokenStream),
    Many(Vec<Bindings>),
}

type Bindings = BTreeMap<String, Bound>;

impl Rules {
    /// Reads the body of a definition; `None` where it is written in a way not known here.
    pub(crate) fn parse(body: TokenStream) -> Option<Rules> {
        let tokens: Vec<TokenTree> = body.into_iter().collect();
        let mut rules = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let [
                TokenTree::Group(matcher),
                equals,
                angle,
                TokenTree::Group(made),
            ] = tokens.get(at..at + 4)?
            else {
                return None;
            };
            if !is(equals, '=') || !is(angle, '>') {
                return None;
            }
            let made = made.stream().into_iter().collect();
            rules.push((patterns(matcher.stream())?, made));
            at += 4;
            at += usize::from(tokens.get(at).is_some_and(|token| is(token, ';')));
        }
        Some(Rules(rules))
    }

    /// What an invocation with this input stands for.
    pub(crate) fn expand(&self, input: TokenStream) -> Option<TokenStream> {
        let input: Vec<TokenTree> = input.into_iter().collect();
        self.0.iter().find_map(|(matcher, made)| {
            let mut bindings = Bindings::new();
            let end = matches(matcher, &input, &mut bindings)?;
            (end == input.len()).then(|| write(made, &bindings))
        })
    }
}

fn is(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(p) if p.as_char() == punct)
}

fn patterns(tokens: TokenStream) -> Option<Vec<Pattern>> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut patterns = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at..] {
            [
                dollar,
                TokenTree::Ident(name),
                colon,
                TokenTree::Ident(kind),
                ..,
            ] if is(dollar, '$') && is(colon, ':') => {
                patterns.push(Pattern::Bind(name.to_string(), kind.to_string()));
                at += 4;
            }
            [dollar, TokenTree::Group(group), rest @ ..] if is(dollar, '$') => {
                let (between, operator) = repetition(rest)?;
                at += 3 + between.len();
                patterns.push(Pattern::Repeat(
                    self::patterns(group.stream())?,
                    between,
                    operator,
                ));
            }
            [TokenTree::Group(group), ..] => {
                let inside = self::patterns(group.stream())?;
                patterns.push(Pattern::Group(group.delimiter(), inside));
                at += 1;
            }
            [token, ..] => {
                patterns.push(Pattern::Token(token.clone()));
                at += 1;
            }
            [] => {}
        }
    }
    Some(patterns)
}

/// What stands between the turns of `$( )`, and its operator.
fn repetition(after: &[TokenTree]) -> Option<(Vec<TokenTree>, char)> {
    let end = after
        .iter()
        .position(|token| ['*', '+', '?'].iter().any(|operator| is(token, *operator)))?;
    let TokenTree::Punct(operator) = &after[end] else {
        return None;
    };
    Some((after[..end].to_vec(), operator.as_char()))
}

/// Where in `input` the patterns end, if they match its beginning.
fn matches(patterns: &[Pattern], input: &[TokenTree], bindings: &mut Bindings) -> Option<usize> {
    let mut at = 0;
    for pattern in patterns {
        let rest = &input[at..];
        at += match pattern {
            Pattern::Token(token) => {
                let same = rest.first()?.to_string() == token.to_string();
                same.then_some(1)?
            }
            Pattern::Group(delimiter, inside) => {
                let TokenTree::Group(group) = rest.first()? else {
                    return None;
                };
                let stream: Vec<TokenTree> = group.stream().into_iter().collect();
                let whole = matches(inside, &stream, bindings)? == stream.len();
                (group.delimiter() == *delimiter && whole).then_some(1)?
            }
            Pattern::Bind(name, kind) => {
                let (taken, length) = fragment(kind, rest)?;
                bindings.insert(name.clone(), Bound::One(taken));
                length
            }
            Pattern::Repeat(inside, between, operator) => {
                let (turns, length) = repeat(inside, between, *operator, rest);
                if *operator == '+' && turns.is_empty() {
                    return None;
                }
                for name in names(inside) {
                    bindings.insert(name, Bound::Many(turns.clone()));
                }
                length
            }
        };
    }
    Some(at)
}

/// As many turns as match, and how many tokens they take.
fn repeat(
    inside: &[Pattern],
    between: &[TokenTree],
    operator: char,
    input: &[TokenTree],
) -> (Vec<Bindings>, usize) {
    let (mut turns, mut taken) = (Vec::new(), 0);
    loop {
        let mut at = taken;
        if !turns.is_empty() {
            let same = between
                .iter()
                .zip(&input[at..])
                .filter(|(one, other)| one.to_string() == other.to_string());
            if operator == '?' || same.count() < between.len() {
                return (turns, taken);
            }
            at += between.len();
        }
        let mut bindings = Bindings::new();
        match matches(inside, &input[at..], &mut bindings) {
            Some(length) if at + length > taken => {
                turns.push(bindings);
                taken = at + length;
            }
            _ => return (turns, taken),
        }
    }
}

fn names(patterns: &[Pattern]) -> Vec<String> {
    let each = patterns.iter().flat_map(|pattern| match pattern {
        Pattern::Token(_) => Vec::new(),
        Pattern::Bind(name, _) => vec![name.clone()],
        Pattern::Group(_, inside) | Pattern::Repeat(inside, ..) => names(inside),
    });
    each.collect()
}

/// The fragment at the beginning of `input` and how many tokens it takes.
fn fragment(kind: &str, input: &[TokenTree]) -> Option<(TokenStream, usize)> {
    fn parsed<T: syn::parse::Parse + ToTokens>(input: ParseStream<'_>) -> syn::Result<TokenStream> {
        Ok(input.parse::<T>()?.to_token_stream())
    }
    let parse: fn(ParseStream<'_>) -> syn::Result<TokenStream> = match kind {
        "tt" => return Some((input.first()?.to_token_stream(), 1)),
        "ident" => parsed::<syn::Ident>,
        "ty" => parsed::<syn::Type>,
        "expr" => parsed::<syn::Expr>,
        "path" => parsed::<syn::Path>,
        "meta" => parsed::<syn::Meta>,
        "vis" => parsed::<syn::Visibility>,
        "literal" => parsed::<syn::Lit>,
        "lifetime" => parsed::<syn::Lifetime>,
        "item" => parsed::<syn::Item>,
        "block" => parsed::<syn::Block>,
        _ => return None,
    };
    let with_rest = |input: ParseStream<'_>| Ok((parse(input)?, input.parse::<TokenStream>()?));
    let (taken, rest) = with_rest.parse2(input.iter().cloned().collect()).ok()?;
    Some((taken, input.len() - rest.into_iter().count()))
}

fn write(made: &[TokenTree], bindings: &Bindings) -> TokenStream {
    let mut out = TokenStream::new();
    let mut at = 0;
    while at < made.len() {
        match &made[at..] {
            [dollar, TokenTree::Ident(name), ..] if is(dollar, '$') => {
                match bindings.get(&name.to_string()) {
                    Some(Bound::One(tokens)) => out.extend(tokens.clone()),
                    // `$crate`, and the variables of a macro that this one defines.
                    _ if name == "crate" => out.extend([made[at + 1].clone()]),
                    _ => out.extend(made[at..at + 2].iter().cloned()),
                }
                at += 2;
            }
            [dollar, TokenTree::Group(group), rest @ ..] if is(dollar, '$') => {
                let (between, _) = repetition(rest).unwrap_or_default();
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                for (turn, one) in turns(&inside, bindings).iter().enumerate() {
                    if turn > 0 {
                        out.extend(between.iter().cloned());
                    }
                    out.extend(write(&inside, one));
                }
                at += 3 + between.len();
            }
            [TokenTree::Group(group), ..] => {
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                let group = Group::new(group.delimiter(), write(&inside, bindings));
                out.extend([TokenTree::Group(group)]);
                at += 1;
            }
            [token, ..] => {
                out.extend([token.clone()]);
                at += 1;
            }
            [] => {}
        }
    }
    out
}

/// The bindings of each turn of a repetition: those of the variables that it names and that repeat,
/// beside all others.
fn turns(inside: &[TokenTree], bindings: &Bindings) -> Vec<Bindings> {
    let text = inside.iter().cloned().collect::<TokenStream>().to_string();
    let named = |name: &str| {
        let used = text.split('$').skip(1).map(str::trim_start);
        used.into_iter().any(|rest| {
            let after = rest.strip_prefix(name);
            after.is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    let repeated = bindings.iter().find_map(|(name, bound)| match bound {
        Bound::Many(turns) if named(name) => Some(turns),
        _ => None,
    });
    let with_others = |turn: &Bindings| {
        let mut all = bindings.clone();
        all.extend(turn.clone());
        all
    };
    repeated.map_or_else(Vec::new, |turns| turns.iter().map(with_others).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::tokens::text;

    fn expanded(rules: &str, input: &str) -> Option<String> {
        let rules = Rules::parse(rules.parse().unwrap()).unwrap();
        rules.expand(input.parse().unwrap()).map(text)
    }

    #[test]
    fn a_list_of_names_and_types_becomes_a_setter_each() {
        let rules = "($($(#[$doc:meta])* $name:ident: $type:ty),* $(,)?) => {
            impl A { $($(#[$doc])* pub fn $name(self, $name: $type) -> Self { self })* } };";
        assert_eq!(
            expanded(rules, "/// One.\n one: u32, two: Option<Duration>,").unwrap(),
            "impl A { #[doc = \" One.\"] pub fn one(self, one: u32) -> Self { self } \
             pub fn two(self, two: Option<Duration>) -> Self { self } }"
        );
        assert_eq!(expanded(rules, "").unwrap(), "impl A {}");
    }

    #[test]
    fn a_macro_may_hand_its_list_to_another_and_choose_among_rules() {
        let rules = "($then:ident) => { $then! { a: u8, b: $crate::B } }; (2) => { two }";
        assert_eq!(
            expanded(rules, "each").unwrap(),
            "each! { a: u8, b: crate::B }"
        );
        assert_eq!(expanded(rules, "2").unwrap(), "two");
    }

    #[test]
    fn an_input_that_no_rule_matches_is_not_guessed_at() {
        assert_eq!(expanded("($($name:ident),+) => { }", ""), None);
        assert_eq!(expanded("($name:ident) => { }", "a b"), None);
        assert_eq!(expanded("($name:pat) => { }", "a"), None);
        assert!(Rules::parse("(a) => b".parse().unwrap()).is_none());
    }
}
