//! What happens to which service, and when: the story that the demo tells.

use std::time::Duration;

use tokio::time::Instant;

use super::health::Health;

/// One service of the demo.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role {
    /// Its circuit's name in demo.toml.
    pub(crate) circuit: &'static str,
    /// Calls that change something, as POST; the others as GET.
    pub(crate) writes: bool,
}

/// One turn of the story.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene {
    /// Since the script began.
    pub(crate) at: Duration,
    pub(crate) circuit: &'static str,
    pub(crate) health: Health,
    /// The rest of a sentence that begins with the service's name.
    pub(crate) says: &'static str,
}

/// The services in the order they are shown, which is demo.toml's.
pub(crate) const CAST: [Role; 4] = [
    Role {
        circuit: "catalog",
        writes: false,
    },
    Role {
        circuit: "search",
        writes: false,
    },
    Role {
        circuit: "reports",
        writes: false,
    },
    Role {
        circuit: "payments",
        writes: true,
    },
];

/// One round. The last trouble ends early enough for the slowest circuit, with the longest jittered
/// waits of demo.toml, to have closed again before the end.
pub(crate) const ROUND: Duration = Duration::from_secs(20);

/// The story, in order of time.
pub(crate) const SCRIPT: [Scene; 7] = [
    Scene {
        at: Duration::from_millis(500),
        circuit: "search",
        health: Health::Faulty { of_ten: 1 },
        says: "fails now and then: 1 of 10 answers is 500",
    },
    Scene {
        at: Duration::from_millis(2500),
        circuit: "payments",
        health: Health::Down,
        says: "dies: its port refuses connections",
    },
    Scene {
        at: Duration::from_secs(6),
        circuit: "search",
        health: Health::Faulty { of_ten: 8 },
        says: "breaks: 8 of 10 answers are 500",
    },
    Scene {
        at: Duration::from_millis(7500),
        circuit: "payments",
        health: Health::Fine,
        says: "is back: its port accepts again",
    },
    Scene {
        at: Duration::from_millis(9500),
        circuit: "search",
        health: Health::Fine,
        says: "is mended: no failures any more",
    },
    Scene {
        at: Duration::from_millis(10_500),
        circuit: "reports",
        health: Health::Slow(Duration::from_millis(700)),
        says: "gets slow: 700 ms for each answer",
    },
    Scene {
        at: Duration::from_secs(14),
        circuit: "reports",
        health: Health::Fine,
        says: "is fast again",
    },
];

/// What comes next in the script.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cue {
    Scene(Scene),
    /// The round is over and another begins.
    Again,
    /// The round is over, and it was the only one.
    End,
}

/// Where in the script we are.
#[derive(Debug)]
pub(crate) struct Player {
    round_began: Instant,
    next: usize,
    once: bool,
}

impl Player {
    pub(crate) fn start(now: Instant, once: bool) -> Player {
        Player {
            round_began: now,
            next: 0,
            once,
        }
    }

    /// When [`cue`](Player::cue) is due.
    pub(crate) fn due(&self) -> Instant {
        self.round_began + SCRIPT.get(self.next).map_or(ROUND, |scene| scene.at)
    }

    /// Steps on. Call it when `due` has come.
    pub(crate) fn cue(&mut self) -> Cue {
        if let Some(scene) = SCRIPT.get(self.next) {
            self.next += 1;
            return Cue::Scene(*scene);
        }
        if self.once {
            return Cue::End;
        }
        self.round_began += ROUND;
        self.next = 0;
        Cue::Again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_is_in_order_and_every_service_ends_well() {
        assert!(SCRIPT.windows(2).all(|pair| pair[0].at <= pair[1].at));
        for role in CAST {
            let last = SCRIPT
                .iter()
                .rev()
                .find(|scene| scene.circuit == role.circuit);
            assert!(
                last.is_none_or(|scene| scene.health == Health::Fine),
                "{}",
                role.circuit
            );
        }
        for scene in SCRIPT {
            assert!(
                CAST.iter().any(|role| role.circuit == scene.circuit),
                "{}",
                scene.circuit
            );
            assert!(scene.at < ROUND);
        }
    }

    #[tokio::test]
    async fn one_round_ends_and_endless_rounds_begin_again() {
        let now = Instant::now();
        let mut player = Player::start(now, true);
        assert_eq!(player.due(), now + SCRIPT[0].at);
        for _ in SCRIPT {
            assert!(matches!(player.cue(), Cue::Scene(_)));
        }
        assert_eq!(player.due(), now + ROUND);
        assert!(matches!(player.cue(), Cue::End));

        let mut player = Player::start(now, false);
        for _ in SCRIPT {
            player.cue();
        }
        assert!(matches!(player.cue(), Cue::Again));
        assert_eq!(player.due(), now + ROUND + SCRIPT[0].at);
    }
}
