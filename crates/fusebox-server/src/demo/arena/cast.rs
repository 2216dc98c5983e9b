//! Who plays: five systems, their upstreams, and what their users want.

/// An upstream by its place in [`UPSTREAMS`].
pub(super) type Number = usize;

/// How many keys an upstream's calls are for: one of them is the shard that can fail.
pub(super) const KEYS: usize = 4;

/// A service that systems call.
#[derive(Debug)]
pub(super) struct Role {
    /// Its circuit's name in arena.toml.
    pub(super) name: &'static str,
    /// The system that calls it.
    pub(super) system: &'static str,
    /// What its calls are for, and its circuit's branches.
    pub(super) keys: [&'static str; KEYS],
}

/// A system whose users come steadily.
#[derive(Debug)]
pub(super) struct System {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// One sentence.
    pub(super) does: &'static str,
    pub(super) paths: &'static [Path],
}

/// What one kind of user wants.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) name: &'static str,
    /// So many of ten users.
    pub(super) of_ten: usize,
    /// Made one after another.
    pub(super) calls: &'static [Call],
}

/// A call for a user.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) upstream: Number,
    pub(super) otherwise: Otherwise,
}

/// What becomes of the user whose call does not end well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// He is told that it failed.
    Fails,
    /// He does not notice.
    NoMatter,
    /// He gets something useful in its place.
    Degrades,
    /// The call is made to this upstream.
    Asks(Number),
}

impl Call {
    /// Whether the user needs this very upstream.
    pub(super) fn is_needed(&self) -> bool {
        self.otherwise != Otherwise::NoMatter
    }
}

impl Role {
    /// The key whose shard can fail.
    pub(super) fn sick_key(&self) -> &'static str {
        self.keys[SICK]
    }
}

/// The place of the key whose shard can fail.
pub(super) const SICK: usize = KEYS - 1;

const TEAMS: [&str; KEYS] = ["team-1", "team-2", "team-3", "team-4"];
const SCHOOLS: [&str; KEYS] = ["school-1", "school-2", "school-3", "school-4"];
const CUSTOMERS: [&str; KEYS] = ["customer-1", "customer-2", "customer-3", "customer-4"];
const SITES: [&str; KEYS] = ["site-1", "site-2", "site-3", "site-4"];
const TILLS: [&str; KEYS] = ["pos-1", "pos-2", "pos-3", "pos-4"];

const PROJECT: Number = 0;
const BACKLOG: Number = 1;
const CHRONICLE: Number = 2;
const CONDUCTOR: Number = 3;
const CONTENT: Number = 4;
const OPENAI: Number = 5;
const ANTHROPIC: Number = 6;
const APOLLO: Number = 7;
const PERPLEXITY: Number = 8;
const OFD: Number = 9;
const RAG: Number = 10;
const RULES: Number = 11;
const NOTIFIER: Number = 12;

/// All upstreams, those of a system together.
pub(super) const UPSTREAMS: [Role; 13] = [
    role("project-service", "sprint-service", TEAMS),
    role("backlog-service", "sprint-service", TEAMS),
    role("chronicle-service", "sprint-service", TEAMS),
    role("batch-conductor", "essay-platform", SCHOOLS),
    role("content", "essay-platform", SCHOOLS),
    role("openai", "essay-platform", SCHOOLS),
    role("anthropic", "essay-platform", SCHOOLS),
    role("apollo", "campaign-queue", CUSTOMERS),
    role("perplexity", "campaign-queue", CUSTOMERS),
    role("ofd", "fiscal-adapter", TILLS),
    role("rag-service", "agent-orchestrator", SITES),
    role("rule-generation", "agent-orchestrator", SITES),
    role("notifier", "agent-orchestrator", SITES),
];

/// All systems. In each, some users need less than the others: they show whether one sick upstream
/// takes the rest down with it.
pub(super) const SYSTEMS: [System; 5] = [
    System {
        name: "sprint-service",
        title: "Sprint service",
        does: "Starts sprints with a project's open tasks, and tells the audit log.",
        paths: &[
            path(
                "create a sprint",
                6,
                &[
                    needed(PROJECT),
                    needed(BACKLOG),
                    call(CHRONICLE, Otherwise::NoMatter),
                ],
            ),
            path("look at a project", 2, &[needed(PROJECT)]),
            path("look at a backlog", 2, &[needed(BACKLOG)]),
        ],
    },
    System {
        name: "essay-platform",
        title: "Essay platform",
        does: "Assesses essays with one AI provider, or with the other.",
        paths: &[
            path(
                "assess an essay",
                5,
                &[needed(CONTENT), call(OPENAI, Otherwise::Asks(ANTHROPIC))],
            ),
            path("start a batch", 3, &[needed(CONDUCTOR)]),
            path("read an essay", 2, &[needed(CONTENT)]),
        ],
    },
    System {
        name: "campaign-queue",
        title: "Campaign queue",
        does: "Enriches leads through two paid services.",
        paths: &[
            path("find a contact", 4, &[needed(APOLLO)]),
            path("research a company", 3, &[needed(PERPLEXITY)]),
            path("enrich a lead", 3, &[needed(APOLLO), needed(PERPLEXITY)]),
        ],
    },
    System {
        name: "fiscal-adapter",
        title: "Fiscal adapter",
        does: "Registers the receipts of four tills with the tax authority's operator; \
            its offline buffer is left out here.",
        paths: &[
            path("register a receipt", 5, &[needed(OFD)]),
            path("look at a receipt", 5, &[]),
        ],
    },
    System {
        name: "agent-orchestrator",
        title: "Agent orchestrator",
        does: "Asks three services in turn, and answers something useful without any of them.",
        paths: &[
            path(
                "ask the agent",
                5,
                &[
                    call(RAG, Otherwise::Degrades),
                    call(RULES, Otherwise::Degrades),
                    call(NOTIFIER, Otherwise::Degrades),
                ],
            ),
            path("look at an earlier answer", 5, &[]),
        ],
    },
];

const fn role(name: &'static str, system: &'static str, keys: [&'static str; KEYS]) -> Role {
    Role { name, system, keys }
}

const fn path(name: &'static str, of_ten: usize, calls: &'static [Call]) -> Path {
    Path {
        name,
        of_ten,
        calls,
    }
}

const fn call(upstream: Number, otherwise: Otherwise) -> Call {
    Call {
        upstream,
        otherwise,
    }
}

const fn needed(upstream: Number) -> Call {
    call(upstream, Otherwise::Fails)
}

impl System {
    /// What the n-th user wants: ten in a row are as the shares say, mixed.
    pub(super) fn path_of(&self, user: u64) -> &'static Path {
        // Steps of 3 spread a kind among the ten.
        let mut turn = usize::try_from(user % 10).unwrap_or(0) * 3 % 10;
        for path in self.paths {
            if turn < path.of_ten {
                return path;
            }
            turn -= path.of_ten;
        }
        &self.paths[0]
    }
}

/// The place of the n-th user's key: all kinds of users come with all keys.
pub(super) fn key_of(user: u64) -> usize {
    usize::try_from((user + user / 10) % KEYS as u64).unwrap_or(0)
}

/// The upstream with this name.
pub(super) fn find(name: &str) -> Option<Number> {
    UPSTREAMS.iter().position(|role| role.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_system_calls_its_own_upstreams_and_every_upstream_is_called() {
        let mut called = HashSet::new();
        for system in &SYSTEMS {
            for call in system.paths.iter().flat_map(|path| path.calls) {
                let also = match call.otherwise {
                    Otherwise::Asks(other) => other,
                    _ => call.upstream,
                };
                for number in [call.upstream, also] {
                    assert_eq!(UPSTREAMS[number].system, system.name);
                    called.insert(number);
                }
            }
        }
        assert_eq!(called.len(), UPSTREAMS.len());
    }

    #[test]
    fn of_forty_users_each_kind_comes_as_often_as_it_says_and_with_every_key() {
        for system in &SYSTEMS {
            for path in system.paths {
                let its = (0..40).filter(|user| std::ptr::eq(system.path_of(*user), path));
                let keys: Vec<usize> = its.map(key_of).collect();
                assert_eq!(keys.len(), path.of_ten * 4, "{}", path.name);
                for key in 0..KEYS {
                    assert!(keys.contains(&key), "{} {key}", path.name);
                }
            }
        }
    }

    #[test]
    fn every_upstream_has_users_who_do_not_need_it() {
        for (number, role) in UPSTREAMS.iter().enumerate() {
            let system = SYSTEMS.iter().find(|system| system.name == role.system);
            let others = system.unwrap().paths.iter().filter(|path| {
                let mut calls = path.calls.iter();
                !calls.any(|call| call.is_needed() && call.upstream == number)
            });
            assert!(others.count() > 0, "{}", role.name);
        }
    }
}
