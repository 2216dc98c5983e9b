//! What is right for the server, its store and its metrics, with the files that it needs.

use std::path::{Path, PathBuf};

use fusebox_admin::{Grant, Role, Tokens};
use fusebox_telemetry::Names;

use super::{lines, parse, with_env};
use crate::settings::{Config, Problem, StoreKind};

/// A folder of its own for one test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("fusebox-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    /// Reads `text` as a settings file in this folder.
    fn parse(&self, text: &str) -> Result<Config, Vec<Problem>> {
        let file = format!("{}/f.toml", self.path());
        Config::parse(text, &file, std::iter::empty())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A certificate and its key, in PEM.
fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[test]
fn a_certificate_and_its_key_are_read_from_beside_the_file() {
    let folder = Folder::new("tls");
    let (cert, key) = certificate();
    folder.write("admin.pem", &cert);
    folder.write("admin.key", &key);
    let text = "[server]\nadmin_tls = { cert = \"admin.pem\", key = \"admin.key\" }";
    let config = folder.parse(text).unwrap();
    let tls = config.server.admin_tls.clone().unwrap();
    assert_eq!(tls.cert, Path::new(folder.path()).join("admin.pem"));
    assert_eq!(tls.load().unwrap().alpn_protocols, [b"http/1.1"]);
    let shown = &config.effective()["server"]["admin_tls"]["key"];
    assert_eq!(*shown, format!("{}/admin.key", folder.path()));
}

#[test]
fn a_key_of_another_certificate_is_refused_and_never_told() {
    let folder = Folder::new("tls-mixed");
    let ((cert, _), (_, other)) = (certificate(), certificate());
    folder.write("admin.pem", &cert);
    folder.write("other.key", &other);
    folder.write(
        "no.key",
        "-----BEGIN PRIVATE KEY-----\nsecret!\n-----END PRIVATE KEY-----\n",
    );
    let refused = |key: &str| {
        let text = format!("[server.admin_tls]\ncert = \"admin.pem\"\nkey = \"{key}\"");
        let said = lines(folder.parse(&text));
        assert_eq!(said.len(), 1, "{said:?}");
        let place = format!("{}/f.toml:3:7: server.admin_tls.key: ", folder.path());
        said[0]
            .strip_prefix(&place)
            .unwrap_or_else(|| panic!("{said:?}"))
            .to_owned()
    };
    let said = refused("other.key");
    assert!(
        said.contains("allowed is the key of the certificate"),
        "{said}"
    );
    let said = refused("admin.pem");
    assert!(said.ends_with("allowed is a private key in PEM"), "{said}");
    let said = refused("no.key");
    assert!(
        said.contains("a private key in PEM") && !said.contains("secret"),
        "{said}"
    );
}

#[test]
fn an_admin_address_that_others_reach_is_taken_where_there_are_tokens() {
    let folder = Folder::new("tokens");
    let text = format!(
        "[server]\nadmin = \"0.0.0.0:0\"\ndata_dir = \"{}\"",
        folder.path()
    );
    assert_eq!(lines(parse(&text)).len(), 1);
    let tokens = Tokens::open(folder.0.join("tokens.json")).unwrap();
    tokens.create(Grant::new("me", Role::Admin)).unwrap();
    assert_eq!(parse(&text).unwrap().server.admin.to_string(), "0.0.0.0:0");
    // A file that is damaged is no reason to open the door.
    folder.write("tokens.json", "{");
    let said = lines(parse(&text)).concat();
    assert!(said.contains("tokens.json: not a list of tokens"), "{said}");
}

#[test]
fn a_loopback_address_in_the_form_of_ipv6_needs_no_tokens() {
    for address in ["[::1]:0", "[::ffff:127.0.0.1]:0", "127.9.9.9:0"] {
        let text = format!("[server]\nadmin = \"{address}\"");
        assert_eq!(lines(parse(&text)), Vec::<String>::new());
    }
}

#[test]
fn store_and_names_of_metrics_are_set_in_the_file_and_the_environment() {
    let text = "[store]\nkind = \"memory\"\n[metrics]\nnames = \"enhanced\"";
    let config = parse(text).unwrap();
    assert_eq!(
        (config.store, config.metric_names),
        (StoreKind::Memory, Names::Enhanced)
    );
    let shown = config.effective();
    assert_eq!(shown["store"]["kind"], "memory");
    assert_eq!(shown["metrics"]["names"], "enhanced");
    let env = [
        ("FUSEBOX__STORE__KIND", "sqlite"),
        ("FUSEBOX__METRICS__NAMES", "standard"),
    ];
    let config = with_env(text, &env).unwrap();
    assert_eq!(
        (config.store, config.metric_names),
        (StoreKind::Sqlite, Names::Standard)
    );
    let said = lines(with_env("", &[("FUSEBOX__METRICS__NAMES", "fancy")]));
    let expected = "FUSEBOX__METRICS__NAMES: metrics.names: \"fancy\" is not allowed; \
        allowed is \"standard\" or \"enhanced\"";
    assert_eq!(said, [expected]);
}

#[test]
#[cfg(feature = "opentelemetry")]
fn sending_by_otlp_is_asked_for_in_the_file_and_the_environment() {
    let on = parse("[telemetry]\notlp = true").unwrap();
    assert!(on.otlp && !parse("[telemetry]").unwrap().otlp);
    assert_eq!(on.effective()["telemetry"]["otlp"], true);
    let env = [("FUSEBOX__TELEMETRY__OTLP", "false")];
    assert!(!with_env("[telemetry]\notlp = true", &env).unwrap().otlp);
    let said = lines(parse("[telemetry]\notlp = \"http://here\""));
    assert_eq!(
        said,
        ["f.toml:2:8: telemetry.otlp: \"http://here\" is not allowed; allowed is true or false"]
    );
}

#[test]
#[cfg(not(feature = "opentelemetry"))]
fn sending_by_otlp_is_refused_where_it_is_not_built_in() {
    let said = lines(parse("[telemetry]\notlp = true"));
    let expected = "f.toml:2:8: telemetry.otlp: true is not allowed; allowed is false (this build \
        has no OpenTelemetry; it is the feature `opentelemetry` of fusebox-server)";
    assert_eq!(said, [expected]);
    assert!(!parse("[telemetry]\notlp = false").unwrap().otlp);
}

#[test]
fn a_variable_names_the_files_of_tls() {
    let env = [("FUSEBOX__SERVER__ADMIN_TLS__CERT", "nowhere.pem")];
    let said = lines(with_env("", &env));
    assert_eq!(
        said,
        [
            "FUSEBOX__SERVER__ADMIN_TLS__CERT: server.admin_tls.key: missing: the name of a file \
            in PEM"
        ]
    );
}
