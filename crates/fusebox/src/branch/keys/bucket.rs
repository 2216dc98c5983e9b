//! Lists of different keys that end where enough are known.

use super::{Entered, KeyedOutcome};

/// Different keys, as far as they have to be counted.
pub(super) type Few = Vec<u64>;

#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) epoch: u64,
    /// The least that its lists ended at: one that is as long may lack keys.
    pub(super) most: usize,
    pub(super) all: Few,
    pub(super) failed: Few,
    pub(super) slow: Few,
}

/// The keys of a whole window.
pub(super) struct Sum {
    pub(super) keys: Bucket,
    keys_min: usize,
    /// Some list may lack keys, because it was made when a smaller minimum was in force.
    is_cut: bool,
}

impl Sum {
    pub(super) fn new(keys_min: usize) -> Self {
        Self {
            keys: Bucket::default(),
            keys_min,
            is_cut: false,
        }
    }

    pub(super) fn add(&mut self, bucket: &Bucket) {
        let most = self.keys_min;
        self.is_cut |= bucket.all.len() >= bucket.most && bucket.most < most;
        self.keys.add(bucket, most);
    }

    pub(super) fn add_outcome(&mut self, outcome: KeyedOutcome) {
        self.keys.put(outcome, self.keys_min);
    }

    pub(super) fn add_slow(&mut self, key: u64) {
        put(&mut self.keys.all, key, self.keys_min);
        put(&mut self.keys.slow, key, self.keys_min);
    }

    /// The minimum, or all keys seen where those are fewer.
    pub(super) fn needed(&self) -> usize {
        if self.is_cut {
            self.keys_min
        } else {
            self.keys_min.min(self.keys.all.len().max(1))
        }
    }
}

impl Default for Bucket {
    fn default() -> Self {
        Self {
            epoch: 0,
            most: usize::MAX,
            all: Few::new(),
            failed: Few::new(),
            slow: Few::new(),
        }
    }
}

impl Bucket {
    /// One of a window, with room for the keys of successes: these must not allocate when the
    /// window turns to a bucket for the first time.
    pub(super) fn of_window() -> Self {
        /// The default of `keys_min`, at which the list ends.
        const KEYS: usize = 3;
        Self {
            all: Few::with_capacity(KEYS),
            ..Self::default()
        }
    }

    /// Begins anew and keeps its room.
    pub(super) fn begin(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.most = usize::MAX;
        for list in [&mut self.all, &mut self.failed, &mut self.slow] {
            list.clear();
        }
    }

    pub(super) fn put(&mut self, outcome: KeyedOutcome, most: usize) -> Entered {
        self.most = self.most.min(most);
        put(&mut self.all, outcome.key, most);
        if outcome.entry.failure {
            put(&mut self.failed, outcome.key, most);
        }
        if outcome.entry.slow {
            put(&mut self.slow, outcome.key, most);
        }
        if self.all.len() >= most {
            Entered::Enough
        } else {
            Entered::Once
        }
    }

    pub(super) fn add(&mut self, other: &Self, most: usize) {
        self.most = self.most.min(other.most);
        let lists = [
            (&mut self.all, &other.all),
            (&mut self.failed, &other.failed),
            (&mut self.slow, &other.slow),
        ];
        for (mine, others) in lists {
            others.iter().for_each(|key| put(mine, *key, most));
        }
    }
}

pub(super) fn put(few: &mut Few, key: u64, most: usize) {
    if few.len() < most && !few.contains(&key) {
        few.push(key);
    }
}
