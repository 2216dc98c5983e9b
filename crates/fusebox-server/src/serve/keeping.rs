//! What circuits know, kept over restarts: opened before anybody is answered, closed last.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use fusebox::Registry;
use fusebox_store::{Keeper, Memory, Sqlite, Storage, StoreError};

use super::make_data_dir;
use crate::cli::{BAD_INPUT, CANNOT_BIND};
use crate::settings::{Config, StoreKind};

/// The file of the store in the data folder.
const STATE: &str = "state.db";
/// Held while a daemon uses the folder; it has no content.
const LOCK: &str = "state.lock";

/// A keeper, and the folder that is ours as long as this lives.
pub(super) struct Keeping {
    keeper: Keeper,
    _lock: Option<File>,
}

/// Why nothing can be kept; then nothing is started, for circuits that forget what an operator set
/// are worse than none.
#[derive(Debug, thiserror::Error)]
pub(super) enum CannotKeep {
    #[error("cannot use the folder {} (server.data_dir): {error}", folder.display())]
    Folder { folder: PathBuf, error: io::Error },
    #[error(
        "another fusebox uses the folder {} (server.data_dir); give each its own",
        folder.display()
    )]
    InUse { folder: PathBuf },
    #[error("the store cannot be used: {0}")]
    Store(#[from] StoreError),
    #[cfg(feature = "redis")]
    #[error("{0}")]
    Redis(#[from] fusebox_store::RedisSettingsError),
    #[cfg(feature = "redis")]
    #[error("store.kind is \"redis\", and REDIS_URL is not set")]
    NoRedis,
}

impl CannotKeep {
    /// 2 where a file or a setting is wrong, 3 where something cannot be had now.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Store(error) if error.is_lasting() => BAD_INPUT,
            Self::Folder { .. } | Self::InUse { .. } | Self::Store(_) => CANNOT_BIND,
            #[cfg(feature = "redis")]
            Self::Redis(_) | Self::NoRedis => BAD_INPUT,
        }
    }
}

impl Keeping {
    /// Opens the store and puts the registry's circuits where they were. Blocking.
    pub(super) fn start(config: &Config, registry: &Registry) -> Result<Self, CannotKeep> {
        let (storage, lock) = open(config)?;
        Ok(Self {
            keeper: Keeper::start(registry, storage)?,
            _lock: lock,
        })
    }

    pub(super) fn keeper(&self) -> Keeper {
        self.keeper.clone()
    }

    /// Writes what waits, within the keeper's own bound. Blocking.
    pub(super) fn close(self) {
        if let Err(error) = self.keeper.close() {
            tracing::error!(%error, "not everything was kept");
        }
    }
}

fn open(config: &Config) -> Result<(Box<dyn Storage>, Option<File>), CannotKeep> {
    match config.store {
        StoreKind::Sqlite => {
            let folder = &config.server.data_dir;
            let lock = take(folder)?;
            let storage = Sqlite::open(folder.join(STATE))?;
            Ok((Box::new(storage), Some(lock)))
        }
        StoreKind::Memory => {
            tracing::info!("store.kind is \"memory\": a restart forgets everything");
            Ok((Box::new(Memory::new()), None))
        }
        #[cfg(feature = "redis")]
        StoreKind::Redis => {
            let variables = fusebox::environment::Variables::of_process();
            let redis = fusebox_store::Redis::from_variables(&variables)?;
            Ok((Box::new(redis.ok_or(CannotKeep::NoRedis)?), None))
        }
    }
}

/// Makes the folder where it is missing, and makes sure that no other daemon uses it: two would
/// each write its own truth. The lock goes with the process, however that ends.
fn take(folder: &Path) -> Result<File, CannotKeep> {
    let failed = |error| CannotKeep::Folder {
        folder: folder.to_owned(),
        error,
    };
    make_data_dir(folder).map_err(failed)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lock = options.open(folder.join(LOCK)).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(CannotKeep::InUse {
            folder: folder.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
