//! What may happen.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::NewMessage;
use crate::clock::Millis;
use crate::message::Leased;
use crate::record::{Death, Response, Scope, Selection};
use crate::storage::contract::bench::{Bench, attempt};
use crate::storage::{Ending, Groups, Order, PauseOrder, Settle};

pub(super) const QUEUES: [&str; 2] = ["receipts", "letters"];
const KEYS: [Option<&str>; 3] = [None, Some("k"), Some("l")];
const GROUPS: [Option<&str>; 3] = [None, Some("g"), Some("h")];
const NAMES: [Option<&str>; 4] = [None, None, Some("1"), Some("2")];

#[derive(Clone, Debug)]
pub(super) enum Step {
    Reopen,
    Wait(Millis),
    /// In one commit.
    Orders(Vec<Ordered>),
    Settle(Index, Ended),
}

/// An order, as long as its time and names are not known.
#[derive(Clone, Debug)]
pub(super) enum Ordered {
    Push {
        queue: &'static str,
        key: Option<&'static str>,
        group: Option<&'static str>,
        name: Option<&'static str>,
        body: &'static str,
    },
    Lease {
        queue: &'static str,
        max: usize,
        age_max: Millis,
    },
    Pause(Scope, Groups),
    Resume(Scope, Option<u64>, Groups),
    Retry(Selection),
    Discard(Selection),
    Expire(&'static str, Millis, usize),
    Forget(&'static str, Millis, usize),
}

#[derive(Clone, Debug)]
pub(super) enum Ended {
    Delivered,
    Again(Millis, bool),
    Deferred(Option<Millis>),
    /// Whether it may have arrived.
    Dead(bool),
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let ended = prop_oneof![
        3 => Just(Ended::Delivered),
        2 => (0..20_000_i64, any::<bool>()).prop_map(|(wait, may)| Ended::Again(wait, may)),
        1 => proptest::option::of(0..20_000_i64).prop_map(Ended::Deferred),
        2 => any::<bool>().prop_map(Ended::Dead),
    ];
    prop_oneof![
        1 => Just(Step::Reopen),
        3 => prop_oneof![0..1000_i64, 0..70_000_i64].prop_map(Step::Wait),
        8 => proptest::collection::vec(ordered(), 1..5).prop_map(Step::Orders),
        8 => (any::<Index>(), ended).prop_map(|(which, ended)| Step::Settle(which, ended)),
    ]
}

fn ordered() -> impl Strategy<Value = Ordered> {
    let queue = || select(&QUEUES[..]);
    let age = || 0..200_000_i64;
    prop_oneof![
        8 => push(),
        8 => (queue(), 0..4_usize, age()).prop_map(|(queue, max, more)| {
            let age_max = 100_000 + more;
            Ordered::Lease { queue, max, age_max }
        }),
        1 => (scope(), groups()).prop_map(|(scope, groups)| Ordered::Pause(scope, groups)),
        2 => (scope(), proptest::option::weighted(0.3, 0..4_u64), groups())
            .prop_map(|(scope, epoch, groups)| Ordered::Resume(scope, epoch, groups)),
        2 => selection().prop_map(Ordered::Retry),
        1 => selection().prop_map(Ordered::Discard),
        1 => (queue(), age(), 0..4_usize).prop_map(|(q, age, max)| Ordered::Expire(q, age, max)),
        1 => (queue(), age(), 0..4_usize).prop_map(|(q, age, max)| Ordered::Forget(q, age, max)),
    ]
}

fn push() -> impl Strategy<Value = Ordered> {
    let (queue, body) = (select(&QUEUES[..]), select(&["a", "b"][..]));
    let rest = (select(&KEYS[..]), select(&GROUPS[..]), select(&NAMES[..]));
    (queue, rest, body).prop_map(|(queue, (key, group, name), body)| Ordered::Push {
        queue,
        key,
        group,
        name,
        body,
    })
}

fn groups() -> impl Strategy<Value = Groups> {
    select(&[Groups::Apart, Groups::Along, Groups::Left][..])
}

fn scope() -> impl Strategy<Value = Scope> {
    let queue = || select(&QUEUES[..]).prop_map(str::to_owned);
    prop_oneof![
        Just(Scope::Everything),
        queue().prop_map(Scope::Queue),
        (queue(), select(&["g", "h"][..])).prop_map(|(q, g)| Scope::Group(q, g.to_owned())),
    ]
}

fn selection() -> impl Strategy<Value = Selection> {
    (select(&QUEUES[..]), select(&KEYS[..]), 0..4_usize).prop_map(|(queue, key, max)| {
        Selection::Oldest {
            queue: queue.to_owned(),
            key: key.map(str::to_owned),
            max,
        }
    })
}

impl Ordered {
    pub(super) fn order(&self, bench: &mut Bench) -> Order {
        let at = bench.now;
        match self.clone() {
            Self::Push {
                queue,
                key,
                group,
                name,
                body,
            } => {
                let message = NewMessage {
                    key: key.map(str::to_owned),
                    group: group.map(str::to_owned),
                    idempotency_key: name.map(str::to_owned),
                    ..NewMessage::new(body)
                };
                bench.limits.messages_max = 12;
                bench.push_order(queue, message).1
            }
            Self::Lease {
                queue,
                max,
                age_max,
            } => {
                bench.pushed_after = at - age_max;
                bench.lease_order(queue, max)
            }
            Self::Pause(scope, groups) => Order::Pause(who(scope, groups, at)),
            Self::Resume(scope, epoch, groups) => Order::Resume(who(scope, groups, at), epoch),
            Self::Retry(selection) => Order::Retry { selection, at },
            Self::Discard(selection) => Order::Discard { selection },
            Self::Expire(queue, age, max) => Order::Expire {
                queue: queue.into(),
                before: at - age,
                at,
                max,
            },
            Self::Forget(queue, age, max) => Order::Forget {
                queue: queue.into(),
                before: at - age,
                max,
            },
        }
    }
}

impl Ended {
    pub(super) fn of(&self, at: Millis) -> Ending {
        match self {
            Self::Delivered => Ending::Delivered {
                response: Some(Response {
                    status: 200,
                    headers: Vec::new(),
                    body: "fine".into(),
                }),
            },
            Self::Again(wait, uncertain) => Ending::Again {
                due: at + wait,
                attempt: attempt(at, "status"),
                counts: !*uncertain,
                uncertain: *uncertain,
            },
            Self::Deferred(wait) => Ending::Deferred {
                due: wait.map(|wait| at + wait),
                uncertain: wait.is_some(),
            },
            Self::Dead(uncertain) => Ending::Dead {
                death: Death::Refused,
                attempt: attempt(at, "status"),
                response: None,
                uncertain: *uncertain,
            },
        }
    }
}

fn who(scope: Scope, groups: Groups, at: Millis) -> PauseOrder {
    PauseOrder {
        scope,
        groups,
        reason: "because".to_owned(),
        by: "ada".to_owned(),
        at,
    }
}

/// Ends every pause that may be.
pub(super) fn resumes(at: Millis) -> Vec<Order> {
    let mut scopes = vec![Scope::Everything];
    for queue in QUEUES.map(str::to_owned) {
        scopes.push(Scope::Queue(queue.clone()));
        let groups = GROUPS.iter().flatten();
        scopes.extend(groups.map(|group| Scope::Group(queue.clone(), (*group).to_owned())));
    }
    let scopes = scopes.into_iter();
    let orders = scopes.map(|scope| Order::Resume(who(scope, Groups::Apart, at), None));
    orders.collect()
}

pub(super) fn retry_all(queue: &str, at: Millis) -> Order {
    let selection = Selection::Oldest {
        queue: queue.to_owned(),
        key: None,
        max: 1000,
    };
    Order::Retry { selection, at }
}

pub(super) fn deliver(leased: &Leased, at: Millis) -> Order {
    Order::Settle(Settle {
        id: leased.id,
        token: leased.token,
        at,
        ending: Ending::Delivered { response: None },
    })
}
