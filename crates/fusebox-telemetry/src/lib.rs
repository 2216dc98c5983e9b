//! Prometheus metrics of Fusebox circuit breakers, read when they are scraped.
