//! One action from the request to its entry in the audit log.

use std::time::SystemTime;

use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use fusebox::Registry;
use fusebox_store::AuditDraft;
use serde_json::{Value, json};

use super::asked::Ear;
use super::facts::{Subject, Told, without_same_settings};
use super::journal::{Journal, Waited};
use super::plain::{cleaned, plain};
use crate::access::{ANONYMOUS, Caller, peer};
use crate::problem::Problem;
use crate::request_id::RequestId;

/// On the answer of an action whose entry, or whose new state, is not on disk yet.
const HEADER: HeaderName = HeaderName::from_static("fusebox-audit");
/// The store is asked again and again, and the log has the entry in full.
const PENDING: HeaderValue = HeaderValue::from_static("pending");
/// As nginx writes it: the client went away, or the handler broke off.
const NOT_ANSWERED: u16 = 499;

/// An action under way. Dropped before it was answered, it is written down nevertheless if it
/// changed something: a client that hangs up must not leave an action without an entry.
pub(crate) struct Deed {
    registry: Registry,
    journal: Journal,
    subject: Subject,
    ear: Ear,
    /// Who was let in; `None`: nobody was.
    caller: Option<Caller>,
    draft: Option<AuditDraft>,
}

impl Deed {
    /// Looks at what is acted on before anything happens.
    pub(crate) fn begin(
        registry: &Registry,
        journal: &Journal,
        request: &Parts,
        action: &str,
        subject: Subject,
    ) -> Self {
        let id = request.extensions.get::<RequestId>();
        let from = peer(request).map(|address| address.to_string());
        let draft = AuditDraft {
            at: SystemTime::now(),
            who: ANONYMOUS.to_owned(),
            role: "none".to_owned(),
            from: from.unwrap_or_else(|| "unknown".to_owned()),
            action: action.to_owned(),
            target: subject.name(),
            why: None,
            before: subject.facts(registry),
            after: Value::Null,
            answer: NOT_ANSWERED,
            request_id: id.map(|id| plain(id.as_str())).unwrap_or_default(),
        };
        Self {
            registry: registry.clone(),
            journal: journal.clone(),
            subject,
            ear: Ear::default(),
            caller: None,
            draft: Some(draft),
        }
    }

    /// Somebody was let in. The ear goes into the request, for who reads its body.
    pub(crate) fn is_by(&mut self, caller: &Caller) -> Ear {
        if let Some(draft) = &mut self.draft {
            draft.who = caller.name().to_owned();
            draft.role = caller.role().to_string();
        }
        self.caller = Some(caller.clone());
        self.ear.clone()
    }

    /// Writes the entry. Where something was done, this waits until entry and new state are
    /// durable, for a bounded time; an operator must be able to act with a full disk, so the
    /// answer then says that they are not.
    pub(crate) async fn answered(mut self, response: &mut Response) {
        let status = response.status();
        let Some(mut draft) = self.draft.take() else {
            return;
        };
        draft.answer = status.as_u16();
        draft.why = self.ear.why().map(str::to_owned);
        let was_done = status.is_success();
        if was_done {
            let told = response.extensions_mut().remove::<Told>();
            draft.after = match told {
                Some(told) => cleaned(told.after),
                None => self.subject.facts(&self.registry),
            };
            without_same_settings(&mut draft.before, &mut draft.after);
        } else {
            let problem = response.extensions().get::<Problem>();
            let refused = problem.map(|problem| plain(problem.detail()));
            draft.after = json!({ "refused": refused, "asked": self.ear.asked() });
            without_settings(&mut draft.before);
        }
        if !self.may_be_written(&mut draft, status) {
            return;
        }
        log(&draft, &self.ear.asked(), was_done);
        let written = self.journal.write(draft);
        if was_done && written.await == Waited::InVain {
            response.headers_mut().insert(HEADER, PENDING);
        }
    }

    /// What strangers try is written down up to a bound; guesses beyond theirs are not at all.
    fn may_be_written(&self, draft: &mut AuditDraft, status: StatusCode) -> bool {
        if self.caller.is_some() {
            return true;
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            return false;
        }
        let now = self.registry.main().clock().now();
        let Some(left_out) = self.journal.admit_stranger(now) else {
            return false;
        };
        if left_out > 0 {
            draft.after["not_written_before"] = left_out.into();
        }
        true
    }
}

impl Drop for Deed {
    fn drop(&mut self) {
        let Some(mut draft) = self.draft.take() else {
            return;
        };
        draft.after = self.subject.facts(&self.registry);
        let is_unchanged = draft.after == draft.before && !self.subject.is_out_of_sight();
        if self.caller.is_none() || is_unchanged {
            return;
        }
        draft.why = self.ear.why().map(str::to_owned);
        without_same_settings(&mut draft.before, &mut draft.after);
        log(&draft, &self.ear.asked(), true);
        drop(self.journal.write(draft));
    }
}

/// A refusal changed nothing, so that the state alone shows why.
fn without_settings(before: &mut Value) {
    if let Value::Object(before) = before {
        before.remove("settings");
    }
}

/// The one place from which actions reach the log.
fn log(draft: &AuditDraft, asked: &Value, was_done: bool) {
    let AuditDraft {
        who,
        role,
        from,
        action,
        target,
        why,
        answer,
        request_id,
        ..
    } = draft;
    let asked = (!asked.is_null()).then(|| asked.to_string());
    if was_done {
        tracing::info!(
            author = who,
            role,
            from,
            action,
            on = target,
            asked,
            reason = why,
            answer,
            request_id,
            "an operator acted"
        );
    } else {
        tracing::warn!(
            author = who,
            role,
            from,
            action,
            on = target,
            asked,
            reason = why,
            answer,
            request_id,
            "an action was refused"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::Request;
    use fusebox::{Author, State};
    use fusebox_store::{AuditEntry, AuditQuery, Keeper, Memory};

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    /// What is written of an action that was begun, did this, and broke off.
    fn written_after(did: impl FnOnce(&mut Deed, &Registry)) -> Vec<AuditEntry> {
        let registry = Registry::new();
        registry.add("rag".into()).expect("a circuit");
        let keeper = Keeper::start(&registry, Memory::new()).expect("a keeper");
        let journal = Journal::new(Some(keeper.clone()));
        let (request, ()) = Request::new(()).into_parts();
        let subject = Subject::Circuit("rag".to_owned());
        let mut deed = Deed::begin(&registry, &journal, &request, "force-state", subject);
        did(&mut deed, &registry);
        drop(deed);
        keeper.flushed().wait(SOON).expect("memory always works");
        let page = keeper.audit(AuditQuery::default()).wait(SOON);
        page.expect("a page").items
    }

    fn open(registry: &Registry) {
        let rag = registry.listed("rag").expect("it was added").circuit;
        let moved = rag.transition(State::Open, &Author::new("local"));
        assert_eq!(moved, Ok(true));
    }

    #[test]
    fn an_action_that_breaks_off_is_written_down_if_it_changed_something() {
        let entries = written_after(|deed, registry| {
            deed.is_by(&Caller::local()).hear(br#"{"reason": "drill"}"#);
            open(registry);
        });
        assert_eq!(entries.len(), 1);
        let entry = &entries[0];
        assert_eq!((entry.who.as_str(), entry.answer), ("local", NOT_ANSWERED));
        assert_eq!(entry.why.as_deref(), Some("drill"));
        assert_eq!(entry.before["state"], "closed");
        assert_eq!(entry.after["state"], "open");
    }

    #[test]
    fn one_that_breaks_off_before_it_did_anything_is_not() {
        let nothing = written_after(|deed, _| {
            deed.is_by(&Caller::local());
        });
        assert!(nothing.is_empty());
        // Nor what others did meanwhile, while nobody was let in.
        let others = written_after(|_, registry| open(registry));
        assert!(others.is_empty());
    }
}
