//! Pushing: bounds, idempotency keys, and the place in the line.

use rusqlite::params;

use super::failed::Failed;
use super::row::{Facts, attributes_text, digest, integer, turn_group};
use super::work::Work;
use crate::id::MessageId;
use crate::message::Pushed;
use crate::record::MessageState;
use crate::storage::{Push, PushRefused};

impl Work<'_> {
    pub(super) fn push(&mut self, push: &Push) -> Result<Result<Pushed, PushRefused>, Failed> {
        let queue = self.book.queue_named(self.db, &push.queue)?;
        let message = &*push.message;
        let digest = message.idempotency_key.as_ref().map(|_| digest(message));
        let idem = message.idempotency_key.as_deref().zip(digest.as_deref());
        if let Some((idem, digest)) = idem
            && let Some((id, is_same, before)) = self.pushed_before(queue, idem, digest)?
        {
            if !is_same {
                return Ok(Err(PushRefused::Mismatch(id)));
            }
            return Ok(Ok(Pushed {
                id,
                position: self.book.queue(queue)?.messages,
                before: Some(before),
            }));
        }
        let size = message.size();
        let seq = push.id.seq();
        let counters = self.book.queue(queue)?;
        let messages = counters.messages + counters.dead + 1;
        if messages > push.limits.messages_max {
            return Ok(Err(PushRefused::Messages(messages)));
        }
        let bytes = counters.bytes.saturating_add(size);
        if bytes > push.limits.bytes_max {
            return Ok(Err(PushRefused::Bytes(bytes)));
        }
        if counters.messages == 0 {
            counters.low = seq;
        }
        counters.messages += 1;
        counters.bytes = bytes;
        counters.last = counters.last.max(seq);
        let position = counters.messages;
        self.write(push, queue, digest.as_deref())?;
        let group = turn_group(message.group.as_deref());
        self.join(queue, message.key.as_deref(), seq, (&group, push.at))?;
        Ok(Ok(Pushed {
            id: push.id,
            position,
            before: None,
        }))
    }

    fn write(&self, push: &Push, queue: i64, digest: Option<&[u8]>) -> Result<(), Failed> {
        let message = &*push.message;
        let attributes = attributes_text(&message.attributes);
        let facts = Facts {
            seq: push.id.seq(),
            rnd: integer(push.id.random()),
            queue: &push.queue,
            key: message.key.as_deref(),
            grp: message.group.as_deref(),
            idem: message.idempotency_key.as_deref(),
            digest,
            due: push.at,
            uncertain: message.uncertain,
            size: integer(message.size()),
            attributes: &attributes,
            body: &message.body,
        };
        let sql = "INSERT INTO message (seq, rnd, queue, key, grp, idem, digest, due, uncertain,
                       size, crc, attributes, body)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let values = params![
            facts.seq,
            facts.rnd,
            queue,
            facts.key,
            facts.grp,
            facts.idem,
            facts.digest,
            facts.due,
            facts.uncertain,
            facts.size,
            facts.checksum(),
            facts.attributes,
            facts.body,
        ];
        self.run(sql, values)?;
        Ok(())
    }

    /// The message that has this idempotency key, whether it has the same content, and where it
    /// stands: alive, dead or remembered.
    fn pushed_before(
        &self,
        queue: i64,
        idem: &str,
        digest: &[u8],
    ) -> Result<Option<(MessageId, bool, MessageState)>, Failed> {
        for (sql, state) in [
            (
                "SELECT seq, rnd, digest IS ?3, 0 FROM message WHERE queue = ?1 AND idem = ?2",
                MessageState::Pending,
            ),
            (
                "SELECT seq, rnd, digest IS ?3, death = 'expired' FROM dead
                 WHERE queue = ?1 AND idem = ?2",
                MessageState::Dead,
            ),
            (
                "SELECT seq, rnd, digest IS ?3, 0 FROM receipt WHERE queue = ?1 AND idem = ?2",
                MessageState::Delivered,
            ),
        ] {
            let found = self.first(sql, (queue, idem, digest), |row| {
                let (seq, rnd): (i64, i64) = (row.get(0)?, row.get(1)?);
                let state = match state {
                    MessageState::Pending if self.book.held(seq).is_some() => {
                        MessageState::Delivering
                    }
                    MessageState::Dead if row.get(3)? => MessageState::Expired,
                    state => state,
                };
                let id = MessageId::new(seq, rnd.cast_unsigned());
                Ok((id, row.get(2)?, state))
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}
