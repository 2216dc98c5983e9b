//! `fusebox completions`: scripts for shells.

use std::process::Command;

use crate::daemon::Folder;

/// Every command that the help of `fusebox`, or of this command of it, names.
pub(super) async fn commands(folder: &Folder, of: &[&str]) -> Vec<String> {
    let help = folder.run(&[of, &["--help"]].concat()).await;
    let after = help.out.iter().skip_while(|line| *line != "Commands:");
    let named = after.skip(1).take_while(|line| !line.is_empty());
    // Two columns in; what goes on below is indented further.
    let named = named.filter(|line| !line.starts_with("   "));
    let names = named.filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn every_shell_gets_a_script_that_names_every_command() {
    let folder = Folder::new();
    let commands = commands(&folder, &[]).await;
    for known in ["serve", "hold", "dead", "token", "completions"] {
        assert!(commands.iter().any(|name| name == known), "{commands:?}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = folder.run(&["completions", shell]).await;
        assert_eq!((ended.code, ended.err.len()), (Some(0), 0), "{ended:?}");
        let script = ended.out.join("\n");
        let words: Vec<&str> = script
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .collect();
        for name in &commands {
            assert!(words.contains(&name.as_str()), "{shell} lacks {name}");
        }
    }
}

#[tokio::test]
async fn bash_takes_its_script_and_completes_by_it() {
    let folder = Folder::new();
    let script = folder.run(&["completions", "bash"]).await.out.join("\n");
    folder.write("fusebox.bash", &script);
    let bash = |line: &str| {
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-c", line]);
        bash.current_dir(folder.path(""));
        bash.output().expect("bash, which runs the tests")
    };
    let checked = bash("bash -n fusebox.bash");
    assert!(
        checked.status.success() && checked.stderr.is_empty(),
        "{checked:?}"
    );
    let completed = bash(
        "source fusebox.bash; COMP_WORDS=(fusebox comp) COMP_CWORD=1; \
         _fusebox fusebox comp fusebox; printf '%s\n' \"${COMPREPLY[@]}\"",
    );
    assert_eq!(String::from_utf8_lossy(&completed.stdout), "completions\n");
}

#[tokio::test]
async fn an_unknown_shell_is_refused_with_those_that_there_are() {
    let ended = Folder::new().run(&["completions", "cmd"]).await;
    assert_eq!((ended.code, ended.out.len()), (Some(2), 0), "{ended:?}");
    let said = ended.err.join("\n");
    assert!(said.contains("invalid value 'cmd'"), "{said}");
    assert!(
        said.contains("bash") && said.contains("zsh") && said.contains("fish"),
        "{said}"
    );
}
