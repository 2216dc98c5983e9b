//! A real child process that can be killed at any moment.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A program of this package under way.
pub(crate) struct Process {
    child: Child,
    /// Where it listens.
    pub(crate) url: String,
}

impl Process {
    /// Starts a program and waits until it says where it listens; `None`: it ended before. Its log
    /// goes to `log`.
    pub(crate) fn start(program: &str, log: &Path, variables: &[(&str, &str)]) -> Option<Self> {
        let log = File::options().create(true).append(true).open(log).unwrap();
        let mut child = Command::new(program)
            .env_clear()
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut lines = output.lines().map_while(Result::ok);
        let name = Path::new(program).file_name().unwrap().to_str().unwrap();
        let told = format!("{name} listens on ");
        let url = lines.find_map(|line| Some(line.strip_prefix(&told)?.to_owned()));
        let Some(url) = url else {
            child.wait().unwrap();
            return None;
        };
        Some(Self { child, url })
    }

    /// The port it listens on.
    pub(crate) fn port(&self) -> String {
        self.url.rsplit(':').next().unwrap().to_owned()
    }

    /// `SIGKILL`: it ends in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// `SIGTERM`: it ends in order. Whether it did.
    pub(crate) fn terminate(&mut self) -> bool {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        told.success() && self.child.wait().unwrap().success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that failed leaves nobody behind; one that ended already is no concern.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
