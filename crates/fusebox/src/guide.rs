//! The guide: what the words mean, how to choose settings, what goes wrong, how to move here.
//!
//! These pages hold no code of the library; they exist in the documentation only. Every block of
//! Rust in them runs as a test, on a clock that is moved by hand.
//!
//! | page | answers |
//! |---|---|
//! | [`concepts`] | What is a circuit, a permit, a generation? What does a rejection tell? |
//! | [`choosing_a_policy`] | When should it open, and for how long? |
//! | [`timeouts_and_cancellation`] | Where does the time-out go, and what if the caller leaves? |
//! | [`anti_patterns`] | What looks right and is not? |
//! | [`defaults`] | Which settings are there, and what is in force if I name none? |
//! | [`migration`] | How do I move here from another library? |

#[doc = include_str!("../guide/concepts.md")]
pub mod concepts {}

#[doc = include_str!("../guide/choosing_a_policy.md")]
pub mod choosing_a_policy {}

#[doc = include_str!("../guide/timeouts_and_cancellation.md")]
pub mod timeouts_and_cancellation {}

#[doc = include_str!("../guide/anti_patterns.md")]
pub mod anti_patterns {}

#[doc = include_str!("../guide/defaults.md")]
pub mod defaults {}

#[doc = include_str!("../guide/migration/index.md")]
pub mod migration {
    #[doc = include_str!("../guide/migration/failsafe.md")]
    pub mod failsafe {}

    #[doc = include_str!("../guide/migration/recloser.md")]
    pub mod recloser {}

    #[doc = include_str!("../guide/migration/tower_resilience.md")]
    pub mod tower_resilience {}

    #[doc = include_str!("../guide/migration/resilience4j.md")]
    pub mod resilience4j {}

    #[doc = include_str!("../guide/migration/pybreaker.md")]
    pub mod pybreaker {}
}
