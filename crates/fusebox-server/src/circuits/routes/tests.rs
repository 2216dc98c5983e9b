use super::super::Circuits;
use crate::settings::Config;

fn circuits(lines: &[(&str, &str)]) -> std::sync::Arc<Circuits> {
    let mut text = String::new();
    for (name, more) in lines {
        text += &format!("[circuits.{name}]\nupstream = \"http://127.0.0.1:9\"\n{more}\n");
    }
    let config = Config::parse(&text, "test.toml", std::iter::empty()).unwrap();
    Circuits::new(&config).unwrap()
}

fn found(circuits: &Circuits, host: &str, path: &str) -> Option<(String, usize)> {
    circuits
        .route(host, path)
        .map(|route| (route.circuit.name().to_owned(), route.matched))
}

fn is(name: &str, matched: usize) -> Option<(String, usize)> {
    Some((name.to_owned(), matched))
}

#[test]
fn a_path_matches_at_segment_borders_only() {
    let circuits = circuits(&[("rag", "")]);
    assert_eq!(found(&circuits, "any", "/rag"), is("rag", 4));
    assert_eq!(found(&circuits, "any", "/rag/"), is("rag", 4));
    assert_eq!(found(&circuits, "any", "/rag/a/b"), is("rag", 4));
    for path in ["/", "/ra", "/ragged", "/ragged/a", "/x/rag", "", "*"] {
        assert_eq!(found(&circuits, "any", path), None, "{path}");
    }
}

#[test]
fn the_longest_path_wins() {
    let circuits = circuits(&[
        ("a", "path = \"/api\""),
        ("b", "path = \"/api/v1\""),
        ("all", "path = \"/\""),
    ]);
    assert_eq!(found(&circuits, "h", "/api/v1/x"), is("b", 7));
    assert_eq!(found(&circuits, "h", "/api/v1"), is("b", 7));
    assert_eq!(found(&circuits, "h", "/api/v10"), is("a", 4));
    assert_eq!(found(&circuits, "h", "/api/v"), is("a", 4));
    assert_eq!(found(&circuits, "h", "/apx"), is("all", 0));
    assert_eq!(found(&circuits, "h", "/"), is("all", 0));
}

#[test]
fn the_host_comes_before_the_path() {
    let circuits = circuits(&[
        ("long", "path = \"/api/v1\""),
        ("here", "host = \"rag.example\"\npath = \"/api\""),
    ]);
    assert_eq!(found(&circuits, "rag.example", "/api/v1/x"), is("here", 4));
    assert_eq!(found(&circuits, "RAG.Example:8080", "/api"), is("here", 4));
    assert_eq!(found(&circuits, "rag.example.", "/api"), is("here", 4));
    assert_eq!(
        found(&circuits, "other.example", "/api/v1/x"),
        is("long", 7)
    );
    assert_eq!(found(&circuits, "other.example", "/api"), None);
}

#[test]
fn a_very_long_path_of_slashes_costs_no_more_than_a_short_one() {
    let circuits = circuits(&[("rag", "")]);
    let path = "/".repeat(1 << 16);
    assert_eq!(found(&circuits, "h", &path), None);
    assert_eq!(found(&circuits, "h", &format!("/rag{path}")), is("rag", 4));
}
