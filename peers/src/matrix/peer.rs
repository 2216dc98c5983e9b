//! What the matrix asks of a breaker, and what is written down of each.

use crate::settings::Settings;

/// How an error begins where a breaker refuses settings: it cannot be asked, and nothing is broken.
pub(crate) const REFUSED: &str = "refused";

/// A breaker in virtual time, as far as a caller sees it.
pub(crate) trait Peer {
    /// Asks for a call; `false`: rejected.
    fn begin(&mut self, call: &str) -> Result<bool, String>;
    fn end(&mut self, call: &str, outcome: &str, took_ns: u64) -> Result<(), String>;
    /// The caller goes away in the middle of the call.
    fn leave(&mut self, call: &str) -> Result<(), String>;
    fn advance(&mut self, ns: u64) -> Result<(), String>;
    /// A move by hand: `open`, `closed`, `half_open`, `reset`, or a hold.
    fn hand(&mut self, what: &str) -> Result<(), String>;
    /// Other settings while it runs.
    fn set(&mut self, _: &Settings) -> Result<(), String> {
        Err("its settings stay as they are".to_owned())
    }
    /// `closed`, `open` or `half_open`.
    fn state(&mut self) -> Result<String, String>;
}

/// What a file may ask of a breaker beyond its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    /// A failure below the threshold, the n-th in a row, opens.
    Run,
    /// At least this share of the last N calls.
    CountRate,
    /// So many of the last N calls.
    CountCount,
    /// At least this share of the calls of the last D.
    TimeRate,
    /// So many failures in the last D.
    TimeCount,
    /// A success, too, may complete the minimum and open.
    SuccessJudges,
    /// Calls that took long, as a share.
    Slow,
    /// How long a call took is told by the caller, not measured.
    Told,
    /// An open one rejects for its time, then lets a trial through.
    Wait,
    /// So many trials in flight, no more.
    Limit,
    /// The open time grows with each failed trial.
    Backoff,
    /// An outcome that is neither success nor failure.
    Ignored,
    /// A caller who goes away gives the place of its trial back.
    Leave,
    /// What began before a transition changes nothing after it.
    Late,
    /// Settings that change while it runs.
    Settings,
    /// `transition` and `reset`.
    Hand(&'static str),
}

impl Feature {
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Run => "failures in a row open",
            Self::CountRate => "a rate over the last N calls",
            Self::CountCount => "a number of the last N calls",
            Self::TimeRate => "a rate over the last D",
            Self::TimeCount => "a number in the last D",
            Self::SuccessJudges => "a success may complete the minimum and open",
            Self::Slow => "slow calls",
            Self::Told => "a duration that is told, not measured",
            Self::Wait => "open rejects for its time, then tries",
            Self::Limit => "a limit of trials in flight",
            Self::Backoff => "an open time that grows",
            Self::Ignored => "ignored outcomes",
            Self::Leave => "a caller who goes away gives the place back",
            Self::Late => "late outcomes change nothing",
            Self::Settings => "settings changed while running",
            Self::Hand("reset") => "reset",
            Self::Hand("closed") => "closed by hand",
            Self::Hand("open") => "opened by hand",
            Self::Hand("half_open") => "half-open by hand",
            Self::Hand("forced_open") => "forced open",
            Self::Hand("disabled") => "disabled",
            Self::Hand("observe") => "observe",
            Self::Hand(_) => "other moves by hand",
        }
    }
}

/// How the number of trials and what closes and opens again can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trials {
    /// One success closes, one failure opens; any number may try at once.
    One,
    /// So many successes close, one failure opens; any number may try at once.
    Successes,
    /// One number is the limit and the successes that close; one failure opens.
    Quota,
    /// A limit and, not above it, the successes that close; one failure opens.
    Limited,
    /// One trial alone decides, or the rate of several once all have ended.
    Rate,
}

/// Makes a breaker with these settings.
pub(crate) type Make = Box<dyn Fn(&Settings) -> Result<Box<dyn Peer>, String>>;

/// A breaker and what its own documentation says of it.
pub(crate) struct Described {
    pub(crate) name: &'static str,
    pub(crate) language: &'static str,
    /// What it promises, and where.
    pub(crate) promises: &'static [(Feature, &'static str)],
    pub(crate) trials: Trials,
    /// Where its documentation says how trials are judged.
    pub(crate) trials_where: &'static str,
    /// Whether the state is told as open until the first call after the open time.
    pub(crate) lazy: bool,
    /// Whether a time window is whole seconds.
    pub(crate) whole_seconds: bool,
    /// What goes wrong where the documentation promises something else than our rule, by the id of
    /// the file.
    pub(crate) not_promised: &'static [(&'static str, &'static str)],
    pub(crate) make: Make,
}

impl Described {
    pub(crate) fn promises(&self, feature: Feature) -> bool {
        self.promises
            .iter()
            .any(|(promised, _)| *promised == feature)
    }
}
