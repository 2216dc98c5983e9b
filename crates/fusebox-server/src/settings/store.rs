//! `[store]`: where states, history and audit log are kept.

use std::str::FromStr;

use super::keys;
use super::section::Section;

/// What keeps the state of circuits over restarts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreKind {
    /// `state.db` in the data folder. The default.
    #[default]
    Sqlite,
    /// Nothing does: with the process all of it is gone.
    Memory,
    /// The server that the environment variable `REDIS_URL` names.
    #[cfg(feature = "redis")]
    Redis,
}

impl StoreKind {
    /// The word in the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Memory => "memory",
            #[cfg(feature = "redis")]
            Self::Redis => "redis",
        }
    }
}

impl FromStr for StoreKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "sqlite" => Ok(Self::Sqlite),
            "memory" => Ok(Self::Memory),
            #[cfg(feature = "redis")]
            "redis" => Ok(Self::Redis),
            #[cfg(not(feature = "redis"))]
            "redis" => Err(
                "\"sqlite\" or \"memory\" (this build has no Redis; it is the feature \
                `redis` of fusebox-server)"
                    .to_owned(),
            ),
            _ => Err("\"sqlite\", \"memory\" or \"redis\"".to_owned()),
        }
    }
}

pub(super) fn read(section: Section<'_>) -> StoreKind {
    section.only(keys::STORE);
    let kind = section.read("kind", |node| node.text().unwrap_or_default().parse());
    kind.unwrap_or_default()
}
