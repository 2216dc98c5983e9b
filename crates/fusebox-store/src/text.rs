//! Words and durations in records: how serde writes and reads them.
//!
//! What cannot be read is an error, never a default: a state that nobody understands is not
//! "closed".

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use fusebox::{HoldKind, State};
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

/// A type of the core that has one word for each value.
pub(crate) trait Word: FromStr + Copy {
    fn as_word(self) -> &'static str;
}

impl Word for State {
    fn as_word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for HoldKind {
    fn as_word(self) -> &'static str {
        self.as_str()
    }
}

/// For `#[serde(with)]`: a value by its word.
pub(crate) mod word {
    use super::{Deserialize, Deserializer, Display, Serializer, Word};
    use serde::de::Error as _;

    pub(crate) fn serialize<W: Word, S: Serializer>(word: &W, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(word.as_word())
    }

    pub(crate) fn deserialize<'de, W, D>(from: D) -> Result<W, D::Error>
    where
        W: Word<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(from)?;
        text.parse()
            .map_err(|error| D::Error::custom(format!("{text:?}: {error}")))
    }
}

/// For `#[serde(with)]`: a duration as text, exact up to 584 years and cut there.
pub(crate) mod duration {
    use super::{Deserialize, Deserializer, Duration, Serializer, read, written};

    // serde asks for a reference.
    pub(crate) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&written(*time))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        read::<D>(&String::deserialize(from)?)
    }
}

/// The same where there may be none: null.
pub(crate) mod duration_or_none {
    use super::{Deserialize, Deserializer, Duration, Serializer, read, written};

    #[allow(clippy::ref_option)] // serde asks for this form
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => to.serialize_str(&written(*time)),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| read::<D>(&text)).transpose()
    }
}

/// The longest duration that the text form can say.
const LONGEST: Duration = Duration::from_nanos(u64::MAX - 1);

fn written(time: Duration) -> String {
    fusebox::duration::format(time.min(LONGEST))
}

fn read<'de, D: Deserializer<'de>>(text: &str) -> Result<Duration, D::Error> {
    fusebox::duration::parse(text).map_err(D::Error::custom)
}
