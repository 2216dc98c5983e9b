//! What the test knows of every message from the lines of all lives, and what must hold of it.

use std::collections::{BTreeMap, HashMap};

use fusebox_queue::{Death, Record};

type Name = (String, u64);

/// The last sending of a message.
struct Sending {
    life: u32,
    how: String,
    settled: bool,
}

#[derive(Default)]
struct Message {
    id: Option<String>,
    acknowledged: bool,
    sending: Option<Sending>,
    dead: bool,
}

/// Keeps account.
#[derive(Default)]
pub(super) struct Ledger {
    messages: HashMap<Name, Message>,
    /// The last number sent of each key.
    last: BTreeMap<String, u64>,
    /// Sendings of something whose sending before was cut off by a kill.
    repeats: usize,
}

impl Ledger {
    /// Takes a line of a worker. The harness's own lines say nothing.
    pub(super) fn read(&mut self, life: u32, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        let number = |text: &str| text.parse().expect("a number");
        match words[..] {
            ["offered", key, n] => {
                let before = self
                    .messages
                    .insert((key.into(), number(n)), Message::default());
                assert!(before.is_none(), "offered once");
            }
            ["acknowledged", key, n, id] => {
                let message = self.of(key, number(n));
                message.acknowledged = true;
                message.is(id);
            }
            ["sent", key, n, id, how] => self.sent(life, (key, number(n)), id, how),
            ["settled", key, n, _, how] => {
                let sending = self
                    .of(key, number(n))
                    .sending
                    .as_mut()
                    .expect("sent before");
                // It may be under way again, by the other sender.
                sending.settled |= sending.life == life && sending.how == how;
            }
            _ => {}
        }
    }

    fn of(&mut self, key: &str, number: u64) -> &mut Message {
        let message = self.messages.get_mut(&(key.to_owned(), number));
        message.expect("what nobody offered is not there")
    }

    fn sent(&mut self, life: u32, (key, number): (&str, u64), id: &str, how: &str) {
        let message = self.of(key, number);
        message.is(id);
        let before = message.sending.replace(Sending {
            life,
            how: how.to_owned(),
            settled: false,
        });
        if let Some(before) = before {
            let was_final = !matches!(&*before.how, "again" | "deferred");
            let was_cut_off = before.life < life && !before.settled;
            assert!(
                was_cut_off || !was_final,
                "{key} {number} was sent again after it was {}",
                before.how
            );
            self.repeats += usize::from(was_cut_off && was_final);
        }
        let last = self.last.entry(key.to_owned()).or_insert(number);
        assert!(*last <= number, "{key}: {number} was sent after {last}");
        *last = number;
    }

    /// Takes a dead letter of the end.
    pub(super) fn dead(&mut self, record: &Record) {
        let key = record.key.as_deref().expect("each has a key");
        let body = std::str::from_utf8(&record.body).expect("a number");
        let message = self.of(key, body.parse().expect("a number"));
        message.is(&record.id.to_string());
        message.dead = true;
        match record.death {
            Some(Death::Refused) => {
                let sending = message.sending.as_ref().expect("it was sent");
                assert_eq!(sending.how, "refused");
            }
            Some(Death::Crashes) => assert!(record.crashes >= 5),
            other => panic!("{other:?}"),
        }
    }

    /// What must hold when nothing waits any more; the account in words.
    pub(super) fn whole(&self, waiting: usize, dead: usize) -> String {
        let (mut acknowledged, mut unheard, mut delivered) = (0, 0, 0);
        for (name, message) in &self.messages {
            let was_sent = message.sending.is_some();
            // An attempt after which it waits is never the last thing known of it.
            let ended = message.dead
                || message
                    .sending
                    .as_ref()
                    .is_some_and(|sent| sent.how == "delivered");
            assert!(ended || !was_sent, "{name:?} was sent and is lost");
            assert!(ended || !message.acknowledged, "{name:?} is lost");
            acknowledged += usize::from(message.acknowledged);
            unheard += usize::from(ended && !message.acknowledged);
            delivered += usize::from(ended && !message.dead);
        }
        assert_eq!(delivered + dead, acknowledged + unheard);
        assert!(acknowledged > 1000, "it hardly worked: {acknowledged}");
        format!(
            "{acknowledged} acknowledged, {unheard} more whose answer was cut off; {delivered} \
             delivered ({waiting} of them at the end), {dead} dead; {} repeats",
            self.repeats
        )
    }
}

impl Message {
    /// A message has one id, whoever names it.
    fn is(&mut self, id: &str) {
        let known = self.id.get_or_insert_with(|| id.to_owned());
        assert_eq!(known, id);
    }
}
