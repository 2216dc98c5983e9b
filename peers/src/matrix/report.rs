//! The matrix as Markdown: how many, what is wrong, who passes which file, and every promise with
//! its place.

use crate::peer::Described;
use crate::run::Verdict;
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(crate) struct Matrix {
    pub(crate) peers: Vec<Described>,
    /// A file's id, and the verdict of each peer.
    pub(crate) rows: Vec<(String, Vec<Verdict>)>,
    /// All files, which our own breaker passes with every expectation that is in them.
    pub(crate) ours: usize,
}

impl Matrix {
    pub(crate) fn markdown(&self) -> String {
        let mut text = self.sums();
        text += &self.wrong();
        text += &self.unsupported();
        text += &self.files();
        text += &self.promises();
        text
    }

    fn count(&self, peer: usize, which: fn(&Verdict) -> bool) -> usize {
        self.rows
            .iter()
            .filter(|(_, verdicts)| which(&verdicts[peer]))
            .count()
    }

    fn sums(&self) -> String {
        let mut text = format!(
            "Fusebox passes all {} files, with all that they expect. {} of them say something that \
             a caller of any breaker sees.\n\n\
             | breaker | language | passes | wrong | unsupported |\n|---|---|---|---|---|\n",
            self.ours,
            self.rows.len()
        );
        for (index, peer) in self.peers.iter().enumerate() {
            let passes = self.count(index, |verdict| *verdict == Verdict::Passes);
            let wrong = self.count(index, |verdict| matches!(verdict, Verdict::Wrong(_)));
            let (name, language) = (peer.name, peer.language);
            let unsupported = self.rows.len() - passes - wrong;
            let _ = writeln!(
                text,
                "| {name} | {language} | {passes} | {wrong} | {unsupported} |"
            );
        }
        text
    }

    fn wrong(&self) -> String {
        let mut text = "\n### Wrong\n\nWhat its own documentation promises, and what was seen.\n\n\
                        | breaker | file | seen |\n|---|---|---|\n"
            .to_owned();
        for (index, peer) in self.peers.iter().enumerate() {
            for (id, verdicts) in &self.rows {
                if let Verdict::Wrong(seen) = &verdicts[index] {
                    let _ = writeln!(text, "| {} | {id} | {seen} |", peer.name);
                }
            }
        }
        if self.wrongs() == 0 {
            return "\n### Wrong\n\nNothing.\n".to_owned();
        }
        text
    }

    fn wrongs(&self) -> usize {
        let wrong = |verdict: &&Verdict| matches!(verdict, Verdict::Wrong(_));
        let verdicts = self.rows.iter().flat_map(|(_, verdicts)| verdicts);
        verdicts.filter(wrong).count()
    }

    fn unsupported(&self) -> String {
        let mut text =
            "\n### Unsupported\n\nWhat the files ask for that a breaker does not promise: \
                        the first thing found in each file.\n"
                .to_owned();
        for (index, peer) in self.peers.iter().enumerate() {
            let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
            for (_, verdicts) in &self.rows {
                if let Verdict::Unsupported(why) = verdicts[index] {
                    *reasons.entry(why).or_default() += 1;
                }
            }
            let mut reasons: Vec<_> = reasons.into_iter().collect();
            reasons.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
            let reasons: Vec<_> = reasons
                .iter()
                .map(|(why, n)| format!("{why} ({n})"))
                .collect();
            let _ = writeln!(text, "\n- {}: {}", peer.name, reasons.join("; "));
        }
        text
    }

    fn files(&self) -> String {
        let mut text =
            "\n### Files\n\nThose that at least one other breaker can run. `+` passes, `x` \
                        wrong, nothing: unsupported.\n\n| file |"
                .to_owned();
        for peer in &self.peers {
            let _ = write!(
                text,
                " {} |",
                peer.name.split(' ').next().unwrap_or_default()
            );
        }
        let _ = writeln!(text, "\n|---|{}", "---|".repeat(self.peers.len()));
        for (id, verdicts) in &self.rows {
            let marks: Vec<_> = verdicts
                .iter()
                .map(|verdict| match verdict {
                    Verdict::Passes => " + |",
                    Verdict::Wrong(_) => " x |",
                    Verdict::Unsupported(_) => "  |",
                })
                .collect();
            if verdicts
                .iter()
                .any(|verdict| !matches!(verdict, Verdict::Unsupported(_)))
            {
                let _ = writeln!(text, "| {id} |{}", marks.concat());
            }
        }
        text
    }

    fn promises(&self) -> String {
        let mut text =
            "\n### Promises\n\nWhat counts for whom, and where it is documented in that \
                        version.\n\n| breaker | promise | where |\n|---|---|---|\n"
                .to_owned();
        for peer in &self.peers {
            for (feature, place) in peer.promises {
                let _ = writeln!(text, "| {} | {} | {place} |", peer.name, feature.told());
            }
            let _ = writeln!(
                text,
                "| {} | how trials decide | {} |",
                peer.name, peer.trials_where
            );
            for (id, why) in peer.not_promised {
                let _ = writeln!(text, "| {} | *not* {id} | {why} |", peer.name);
            }
        }
        text
    }
}
