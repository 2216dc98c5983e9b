//! What a system keeps in its data folder: the state of its circuits, and its durable queues.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use fusebox::Registry;
use fusebox_admin::{Admin, Readiness};
use fusebox_queue::relay::RelayWatch;
use fusebox_queue::{QueueSettings, Queues};
use fusebox_store::{Keeper, Sqlite, Storage};

use crate::hosting::Hosted;

/// How long the end waits for the disk.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Why a system did not start or end, in words that name the variable, the file or the socket.
pub type Failed = Box<dyn Error + Send + Sync>;

/// For queues whose messages have to happen: none grows too old or is tried too often. Between two
/// tries one waits so long.
pub fn until_it_happens(retry_after: Duration) -> QueueSettings {
    let mut settings = QueueSettings::default();
    settings.age_max = None;
    settings.attempts_max = None;
    settings.crashes_max = None;
    settings.retry_after = retry_after;
    settings.retry_after_max = retry_after;
    settings
}

/// A system that is served: its routes, its probes, and the admin interface under `/fusebox`.
#[derive(Debug)]
pub struct Served {
    hosted: Hosted,
    readiness: Readiness,
    kept: Kept,
}

/// A clone is the same.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Writes down what the circuits do.
    pub keeper: Keeper,
    /// The queues of the file.
    pub queues: Queues,
}

impl Kept {
    /// Makes the folder, puts the circuits of `registry` where they were (`state.db`), and opens a
    /// file of queues.
    ///
    /// # Errors
    /// What cannot be made, or is damaged or taken.
    pub fn open(registry: &Registry, folder: &Path, queues: &str) -> Result<Self, Failed> {
        Self::open_with(registry, folder, queues, None)
    }

    /// The same, with the circuits in another storage, if there is one.
    ///
    /// # Errors
    /// As [`open`](Self::open). A storage that is away is none.
    pub fn open_with(
        registry: &Registry,
        folder: &Path,
        queues: &str,
        storage: Option<Box<dyn Storage>>,
    ) -> Result<Self, Failed> {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("DATA_DIR {}: {error}", folder.display()))?;
        let keeper = match storage {
            Some(storage) => Keeper::start(registry, storage),
            None => Keeper::start(registry, Sqlite::open(folder.join("state.db"))?),
        };
        Ok(Self {
            keeper: keeper?,
            queues: Queues::open(folder.join(queues))?,
        })
    }

    /// The admin interface over both, and over the relays of the queues.
    pub fn admin(
        &self,
        registry: &Registry,
        relays: impl IntoIterator<Item: Into<RelayWatch>>,
    ) -> Admin {
        let relays: Vec<RelayWatch> = relays.into_iter().map(Into::into).collect();
        Admin::new(registry)
            .keeper(self.keeper.clone())
            .queues(self.queues.clone())
            .relays(move || relays.clone())
    }

    /// Serves a system's routes.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn serve(
        self,
        registry: &Registry,
        at: SocketAddr,
        relays: impl IntoIterator<Item: Into<RelayWatch>>,
        routes: Router,
    ) -> Result<Served, Failed> {
        let readiness = Readiness::starting();
        let admin = self.admin(registry, relays).readiness(readiness.clone());
        let routes = routes.merge(readiness.probes());
        let hosted = Hosted::start(at, routes.nest_service("/fusebox", admin.router())).await?;
        readiness.set_ready();
        Ok(Served {
            hosted,
            readiness,
            kept: self,
        })
    }

    /// Writes down what is known; the relays have stopped.
    ///
    /// # Errors
    /// It was not written in time.
    pub fn close(self) -> Result<(), Failed> {
        self.queues.close(CLOSE_WITHIN)?;
        Ok(self.keeper.close()?)
    }
}

impl Served {
    /// Where it listens: `http://…`, without a slash at its end.
    pub fn url(&self) -> String {
        self.hosted.url()
    }

    /// Takes no more calls, and ends those under way. What is kept is to be closed then.
    pub async fn end(self) -> Kept {
        self.readiness.set_draining();
        self.hosted.end().await;
        self.kept
    }
}
