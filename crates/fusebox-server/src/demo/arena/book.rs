//! What the clients of one copy count: users, calls, and how long things took.

use std::array;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::cast::{self, Number, Otherwise, Path, SYSTEMS, UPSTREAMS};
use super::trouble::Trouble;
use crate::demo::traffic::FIRST_ROUND;

/// A system serves so many users at once. In good times it needs one or two of them.
const PLACES: usize = 5;

/// The share of users answered lately is that of so many.
const LATELY: usize = 40;

/// One copy's counts of one round: from the start, or the last reset, on.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) round: u64,
    pub(super) systems: [Users; SYSTEMS.len()],
    pub(super) upstreams: [Calls; UPSTREAMS.len()],
    pub(super) recoveries: Recoveries,
    troubles: [Trouble; UPSTREAMS.len()],
    places: [Arc<Semaphore>; SYSTEMS.len()],
}

/// Users of one system.
#[derive(Debug, Clone, Default)]
pub(super) struct Users {
    /// Who came.
    pub(super) came: u64,
    /// Who got what he came for, or something useful in its place.
    pub(super) answered: u64,
    /// The latter of these.
    pub(super) degraded: u64,
    /// Who got neither.
    pub(super) failed: u64,
    /// Who of these needed nothing that was in trouble.
    pub(super) cascades: u64,
    lately: VecDeque<bool>,
    is_cascade_told: bool,
}

/// Calls to one upstream, as its clients saw them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Calls {
    /// All of them.
    pub(super) made: u64,
    /// Those that the breaker rejected.
    pub(super) rejected: u64,
    /// Those whose connection was refused.
    pub(super) refused: u64,
    /// Those whose connection was cut: they may have arrived or not.
    pub(super) cut: u64,
    /// Those that were sent to an upstream with a fault, and failed.
    pub(super) wasted: u64,
    /// Those under way.
    pub(super) under_way: u64,
}

/// Upstreams that came back for their users.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Recoveries {
    pub(super) count: u64,
    pub(super) last: Option<Duration>,
    pub(super) worst: Option<Duration>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Well,
    Rejected,
    Refused,
    Cut,
    TimedOut,
    Failed,
}

/// How a user left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// With all he came for.
    Full,
    /// With something useful in its place.
    Degraded,
    /// With an error.
    Failed,
    /// There was no place for him in time.
    TurnedAway,
}

/// A user.
#[derive(Debug, Clone, Copy)]
pub(super) struct User {
    pub(super) system: usize,
    pub(super) path: &'static Path,
    /// The place of the key that his calls are for.
    pub(super) key: usize,
}

/// A user who came.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) user: User,
    pub(super) round: u64,
    pub(super) places: Arc<Semaphore>,
    at: Instant,
}

/// A call that was made.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub(super) struct Sent {
    round: u64,
    upstream: Number,
    into_fault: bool,
}

/// What is worth telling.
#[derive(Debug, Clone, Copy)]
pub(super) enum News {
    /// The upstream answers its users again, after so long.
    Recovered(Number, Duration),
    /// The first user since the last fault who failed without need.
    Cascade(User),
}

impl Default for Book {
    fn default() -> Book {
        Book::of_round(FIRST_ROUND)
    }
}

impl Book {
    /// Nothing counted, nothing wrong, all places free.
    pub(super) fn of_round(round: u64) -> Book {
        Book {
            round,
            systems: Default::default(),
            upstreams: Default::default(),
            recoveries: Recoveries::default(),
            troubles: Default::default(),
            places: array::from_fn(|_| Arc::new(Semaphore::new(PLACES))),
        }
    }

    /// What is wrong with an upstream, to be changed.
    pub(super) fn trouble(&mut self, upstream: Number) -> &mut Trouble {
        let system = UPSTREAMS[upstream].system;
        if let Some(users) = SYSTEMS.iter().position(|named| named.name == system) {
            self.systems[users].is_cascade_told = false;
        }
        &mut self.troubles[upstream]
    }

    /// A user comes.
    pub(super) fn comes(&mut self, user: User) -> Ticket {
        self.systems[user.system].came += 1;
        Ticket {
            user,
            round: self.round,
            places: Arc::clone(&self.places[user.system]),
            at: Instant::now(),
        }
    }

    /// A call is made for him.
    pub(super) fn sends(&mut self, round: u64, upstream: Number) -> Sent {
        if round == self.round {
            self.upstreams[upstream].made += 1;
            self.upstreams[upstream].under_way += 1;
        }
        Sent {
            round,
            upstream,
            into_fault: self.troubles[upstream].is_sick(),
        }
    }

    /// It ended.
    pub(super) fn ended(&mut self, sent: Sent, end: End) {
        if sent.round != self.round {
            return;
        }
        let calls = &mut self.upstreams[sent.upstream];
        calls.under_way -= 1;
        match end {
            End::Rejected => calls.rejected += 1,
            End::Refused => calls.refused += 1,
            End::Cut => calls.cut += 1,
            End::Well | End::TimedOut | End::Failed => {}
        }
        if sent.into_fault && !matches!(end, End::Well | End::Rejected) {
            calls.wasted += 1;
        }
    }

    /// The user leaves. `asked` says which upstreams were asked for him, and whether they answered
    /// well.
    pub(super) fn leaves(
        &mut self,
        ticket: &Ticket,
        verdict: Verdict,
        asked: &[(Number, bool)],
    ) -> Vec<News> {
        if ticket.round != self.round {
            return Vec::new();
        }
        // Before anything recovers by him.
        let is_cascade = !verdict.is_answer() && !self.is_in_trouble(ticket);
        let mut news = Vec::new();
        let users = &mut self.systems[ticket.user.system];
        users.leaves(verdict);
        if is_cascade {
            users.cascades += 1;
            if !std::mem::replace(&mut users.is_cascade_told, true) {
                news.push(News::Cascade(ticket.user));
            }
        }
        let now = Instant::now();
        for upstream in ticket.user.upstreams() {
            let asked = asked.iter().find(|(number, _)| *number == upstream);
            let Some(well) = asked.map(|(_, well)| *well).or(verdict.says()) else {
                continue;
            };
            let trouble = &mut self.troubles[upstream];
            if let Some(took) = trouble.answered(ticket.user.key, well, now) {
                self.recoveries.add(took);
                news.push(News::Recovered(upstream, took));
            }
        }
        news
    }

    /// How many users of all systems were answered, and how many have left.
    pub(super) fn users_of_all(&self) -> (u64, u64) {
        let answered = self.systems.iter().map(|users| users.answered).sum();
        let failed: u64 = self.systems.iter().map(|users| users.failed).sum();
        (answered, answered + failed)
    }

    /// Whether anything that the user needs was in trouble since he came.
    fn is_in_trouble(&self, ticket: &Ticket) -> bool {
        let mut needed = ticket
            .user
            .path
            .calls
            .iter()
            .filter(|call| call.is_needed());
        needed.any(|call| self.troubles[call.upstream].was_felt_by(ticket.user.key, ticket.at))
    }
}

impl User {
    /// The user with this number of this system.
    pub(super) fn numbered(system: usize, number: u64) -> User {
        User {
            system,
            path: SYSTEMS[system].path_of(number),
            key: cast::key_of(number),
        }
    }

    /// All upstreams that may be asked for him.
    fn upstreams(self) -> impl Iterator<Item = Number> {
        self.path.calls.iter().flat_map(|call| {
            let other = match call.otherwise {
                Otherwise::Asks(other) => Some(other),
                _ => None,
            };
            std::iter::once(call.upstream).chain(other)
        })
    }
}

impl Verdict {
    pub(super) fn is_answer(self) -> bool {
        matches!(self, Verdict::Full | Verdict::Degraded)
    }

    /// What it says of an upstream that was not asked: it was not needed, nobody came to ask it,
    /// or nothing.
    fn says(self) -> Option<bool> {
        match self {
            Verdict::Full => Some(true),
            Verdict::TurnedAway => Some(false),
            Verdict::Degraded | Verdict::Failed => None,
        }
    }
}

impl Users {
    /// Who has come and not left.
    pub(super) fn in_flight(&self) -> u64 {
        self.came - self.answered - self.failed
    }

    /// The share of the last users who were answered; none as long as nobody has left.
    pub(super) fn recent_answered(&self) -> Option<f64> {
        let answered = self.lately.iter().filter(|answered| **answered).count();
        share(answered as u64, self.lately.len() as u64)
    }

    fn leaves(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Full => self.answered += 1,
            Verdict::Degraded => {
                self.answered += 1;
                self.degraded += 1;
            }
            Verdict::Failed | Verdict::TurnedAway => self.failed += 1,
        }
        if self.lately.len() == LATELY {
            self.lately.pop_front();
        }
        self.lately.push_back(verdict.is_answer());
    }
}

impl Recoveries {
    fn add(&mut self, took: Duration) {
        self.count += 1;
        self.last = Some(took);
        self.worst = self.worst.max(Some(took));
    }
}

/// A part of a whole; none of nothing.
// Counts of a demo are far below 2^52.
#[allow(clippy::cast_precision_loss)]
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::arena::fault::Fault;

    /// A user of the fiscal adapter: one who registers a receipt, or one who only looks.
    fn till(needs_ofd: bool) -> User {
        let path = SYSTEMS[3].paths.iter();
        let mut path = path.filter(|path| path.calls.is_empty() != needs_ofd);
        User {
            system: 3,
            path: path.next().unwrap(),
            key: 0,
        }
    }

    fn ofd() -> Number {
        cast::find("ofd").unwrap()
    }

    #[test]
    fn a_user_who_fails_without_need_is_a_cascade_and_told_once() {
        let mut book = Book::default();
        book.trouble(ofd()).begin(Fault::Hang);
        let mut news = Vec::new();
        for needs_ofd in [true, false, false] {
            let ticket = book.comes(till(needs_ofd));
            assert_eq!(book.systems[3].in_flight(), 1);
            news.extend(book.leaves(&ticket, Verdict::TurnedAway, &[]));
        }
        let users = &book.systems[3];
        assert_eq!((users.came, users.failed, users.cascades), (3, 3, 2));
        assert!(matches!(news[..], [News::Cascade(_)]), "{news:?}");
        assert_eq!(users.recent_answered(), Some(0.0));
    }

    #[test]
    fn who_was_there_during_the_trouble_or_comes_before_its_recovery_is_no_cascade() {
        let mut book = Book::default();
        book.trouble(ofd()).begin(Fault::Kill);
        let during = book.comes(till(true));
        book.trouble(ofd()).end(Instant::now());
        book.leaves(&during, Verdict::Failed, &[(ofd(), false)]);
        let healing = book.comes(till(true));
        book.leaves(&healing, Verdict::Failed, &[(ofd(), false)]);
        assert_eq!(book.systems[3].cascades, 0);
        for _ in 0..3 {
            let ticket = book.comes(till(true));
            book.leaves(&ticket, Verdict::Full, &[(ofd(), true)]);
        }
        assert_eq!(book.recoveries.count, 1);
        let after = book.comes(till(true));
        book.leaves(&after, Verdict::Failed, &[(ofd(), false)]);
        assert_eq!(book.systems[3].cascades, 1);
    }

    #[test]
    fn calls_are_wasted_on_an_upstream_with_a_fault_unless_they_are_rejected() {
        let mut book = Book::default();
        let before = book.sends(1, ofd());
        book.trouble(ofd()).begin(Fault::Errors);
        book.ended(before, End::Cut);
        for end in [
            End::Failed,
            End::Refused,
            End::TimedOut,
            End::Rejected,
            End::Well,
        ] {
            let sent = book.sends(1, ofd());
            book.ended(sent, end);
        }
        let calls = Calls {
            made: 6,
            rejected: 1,
            refused: 1,
            cut: 1,
            wasted: 3,
            under_way: 0,
        };
        assert_eq!(book.upstreams[ofd()], calls);
    }

    #[test]
    fn what_belongs_to_an_earlier_round_counts_nowhere() {
        let mut book = Book::default();
        let ticket = book.comes(till(true));
        let sent = book.sends(ticket.round, ofd());
        book = Book::of_round(2);
        book.ended(sent, End::Failed);
        let late = book.sends(ticket.round, ofd());
        book.ended(late, End::Failed);
        let news = book.leaves(&ticket, Verdict::Failed, &[(ofd(), false)]);
        assert_eq!(book.upstreams[ofd()], Calls::default());
        assert_eq!((book.systems[3].came, book.systems[3].failed), (0, 0));
        assert!(news.is_empty());
    }

    #[test]
    fn another_provider_that_answers_is_no_proof_that_the_first_is_back() {
        let mut book = Book::default();
        let openai = cast::find("openai").unwrap();
        let anthropic = cast::find("anthropic").unwrap();
        for upstream in [openai, anthropic] {
            book.trouble(upstream).begin(Fault::Kill);
        }
        let assess = User {
            system: 1,
            path: &SYSTEMS[1].paths[0],
            key: 0,
        };
        let visit = |book: &mut Book, verdict, asked: &[(Number, bool)]| {
            let ticket = book.comes(assess);
            book.leaves(&ticket, verdict, asked)
        };
        visit(
            &mut book,
            Verdict::Failed,
            &[(openai, false), (anthropic, false)],
        );
        book.trouble(anthropic).end(Instant::now());
        let mut news = Vec::new();
        for _ in 0..3 {
            news.extend(visit(
                &mut book,
                Verdict::Degraded,
                &[(openai, false), (anthropic, true)],
            ));
        }
        assert!(matches!(news[..], [News::Recovered(back, _)] if back == anthropic));
        book.trouble(openai).end(Instant::now());
        news.clear();
        for _ in 0..3 {
            news.extend(visit(&mut book, Verdict::Full, &[(openai, true)]));
        }
        assert!(matches!(news[..], [News::Recovered(back, _)] if back == openai));
    }
}
