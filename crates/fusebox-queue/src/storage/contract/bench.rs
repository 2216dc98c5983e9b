//! A storage on the bench: gives orders one by one, with times that the test sets.

use std::sync::Arc;

use crate::clock::Millis;
use crate::id::{MessageId, Places};
use crate::message::{Leased, NewMessage, Pushed};
use crate::record::{Attempt, Death, Depth, MessageState, Query, Record, Selection};
use crate::storage::{
    Done, Ending, Lease, LeasesTaken, Order, Push, PushLimits, PushRefused, Reader, Settle, Storage,
};

/// Where the time of the tests begins.
pub(super) const BEGIN: Millis = 1_800_000_000_000;
/// How long a lease lasts, if the test says nothing else.
pub(super) const LASTS: Millis = 60_000;
/// The queue of tests that need one only.
pub(super) const QUEUE: &str = "receipts";

pub(super) type Open = Box<dyn FnMut() -> Box<dyn Storage>>;

pub(super) struct Bench {
    /// Opens new places, for tests that need several.
    make: Box<dyn Fn() -> Open>,
    open: Open,
    storage: Option<Box<dyn Storage>>,
    places: Places,
    pub(super) now: Millis,
    pub(super) limits: PushLimits,
    pub(super) crashes_max: u32,
    /// Older ones die when their turn comes.
    pub(super) pushed_after: Millis,
    pub(super) lasts: Millis,
}

impl Bench {
    pub(super) fn new(make: Box<dyn Fn() -> Open>) -> Self {
        let open = make();
        let mut bench = Self {
            make,
            open,
            storage: None,
            places: Places::after(0),
            now: BEGIN,
            limits: PushLimits {
                messages_max: 1_000_000,
                bytes_max: 1 << 40,
            },
            crashes_max: 3,
            pushed_after: 0,
            lasts: LASTS,
        };
        bench.reopen();
        bench
    }

    /// Another, empty place.
    pub(super) fn anew(&mut self) {
        self.storage = None;
        self.open = (self.make)();
        self.reopen();
        (self.places, self.now) = (Places::after(0), BEGIN);
    }

    /// As after a crash of the process.
    pub(super) fn reopen(&mut self) {
        self.storage = None;
        self.storage = Some((self.open)());
    }

    pub(super) fn storage(&mut self) -> &mut dyn Storage {
        &mut **self.storage.as_mut().expect("opened")
    }

    pub(super) fn reader(&mut self) -> Box<dyn Reader> {
        self.storage().reader().expect("a reader")
    }

    pub(super) fn commit(&mut self, orders: &[Order]) -> Vec<Done> {
        let done = self.storage().commit(orders).expect("committed");
        assert_eq!(done.len(), orders.len());
        done
    }

    pub(super) fn carry_out(&mut self, order: Order) -> Done {
        self.commit(&[order]).remove(0)
    }

    pub(super) fn push_order(&mut self, queue: &str, message: NewMessage) -> (MessageId, Order) {
        let seq = self.places.next(self.now);
        let id = MessageId::new(seq, seq.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let push = Push {
            queue: queue.into(),
            id,
            message: Arc::new(message),
            limits: self.limits,
            at: self.now,
        };
        (id, Order::Push(push))
    }

    pub(super) fn try_push(
        &mut self,
        queue: &str,
        message: NewMessage,
    ) -> Result<Pushed, PushRefused> {
        let (_, order) = self.push_order(queue, message);
        match self.carry_out(order) {
            Done::Push(pushed) => pushed,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn push(&mut self, message: NewMessage) -> MessageId {
        self.try_push(QUEUE, message).expect("pushed").id
    }

    /// One with this body and key; `""`: no key.
    pub(super) fn push_key(&mut self, key: &str) -> MessageId {
        let message = NewMessage::new(key.to_owned());
        self.push(if key.is_empty() {
            message
        } else {
            message.key(key)
        })
    }

    pub(super) fn lease_order(&self, queue: &str, max: usize) -> Order {
        Order::Lease(Lease {
            queue: queue.into(),
            at: self.now,
            until: self.now + self.lasts,
            max,
            crashes_max: self.crashes_max,
            pushed_after: self.pushed_after,
        })
    }

    pub(super) fn lease_of(&mut self, queue: &str, max: usize) -> LeasesTaken {
        let order = self.lease_order(queue, max);
        match self.carry_out(order) {
            Done::Lease(taken) => taken,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn lease(&mut self, max: usize) -> LeasesTaken {
        self.lease_of(QUEUE, max)
    }

    /// The names of what is leased.
    pub(super) fn leased(&mut self, max: usize) -> Vec<MessageId> {
        ids(&self.lease(max))
    }

    /// Leases one and settles it.
    pub(super) fn send(&mut self, ending: Ending) -> MessageId {
        let leased = self.lease(1).leased.remove(0);
        assert!(self.settle(&leased, ending));
        leased.id
    }

    pub(super) fn settle(&mut self, leased: &Leased, ending: Ending) -> bool {
        let order = Order::Settle(Settle {
            id: leased.id,
            token: leased.token,
            at: self.now,
            ending,
        });
        match self.carry_out(order) {
            Done::Settle(was_in_force) => was_in_force,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn retry(&mut self, selection: Selection) -> u64 {
        let at = self.now;
        match self.carry_out(Order::Retry { selection, at }) {
            Done::Retry(count) => count,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn discard(&mut self, selection: Selection) -> u64 {
        match self.carry_out(Order::Discard { selection }) {
            Done::Discard(count) => count,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn expire(&mut self, before: Millis, max: usize) -> (u64, bool) {
        let order = Order::Expire {
            queue: QUEUE.into(),
            before,
            at: self.now,
            max,
        };
        match self.carry_out(order) {
            Done::Expire(count, more) => (count, more),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn forget(&mut self, before: Millis, max: usize) -> u64 {
        let order = Order::Forget {
            queue: QUEUE.into(),
            before,
            max,
        };
        match self.carry_out(order) {
            Done::Forget(count) => count,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn find(&mut self, id: MessageId) -> Option<Record> {
        self.reader().message(id).expect("read")
    }

    pub(super) fn record(&mut self, id: MessageId) -> Record {
        self.find(id).expect("there")
    }

    pub(super) fn state(&mut self, id: MessageId) -> MessageState {
        self.record(id).state
    }

    /// How the queue of the tests looks.
    pub(super) fn depth(&mut self) -> Depth {
        let mut depths = self.reader().depths().expect("read").into_iter();
        depths.find(|depth| depth.queue == QUEUE).expect("used")
    }

    pub(super) fn list(&mut self, query: &Query) -> Vec<MessageId> {
        let page = self.reader().messages(query).expect("read");
        page.items.iter().map(|record| record.id).collect()
    }
}

pub(super) fn ids(taken: &LeasesTaken) -> Vec<MessageId> {
    taken.leased.iter().map(|leased| leased.id).collect()
}

pub(super) fn delivered() -> Ending {
    Ending::Delivered { response: None }
}

pub(super) fn again(due: Millis) -> Ending {
    Ending::Again {
        counts: true,
        due,
        attempt: attempt(due, "status"),
        uncertain: false,
    }
}

pub(super) fn refused() -> Ending {
    Ending::Dead {
        death: Death::Refused,
        attempt: attempt(BEGIN, "status"),
        response: None,
        uncertain: false,
    }
}

pub(super) fn attempt(at: Millis, class: &str) -> Attempt {
    Attempt {
        at,
        class: class.to_owned(),
        error: format!("the receiver said {class}"),
    }
}

/// The oldest dead letters of the queue of the tests.
pub(super) fn oldest(max: usize) -> Selection {
    Selection::Oldest {
        queue: QUEUE.to_owned(),
        key: None,
        max,
    }
}
