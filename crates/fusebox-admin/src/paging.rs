//! Lists in pages: `?limit=` and `?cursor=`, and `next` in the answer.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::desk::Desk;
use crate::problem::Problem;

/// Entries in a page where the request does not say.
pub(crate) const LIMIT: usize = 100;
/// A page is read, held and written out whole.
pub(crate) const LIMIT_MAX: usize = 1000;

/// The query of a request, decoded. A name that the route does not know is an error, so that a
/// misspelt filter is not taken for none.
pub(crate) struct Query(Vec<(String, String)>);

impl FromRequestParts<Desk> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Desk) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        pairs(query).map(Self)
    }
}

impl Query {
    /// Refuses every name but these.
    pub(crate) fn only(self, known: &[&str]) -> Result<Self, Problem> {
        let strange = self
            .0
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()));
        match strange {
            None => Ok(self),
            Some((name, _)) => Err(Problem::invalid(format!(
                "query: {name:?} is none of {}",
                known.join(", ")
            ))),
        }
    }

    /// All values of that name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// The value of that name, given at most once.
    pub(crate) fn one<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, Problem> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            _ => Err(Problem::invalid(format!("{name}: more than once"))),
        }
    }

    /// A whole number between two bounds.
    pub(crate) fn number(
        &self,
        name: &str,
        from: usize,
        to: usize,
    ) -> Result<Option<usize>, Problem> {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };
        let number = usize::from_str(text).ok();
        number
            .filter(|number| (from..=to).contains(number))
            .map(Some)
            .ok_or_else(|| {
                Problem::invalid(format!(
                    "{name}: {text:?} is not a whole number, {from} to {to}"
                ))
            })
    }

    /// Where the page before ended, by the number of its last entry.
    pub(crate) fn cursor(&self) -> Result<Option<u64>, Problem> {
        let Some(text) = self.one("cursor")? else {
            return Ok(None);
        };
        let unknown = || Problem::invalid("cursor: it is none that a page told");
        entry_number(text).map(Some).ok_or_else(unknown)
    }

    /// How many entries the page may have.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        Ok(self.number("limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT))
    }
}

/// The number of an entry in history or audit log. Stores have signed numbers, and a sign is none
/// of ours.
pub(crate) fn entry_number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<i64>().ok().filter(|_| is_plain)?;
    u64::try_from(number).ok()
}

/// Decodes `a=b&c`; what is no UTF-8 is refused.
fn pairs(query: &str) -> Result<Vec<(String, String)>, Problem> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(value)?))
        })
        .collect()
}

fn decoded(text: &str) -> Result<String, Problem> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = (rest.next().and_then(hex), rest.next().and_then(hex));
                let (Some(high), Some(low)) = digits else {
                    return Err(Problem::invalid(
                        "query: % is not followed by two hexadecimal digits",
                    ));
                };
                high << 4 | low
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| Problem::invalid("query: it is no UTF-8"))
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Option<Vec<(String, String)>> {
        pairs(query).ok()
    }

    #[test]
    fn queries_are_decoded() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(read(""), Some(vec![]));
        assert_eq!(read("a"), Some(vec![pair("a", "")]));
        assert_eq!(
            read("a=1&&b=%C3%A4+x%2B&a=2=3"),
            Some(vec![pair("a", "1"), pair("b", "ä x+"), pair("a", "2=3")])
        );
        for bad in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%+1"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_name_that_is_not_known_and_one_given_twice_are_refused() {
        let query = |text: &str| Query(read(text).expect("a query"));
        assert!(query("limit=1&x=2").only(&["limit"]).is_err());
        assert!(query("limit=1").only(&["limit"]).is_ok());
        assert!(query("limit=1&limit=1").limit().is_err());
        assert_eq!(query("").limit().ok(), Some(LIMIT));
        assert_eq!(query("limit=7").limit().ok(), Some(7));
        for bad in [
            "0",
            "1001",
            "-1",
            "+1",
            "",
            "x",
            "1.0",
            "99999999999999999999",
        ] {
            assert!(query(&format!("limit={bad}")).limit().is_err(), "{bad}");
        }
    }
}
