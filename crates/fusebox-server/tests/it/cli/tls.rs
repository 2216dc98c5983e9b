//! The admin interface over TLS, and clients that trust it.

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::daemon::{Daemon, Ended, Folder};
use crate::house::within;

const SERVE: &[&str] = &[
    "fusebox.toml",
    "--listen",
    "127.0.0.1:0",
    "--admin",
    "127.0.0.1:0",
];

/// Puts a new certificate for `localhost` and its key into the folder, under these names.
fn certify(folder: &Folder, cert: &str, key: &str) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    folder.write(cert, made.cert.pem());
    folder.write(key, made.signing_key.serialize_pem());
}

async fn start(folder: &Folder) -> Daemon {
    certify(folder, "admin.pem", "admin.key");
    let tls = "[server.admin_tls]\ncert = \"admin.pem\"\nkey = \"admin.key\"\n";
    folder.write("fusebox.toml", tls);
    folder.serve(SERVE).await
}

/// Asks over https, trusting what the file says.
async fn status(folder: &Folder, daemon: &Daemon, trusted: &str) -> Ended {
    let url = format!("https://localhost:{}", daemon.admin.port());
    let env = [("FUSEBOX_URL", url.as_str()), ("FUSEBOX_CA_FILE", trusted)];
    folder.run_with(&["status"], &env).await
}

#[tokio::test]
async fn a_client_that_trusts_the_certificate_is_answered_and_no_other() {
    let folder = Folder::new();
    let daemon = start(&folder).await;
    assert_eq!(status(&folder, &daemon, "admin.pem").await.code, Some(0));
    let ended = status(&folder, &daemon, "").await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err[0].contains("certificate"), "{ended:?}");
    // Plain HTTP is no way in, and garbage ends its own connection only.
    let url = format!("http://localhost:{}", daemon.admin.port());
    let ended = folder.run_with(&["status"], &[("FUSEBOX_URL", &url)]).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let mut garbage = TcpStream::connect(daemon.admin).await.unwrap();
    garbage
        .write_all(b"\x16\x03\x01garbage garbage")
        .await
        .unwrap();
    let mut rest = Vec::new();
    let _ = within(garbage.read_to_end(&mut rest)).await;
    assert_eq!(status(&folder, &daemon, "admin.pem").await.code, Some(0));
}

#[tokio::test]
async fn a_new_certificate_is_taken_once_both_files_are_there() {
    let folder = Folder::new();
    let mut daemon = start(&folder).await;
    certify(&folder, "new.pem", "new.key");
    // Half of it: the one before stays.
    std::fs::copy(folder.path("admin.pem"), folder.path("old.pem")).unwrap();
    std::fs::copy(folder.path("new.pem"), folder.path("admin.pem")).unwrap();
    daemon.logged("the certificate before stays in force").await;
    assert_eq!(status(&folder, &daemon, "old.pem").await.code, Some(0));
    std::fs::copy(folder.path("new.key"), folder.path("admin.key")).unwrap();
    daemon
        .logged("the certificate of the admin interface was read anew")
        .await;
    assert_eq!(status(&folder, &daemon, "new.pem").await.code, Some(0));
    assert_eq!(status(&folder, &daemon, "old.pem").await.code, Some(3));
    daemon.process.signal(Signal::HUP);
    let line = daemon
        .logged("the certificate of the admin interface was read anew")
        .await;
    assert_eq!(line["why"], "SIGHUP");
}
