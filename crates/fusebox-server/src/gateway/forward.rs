//! One request: to its circuit, through the breaker, and back.

use std::sync::Arc;

use fusebox::State;
use fusebox_tower::BreakerError;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;

use super::begun::Begun;
use super::body::AnswerBody;
use super::problem::{Kind, without_circuit};
use super::tunnel::{Tunnel, TunnelSlot};
use super::{answer, begun, headers, keep, key, messages, target, whole};
use crate::circuits::upstream::{RequestBody, UpstreamError};
use crate::circuits::{Answer, BranchOf, Call, Circuit, Circuits, Flight, Forwarded, Route};
use crate::settings::WhenUnavailable;

/// What the requests of one connection share.
#[derive(Clone, Debug)]
pub(super) struct Forwarder {
    pub(super) circuits: Arc<Circuits>,
    /// Its address, as a header has it.
    pub(super) client: HeaderValue,
    pub(super) tunnel: TunnelSlot,
}

/// A change of protocol that the client asked for.
pub(super) struct Upgrade {
    client: OnUpgrade,
    to: HeaderValue,
}

impl Forwarder {
    /// Answers one request.
    pub(super) async fn forward(&self, mut request: Request<Incoming>) -> Response<AnswerBody> {
        let path = request.uri().path();
        if messages::is_own(path) {
            return messages::answer(request.method(), path, self.circuits.queues()).await;
        }
        let route = match self.route(&request) {
            Ok(route) => route,
            Err(refused) => return *refused,
        };
        let mut flight = Flight::begin(route.circuit);
        let upgrade = asked_upgrade(&mut request);
        let to = upgrade.as_ref().map(|upgrade| upgrade.to.clone());
        let circuit = Arc::clone(flight.circuit());
        let strip = if circuit.set().strip_path {
            route.matched
        } else {
            0
        };
        let (head, body) = request.into_parts();
        let body = RequestBody::new(body);
        // A change of protocol is between the client and one upstream.
        if upgrade.is_none() && circuit.set().when_unavailable == WhenUnavailable::Next {
            return self.try_in_turn(head, body, strip, flight).await;
        }
        let kept = keep::keeps(&circuit, &head.method);
        let order = kept.then(|| order_key(&head, &circuit)).flatten();
        let Ok(head) = self.addressed(head, &circuit, strip, to) else {
            flight.answered(Answer::Client);
            return without_circuit(Kind::BadRequest, "the path cannot be sent on");
        };
        if kept {
            return self.deliver_or_keep(head, body, order, flight).await;
        }
        let body = body.repeats(is_calm(&circuit, &head));
        let request = Request::from_parts(head, body);
        match begun::call(&circuit, request).await {
            Ok(response) => self.answer_with(response, upgrade, flight),
            Err(error) => answer::to_error(&error, flight),
        }
    }

    /// One call of a circuit with a queue.
    async fn deliver_or_keep(
        &self,
        head: Parts,
        body: RequestBody,
        key: Option<Box<str>>,
        mut flight: Flight,
    ) -> Response<AnswerBody> {
        let circuit = Arc::clone(flight.circuit());
        let (Some(queue), Some(set)) = (circuit.queue(), &circuit.set().queue) else {
            return without_circuit(Kind::QueueFailed, "the circuit has no queue");
        };
        let call = match whole::read(body, &circuit, self.circuits.body_budget()).await {
            Ok(body) => Call { head, body, key },
            Err(refusal) => return whole::refuse(refusal, flight),
        };
        if keep::has_to_wait(&call, queue).await {
            return keep::keep(&call, false, "queued", flight).await;
        }
        let error = match begun::call(&circuit, call.request()).await {
            Ok(response) => return self.answer_with(response, None, flight),
            Err(error) => error,
        };
        match keep::may_keep(&error, set.uncertain) {
            Some(uncertain) => {
                let (answer, reason) = answer::counted(&error, &circuit);
                flight.answered(answer);
                keep::keep(&call, uncertain, reason, flight).await
            }
            None => answer::to_error(&error, flight),
        }
    }

    fn route(&self, request: &Request<Incoming>) -> Result<Route, Box<Response<AnswerBody>>> {
        let refused = |kind, detail: &str| Err(Box::new(without_circuit(kind, detail)));
        let host = match host(request) {
            Ok(host) => host,
            Err(detail) => return refused(Kind::BadRequest, detail),
        };
        let path = request.uri().path();
        if target::climbs(path) {
            return refused(Kind::BadRequest, "a segment \"..\" in the path");
        }
        // CONNECT and "OPTIONS *" ask for no path, and so for no circuit.
        if !path.starts_with('/') {
            return refused(Kind::NoRoute, "no circuit takes a request without a path");
        }
        match self.circuits.route(host, path) {
            Some(route) => Ok(route),
            None => refused(Kind::NoRoute, "no circuit takes this host and path"),
        }
    }

    /// Makes the head of a client's request that of a call to the circuit's upstream, with the
    /// first `strip` bytes of its path taken off.
    pub(super) fn addressed(
        &self,
        mut parts: Parts,
        circuit: &Circuit,
        strip: usize,
        upgrade: Option<HeaderValue>,
    ) -> Result<Parts, http::uri::InvalidUri> {
        let set = circuit.set();
        // Before anything of the client's request is changed.
        let branch = set.branch.as_ref();
        let key = branch.and_then(|branch| key::of(&branch.key, &parts));
        // A target that names a host outranks the header, further on too.
        if let Some(named) = parts.uri.authority()
            && let Ok(named) = HeaderValue::from_str(named.as_str())
        {
            parts.headers.insert(HOST, named);
        }
        parts.uri = target::rewritten(&parts.uri, strip, &set.upstream.path)?;
        headers::to_upstream(
            &mut parts.headers,
            parts.version,
            &self.client,
            circuit.upstream_host(),
        );
        if let Some(to) = upgrade {
            headers::put_upgrade(&mut parts.headers, to);
        }
        parts.version = Version::HTTP_11;
        // What hyper noted about the client's connection is not for the upstream's.
        parts.extensions.clear();
        if let Some(key) = key {
            parts.extensions.insert(BranchOf(key));
        }
        Ok(parts)
    }

    pub(super) fn answer_with(
        &self,
        mut response: Response<Begun<Forwarded>>,
        upgrade: Option<Upgrade>,
        mut flight: Flight,
    ) -> Response<AnswerBody> {
        flight.answered(Answer::of_status(response.status()));
        let changed = (response.status() == StatusCode::SWITCHING_PROTOCOLS)
            .then(|| hyper::upgrade::on(&mut response));
        let flight = match answer::instead_of_5xx(&response, flight) {
            Ok(instead) => return instead,
            Err(flight) => flight,
        };
        let to = headers::upgrade(response.headers());
        clean(&mut response);
        match (changed, upgrade) {
            (None, _) => response.map(|body| AnswerBody::Forwarded { body, flight }),
            (Some(upstream), Some(upgrade)) => {
                headers::put_upgrade(response.headers_mut(), to.unwrap_or(upgrade.to));
                self.tunnel.put(Tunnel {
                    client: upgrade.client,
                    upstream,
                    flight,
                });
                response.map(|_| AnswerBody::own(bytes::Bytes::new(), None))
            }
            (Some(_), None) => {
                let unasked =
                    UpstreamError::Garbage("a change of protocol nobody asked for".into());
                answer::to_error(&BreakerError::Inner(unasked), flight)
            }
        }
    }
}

/// Whether nothing is wrong with the circuit, nor with any branch if the call has a key.
pub(super) fn is_calm(circuit: &Circuit, head: &Parts) -> bool {
    let breaker = circuit.breaker();
    let has_key = head.extensions.get::<BranchOf>().is_some();
    breaker.consecutive_failures() == 0
        && breaker.state() == State::Closed
        && (!has_key || breaker.branches().open == 0)
}

/// The key of a call's order in the queue, as the client sent it.
fn order_key(head: &Parts, circuit: &Circuit) -> Option<Box<str>> {
    let queue = circuit.set().queue.as_ref()?;
    key::of(queue.key.as_ref()?, head)
}

/// The host a request is for: that of its target if it names one, else of its one `Host` header.
fn host(request: &Request<Incoming>) -> Result<&str, &'static str> {
    let mut named = request.headers().get_all(HOST).iter();
    let first = named.next();
    if named.next().is_some() {
        return Err("more than one Host header");
    }
    let named = request.uri().authority().map(|named| Ok(named.as_str()));
    match named.or_else(|| first.map(HeaderValue::to_str)) {
        Some(Ok(host)) if target::is_host(host) => Ok(host),
        Some(_) => Err("the host is not a name or address with an optional port"),
        None if request.version() == Version::HTTP_10 => Ok(""),
        None => Err("no Host header"),
    }
}

fn asked_upgrade(request: &mut Request<Incoming>) -> Option<Upgrade> {
    if request.version() != Version::HTTP_11 {
        return None;
    }
    let to = headers::upgrade(request.headers())?;
    Some(Upgrade {
        client: hyper::upgrade::on(request),
        to,
    })
}

/// Makes an upstream's head one of ours.
fn clean<B>(response: &mut Response<B>) {
    // Two ways to tell where a body ends: a reader further on might choose the other one. (Of
    // requests hyper takes off the length itself.)
    if response.headers().contains_key(TRANSFER_ENCODING) {
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    headers::remove_hop_by_hop(response.headers_mut());
    *response.version_mut() = Version::HTTP_11;
    response.extensions_mut().clear();
}
