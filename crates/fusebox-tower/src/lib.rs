//! A tower layer that puts a Fusebox circuit breaker around HTTP calls, bodies included.
