//! Dependencies that stand in for each other, tried in turn.

use crate::breaker::CircuitBreaker;
use crate::classifier::{Classifier, EveryError};
use crate::permit::Permit;
use crate::rejection::{CallError, Rejection};
use std::future::Future;
use std::ops::Deref;
use std::time::Duration;
use std::{error, fmt};

/// Circuits of dependencies that can do the same, in the order in which they are tried.
///
/// `B` is a reference or an `Arc` of a circuit, or what a program knows of a dependency, where it
/// derefs to the circuit: the call is given that, and need not look it up.
///
/// A call goes to the first circuit that admits it. A failure sends it on to the next one; a result
/// that counts as no failure is the answer, also an error (the caller's own mistake is the same
/// mistake everywhere). A classifier may say otherwise by [`goes_on`](Classifier::goes_on): a call
/// that must not be made twice has to end with a time-out, after which nobody knows. One try each:
/// what is worth a second try at the same place belongs inside the call.
///
/// An answer of another circuit than the first is counted there as a fallback of the kind `next`.
/// Where the first circuit's fallbacks are [switched off](CircuitBreaker::set_fallback_enabled), it
/// alone is tried.
///
/// ```
/// use fusebox::{CircuitBreaker, Failover};
/// use std::sync::Arc;
///
/// let provider = |name| CircuitBreaker::builder(name).build().map(Arc::new);
/// let providers = Failover::new([provider("anthropic")?, provider("openai")?]);
/// let answer = providers.call(|circuit| match circuit.name() {
///     "anthropic" => Err("overloaded"),
///     other => Ok(format!("written by {other}")),
/// });
/// assert_eq!(answer.as_deref(), Ok("written by openai"));
/// # Ok::<(), fusebox::SettingsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Failover<B> {
    circuits: Vec<B>,
}

/// No circuit had an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailoverError<E> {
    /// What came of each circuit that was tried, in order, by its name.
    pub tried: Vec<(String, CallError<E>)>,
}

impl<B: Deref<Target = CircuitBreaker>> Failover<B> {
    /// In this order.
    pub fn new(circuits: impl IntoIterator<Item = B>) -> Self {
        Self {
            circuits: circuits.into_iter().collect(),
        }
    }

    /// The circuits, in order.
    pub fn circuits(&self) -> &[B] {
        &self.circuits
    }

    /// Makes a call through the first circuit that has an answer; `call` is told which one is
    /// tried.
    ///
    /// # Errors
    /// What came of each.
    pub fn call<T, E>(&self, call: impl FnMut(&B) -> Result<T, E>) -> Result<T, FailoverError<E>> {
        self.call_with(&EveryError, call)
    }

    /// The same, where a classifier says what counts as a failure, and so what is tried elsewhere.
    /// An `Ok` that counts as a failure is the answer where no circuit has a better one.
    ///
    /// # Errors
    /// What came of each.
    pub fn call_with<T, E>(
        &self,
        classifier: &(impl Classifier<T, E> + ?Sized),
        mut call: impl FnMut(&B) -> Result<T, E>,
    ) -> Result<T, FailoverError<E>> {
        let mut turns: Turns<'_, B, T, E> = Turns::new(&self.circuits);
        while let Some(circuit) = turns.next() {
            let answer = match circuit.acquire() {
                Err(rejection) => turns.tried(CallError::Rejected(rejection)),
                Ok(permit) => {
                    let result = call(circuit);
                    turns.ended(permit, classifier, result)
                }
            };
            if let Some(answer) = answer {
                return answer;
            }
        }
        turns.end()
    }

    /// [`call`](Self::call) for futures.
    ///
    /// # Errors
    /// What came of each.
    ///
    /// # Cancel safety
    /// Dropped, the call under way gives its place back at once and counts as ignored (R11); what
    /// failed before stays counted.
    pub async fn call_async<'a, T, E, F>(
        &'a self,
        call: impl FnMut(&'a B) -> F,
    ) -> Result<T, FailoverError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.call_async_with(&EveryError, call).await
    }

    /// [`call_with`](Self::call_with) for futures.
    ///
    /// # Errors
    /// What came of each.
    ///
    /// # Cancel safety
    /// That of [`call_async`](Self::call_async).
    pub async fn call_async_with<'a, T, E, F>(
        &'a self,
        classifier: &(impl Classifier<T, E> + ?Sized),
        mut call: impl FnMut(&'a B) -> F,
    ) -> Result<T, FailoverError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut turns: Turns<'_, B, T, E> = Turns::new(&self.circuits);
        while let Some(circuit) = turns.next() {
            let answer = match circuit.acquire() {
                Err(rejection) => turns.tried(CallError::Rejected(rejection)),
                Ok(permit) => {
                    let result = call(circuit).await;
                    turns.ended(permit, classifier, result)
                }
            };
            if let Some(answer) = answer {
                return answer;
            }
        }
        turns.end()
    }
}

impl<E> FailoverError<E> {
    /// The last circuit's error; `None`: there was no circuit.
    pub fn into_last(mut self) -> Option<CallError<E>> {
        self.tried.pop().map(|(_, error)| error)
    }

    /// If none of them admitted the call: why the last one did not, and when the first of all may
    /// be tried again. `None`: one was called.
    pub fn rejection(&self) -> Option<Rejection> {
        let rejections = self.tried.iter().map(|(_, error)| error.rejection());
        let rejections = rejections.collect::<Option<Vec<_>>>()?;
        rejections
            .into_iter()
            .reduce(|before, last| last.or_sooner(before))
    }

    /// When the first of them may be tried again; `None`: nobody can tell, or one was called.
    pub fn retry_after(&self) -> Option<Duration> {
        self.rejection().and_then(Rejection::retry_after)
    }
}

impl<E: fmt::Display> fmt::Display for FailoverError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tried.is_empty() {
            return f.write_str("there is no circuit to try");
        }
        for (place, (name, error)) in self.tried.iter().enumerate() {
            let gap = if place == 0 { "" } else { "; " };
            write!(f, "{gap}{name}: {error}")?;
        }
        Ok(())
    }
}

impl<E: error::Error> error::Error for FailoverError<E> {}

/// Who is tried, and what came of it.
struct Turns<'a, B, T, E> {
    circuits: &'a [B],
    next: usize,
    tried: Vec<(String, CallError<E>)>,
    /// The last answer that counts as a failure.
    failing: Option<T>,
}

impl<'a, B: Deref<Target = CircuitBreaker>, T, E> Turns<'a, B, T, E> {
    fn new(circuits: &'a [B]) -> Self {
        let first = circuits.first();
        let alone = first.is_some_and(|first| !first.fallback_enabled());
        Self {
            circuits: if alone { &circuits[..1] } else { circuits },
            next: 0,
            tried: Vec::new(),
            failing: None,
        }
    }

    fn next(&mut self) -> Option<&'a B> {
        let circuit = self.circuits.get(self.next)?;
        self.next += 1;
        Some(circuit)
    }

    /// The one whose turn it is has no answer.
    fn tried(&mut self, error: CallError<E>) -> Option<Result<T, FailoverError<E>>> {
        let circuit = &self.circuits[self.next - 1];
        self.tried.push((circuit.name().to_owned(), error));
        None
    }

    /// The one whose turn it is has answered so: the answer, if no other is to be tried.
    fn ended(
        &mut self,
        permit: Permit<'_>,
        classifier: &(impl Classifier<T, E> + ?Sized),
        result: Result<T, E>,
    ) -> Option<Result<T, FailoverError<E>>> {
        let settlement = classifier.classify(result.as_ref());
        let outcome = settlement.outcome;
        permit.settle(settlement);
        let moves_on = classifier.goes_on(result.as_ref(), outcome);
        match result {
            Ok(value) if moves_on => {
                self.failing = Some(value);
                None
            }
            Ok(value) => {
                if self.next > 1 {
                    self.circuits[0].fell_back("next");
                }
                Some(Ok(value))
            }
            Err(error) => {
                let none = self.tried(CallError::Failed(error));
                if moves_on {
                    return none;
                }
                self.failing = None;
                Some(self.end())
            }
        }
    }

    fn end(&mut self) -> Result<T, FailoverError<E>> {
        let tried = std::mem::take(&mut self.tried);
        self.failing.take().ok_or(FailoverError { tried })
    }
}
