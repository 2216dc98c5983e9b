//! A number for each thread that records: unique among the threads alive, small, reused.
//!
//! A cell with a thread's number has one writer, so that the writer needs no read-modify-write.
//! The free list is behind a mutex that is taken twice in a thread's life; it also hands the
//! cells of a thread that ended over to the next owner of its number (unlock to lock).

#[cfg(not(loom))]
mod real {
    use crate::sync::{AtomicUsize, Mutex, MutexGuard, Ordering, lock};
    use std::cell::Cell;
    use std::collections::BTreeSet;

    /// No number yet.
    const NONE: usize = usize::MAX;
    /// The thread is ending: its number is given back already.
    const ENDED: usize = usize::MAX - 1;

    struct Free {
        returned: BTreeSet<usize>,
        next: usize,
    }

    static FREE: Mutex<Free> = Mutex::new(Free {
        returned: BTreeSet::new(),
        next: 0,
    });

    fn free() -> MutexGuard<'static, Free> {
        lock(&FREE)
    }

    /// All numbers ever handed out are smaller.
    static SLOTS: AtomicUsize = AtomicUsize::new(0);

    /// Relaxed: a recorder whose record must be seen meets the others in the state word after it
    /// got its number, and they look after they met it.
    #[inline]
    pub(crate) fn slots() -> usize {
        SLOTS.load(Ordering::Relaxed)
    }

    fn take() -> usize {
        let mut free = free();
        // The smallest first: readers look at all cells up to the greatest number ever used.
        free.returned.pop_first().unwrap_or_else(|| {
            free.next += 1;
            SLOTS.store(free.next, Ordering::Relaxed);
            free.next - 1
        })
    }

    struct GiveBack(Cell<usize>);

    impl Drop for GiveBack {
        fn drop(&mut self) {
            SLOT.set(ENDED);
            free().returned.insert(self.0.get());
        }
    }

    thread_local! {
        // Without a destructor, so that reading it needs no check whether it is alive.
        static SLOT: Cell<usize> = const { Cell::new(NONE) };
        static GIVE_BACK: GiveBack = const { GiveBack(Cell::new(NONE)) };
    }

    /// The calling thread's number, if it has one.
    #[inline]
    pub(crate) fn my_slot() -> Option<usize> {
        let slot = SLOT.get();
        (slot < ENDED).then_some(slot)
    }

    #[inline]
    pub(crate) fn with_slot<R>(f: impl FnOnce(usize) -> R) -> R {
        let slot = SLOT.get();
        if slot < ENDED {
            f(slot)
        } else {
            first_use(slot, f)
        }
    }

    #[cold]
    fn first_use<R>(slot: usize, f: impl FnOnce(usize) -> R) -> R {
        let number = take();
        if slot == NONE && GIVE_BACK.try_with(|guard| guard.0.set(number)).is_ok() {
            SLOT.set(number);
            return f(number);
        }
        // A destructor of another thread-local records: a number for this one record.
        let result = f(number);
        free().returned.insert(number);
        result
    }
}

#[cfg(loom)]
mod real {
    use std::cell::Cell;

    loom::thread_local! {
        static SLOT: Cell<usize> = Cell::new(0);
    }

    pub(crate) fn slots() -> usize {
        usize::MAX
    }

    /// Loom's threads say which number they have.
    #[cfg(test)]
    pub(crate) fn pretend(slot: usize) {
        SLOT.with(|cell| cell.set(slot));
    }

    pub(crate) fn my_slot() -> Option<usize> {
        Some(SLOT.with(Cell::get))
    }

    pub(crate) fn with_slot<R>(f: impl FnOnce(usize) -> R) -> R {
        f(SLOT.with(Cell::get))
    }
}

pub(crate) use real::*;
