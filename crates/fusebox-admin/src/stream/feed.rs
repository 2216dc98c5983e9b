//! The writing end of the stream: looks at the circuits while somebody follows.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fusebox::{EventKind, Listed, Received, Registry, Subscription};
use fusebox_store::EventRecord;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::changes::Changes;
use super::ring::{Delta, Entry, Found, Ring};
use super::{CLIENTS_MAX, text};
use crate::events::Event;
use crate::thread::TICKS_PER_SECOND;

/// Circuits in one entry: a client reads entries whole.
const CIRCUITS_IN_AN_ENTRY: usize = 50;
/// So long nobody may follow until what was told is forgotten: who lost the connection for a
/// moment goes on where it was.
const LINGERS_TICKS: u32 = 30 * TICKS_PER_SECOND;

/// What all clients read, and the thread writes. Clones are the same feed.
#[derive(Clone)]
pub(crate) struct Feed {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    /// Differs from process to process, so that numbers of another are not taken for ours.
    epoch: u64,
    seats: Arc<Semaphore>,
    /// What is watched; nothing while nobody follows. Locked before `told`, never after it.
    watch: Mutex<Option<Watch>>,
    told: Mutex<Told>,
}

struct Told {
    ring: Ring,
    /// Wakes who has read everything; gone when the feed is closed.
    bell: Option<watch::Sender<()>>,
}

struct Watch {
    changes: Changes,
    events: Subscription,
    main_is_open: bool,
    /// Since the circuits were all looked at.
    ticks: u32,
    /// Since somebody followed.
    deserted_ticks: u32,
}

/// A client's place. Dropped, it is free for another.
pub(super) struct Seat {
    feed: Feed,
    bell: watch::Receiver<()>,
    _place: OwnedSemaphorePermit,
}

impl Feed {
    /// Nobody follows yet.
    pub(crate) fn new(registry: &Registry) -> Self {
        let told = Told {
            ring: Ring::default(),
            bell: Some(watch::Sender::new(())),
        };
        Self {
            inner: Arc::new(Inner {
                registry: registry.clone(),
                epoch: RandomState::new().hash_one(0),
                seats: Arc::new(Semaphore::new(CLIENTS_MAX)),
                watch: Mutex::new(None),
                told: Mutex::new(told),
            }),
        }
    }

    /// A place for a client; `None`: all are taken, or the feed is closed. From now on changes
    /// are kept for it.
    pub(super) fn seat(&self) -> Option<Seat> {
        let place = Arc::clone(&self.inner.seats).try_acquire_owned().ok()?;
        let bell = self.told().bell.as_ref()?.subscribe();
        // Begun before the client looks at anything, so that no change is between.
        self.watch()
            .get_or_insert_with(|| Watch::begun(&self.inner.registry));
        Some(Seat {
            feed: self.clone(),
            bell,
            _place: place,
        })
    }

    /// Looks for changes: at all circuits once a second, at those with a transition at once.
    /// Without clients it returns at once.
    pub(crate) fn tick(&self) {
        let mut watched = self.watch();
        let Some(watch) = &mut *watched else {
            return;
        };
        if self.is_deserted() {
            watch.deserted_ticks += 1;
        } else {
            watch.deserted_ticks = 0;
        }
        if watch.deserted_ticks >= LINGERS_TICKS {
            *watched = None;
            self.told().ring.forget();
            return;
        }
        let deltas = watch.look(&self.inner.registry);
        drop(watched);
        if !deltas.is_empty() {
            self.push(deltas.into_iter().map(Entry::Delta));
        }
    }

    /// Passes on a row of the history, if somebody follows.
    pub(crate) fn tell(&self, event: &EventRecord) {
        if self.watch().is_some() {
            let circuit = event.circuit.clone();
            let json = text::json(&Event::of(event));
            self.push([Entry::Event { circuit, json }]);
        }
    }

    /// Rows of the history went by untold: everybody begins anew, and knows by that.
    pub(crate) fn restart(&self) {
        self.told().ring.forget();
        self.push([]);
    }

    /// Ends all streams and admits no more, so that a shutdown does not wait for them.
    pub(crate) fn close(&self) {
        let bell = self.told().bell.take();
        drop(bell);
    }

    fn push(&self, entries: impl IntoIterator<Item = Entry>) {
        let mut told = self.told();
        for entry in entries {
            told.ring.push(entry);
        }
        let bell = told.bell.clone();
        drop(told);
        // After the lock: the wakers are the runtime's code.
        if let Some(bell) = bell {
            bell.send_replace(());
        }
    }

    /// How many follow now.
    pub(crate) fn clients(&self) -> u64 {
        let free = self.inner.seats.available_permits();
        CLIENTS_MAX.saturating_sub(free) as u64
    }

    fn is_deserted(&self) -> bool {
        self.clients() == 0
    }

    fn watch(&self) -> MutexGuard<'_, Option<Watch>> {
        let watch = self.inner.watch.lock();
        watch.unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        let told = self.inner.told.lock();
        told.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    fn begun(registry: &Registry) -> Self {
        Self {
            // Subscribed first: what happens while the circuits are read is looked at again.
            events: registry.subscribe(),
            changes: Changes::since_now(registry),
            main_is_open: registry.main().is_open(),
            ticks: 0,
            deserted_ticks: 0,
        }
    }

    fn look(&mut self, registry: &Registry) -> Vec<Delta> {
        self.ticks += 1;
        let named = self.named_by_events();
        let main_is_open = registry.main().is_open();
        let main_turned = main_is_open != self.main_is_open;
        self.main_is_open = main_is_open;
        let due = self.ticks >= TICKS_PER_SECOND || main_turned;
        let (listed, removed) = match named {
            Some(named) if !due => {
                let listed = named.iter().filter_map(|name| registry.listed(name));
                (listed.collect(), Vec::new())
            }
            _ => {
                self.ticks = 0;
                let listed = registry.list();
                let removed = self.changes.gone(&listed);
                (listed, removed)
            }
        };
        let changed = self.changed(&listed);
        if changed.is_empty() && removed.is_empty() && !main_turned {
            return Vec::new();
        }
        let mut deltas = in_entries(changed, removed, &text::main(registry.main()));
        deltas[0].main_turned = main_turned;
        deltas
    }

    fn changed(&mut self, listed: &[Listed]) -> Vec<(&'static str, String)> {
        let changes = &mut self.changes;
        let changed = listed
            .iter()
            .filter_map(|entry| Some((entry.circuit.name(), changes.changed(entry)?)));
        changed
            .map(|(name, circuit)| (name, text::json(&circuit)))
            .collect()
    }

    /// The circuits that something happened to; `None`: nobody knows which, or the list of
    /// circuits changed.
    fn named_by_events(&mut self) -> Option<Vec<String>> {
        let mut named = Some(Vec::new());
        while let Some(received) = self.events.try_next() {
            match received {
                Received::Missed(_) => named = None,
                Received::Event(event) => match event.kind {
                    EventKind::Added { .. }
                    | EventKind::Replaced { .. }
                    | EventKind::Removed { .. } => named = None,
                    _ => {
                        if let Some(named) = &mut named {
                            named.push(event.circuit.to_string());
                        }
                    }
                },
            }
        }
        let mut named = named?;
        named.sort_unstable();
        named.dedup();
        Some(named)
    }
}

/// At least one entry: the main breaker may be all that changed.
fn in_entries(
    mut changed: Vec<(&'static str, String)>,
    removed: Vec<&'static str>,
    main: &str,
) -> Vec<Delta> {
    let mut entries = Vec::new();
    let mut removed = Some(removed);
    while !changed.is_empty() || removed.is_some() {
        let rest = changed.split_off(changed.len().min(CIRCUITS_IN_AN_ENTRY));
        entries.push(Delta {
            main: main.to_owned(),
            main_turned: false,
            circuits: std::mem::replace(&mut changed, rest),
            removed: removed.take().unwrap_or_default(),
        });
    }
    entries
}

impl Seat {
    /// The number of the next entry.
    pub(super) fn head(&self) -> u64 {
        self.feed.told().ring.head()
    }

    /// The entry of that number.
    pub(super) fn at(&self, number: u64) -> Found {
        self.feed.told().ring.at(number)
    }

    /// Waits until there may be more; `false`: the feed is closed.
    pub(super) async fn more(&mut self) -> bool {
        self.bell.changed().await.is_ok()
    }

    /// The id that says: everything before this number was seen.
    pub(super) fn id(&self, number: u64) -> String {
        format!("{:x}-{number}", self.feed.inner.epoch)
    }

    /// The number that an id of ours says, if it is one of this process.
    pub(super) fn number(&self, id: &str) -> Option<u64> {
        let (epoch, number) = id.split_once('-')?;
        let epoch = u64::from_str_radix(epoch, 16).ok()?;
        let number = number.parse().ok()?;
        (epoch == self.feed.inner.epoch).then_some(number)
    }
}
