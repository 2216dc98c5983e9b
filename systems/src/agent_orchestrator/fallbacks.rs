//! What is answered in place of a service. The texts are the team's; nothing of a request is in
//! them.

use serde_json::{Value, json};

const REASON: &str = "Service unavailable due to circuit breaker protection";

pub(super) fn rag() -> Value {
    json!({
        "linked_explanation": "RAG service temporarily unavailable. Using cached response.",
        "retrieved_context": [],
        "confidence_score": 0.0,
        "fallback_reason": REASON,
    })
}

pub(super) fn rules() -> Value {
    json!({
        "rules_triggered": [],
        "severity": "medium",
        "confidence": 0.5,
        "explanation": "Rule generation service unavailable. Using default assessment.",
        "fallback_reason": REASON,
    })
}

/// True only of a notification that is in the queue.
pub(super) fn notifier() -> Value {
    json!({
        "notification_queued": true,
        "status": "queued_for_retry",
        "message": "Notification service unavailable. Notification queued for retry.",
        "retry_scheduled": true,
    })
}

/// Of VMS and prediction, for which the team named none.
pub(super) fn other() -> Value {
    json!({ "status": "unavailable", "fallback_reason": REASON })
}
