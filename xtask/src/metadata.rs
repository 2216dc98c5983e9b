//! The part of `cargo metadata` that the checks read, as plain types.

use serde_json::Value;

/// A package of the whole dependency graph, the workspace's own included.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Whether it belongs to this workspace.
    pub(crate) member: bool,
    pub(crate) license: Option<String>,
    /// `None` for a package that lies on the disk.
    pub(crate) source: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
    /// The names of its features, sorted.
    pub(crate) features: Vec<String>,
}

/// What a manifest asks for.
#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `normal`, `dev` or `build`.
    pub(crate) kind: String,
}

/// A crate that Cargo builds from a package.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) kind: String,
    /// Its root file, relative to the workspace.
    pub(crate) path: String,
}

/// Reads the answer of `cargo metadata --format-version 1`: the workspace's root and all packages.
pub(crate) fn parse(json: &str) -> Result<(String, Vec<Package>), String> {
    let value: Value = serde_json::from_str(json).map_err(|e| format!("cargo metadata: {e}"))?;
    let root = text(&value, "workspace_root").ok_or("cargo metadata names no workspace_root")?;
    let members: Vec<&str> = list(&value, "workspace_members")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let packages = list(&value, "packages")
        .iter()
        .map(|one| package(one, &members, &root))
        .collect::<Option<Vec<_>>>()
        .ok_or("cargo metadata lists a package without name, version or id")?;
    Ok((root, packages))
}

fn package(value: &Value, members: &[&str], root: &str) -> Option<Package> {
    let id = text(value, "id")?;
    Some(Package {
        name: text(value, "name")?,
        version: text(value, "version")?,
        member: members.contains(&id.as_str()),
        license: text(value, "license"),
        source: text(value, "source"),
        dependencies: list(value, "dependencies")
            .iter()
            .filter_map(dependency)
            .collect(),
        targets: list(value, "targets")
            .iter()
            .filter_map(|one| target(one, root))
            .collect(),
        features: features(value),
    })
}

fn features(value: &Value) -> Vec<String> {
    let named = value.get("features").and_then(Value::as_object);
    let mut names: Vec<String> = named
        .map(|named| named.keys().cloned().collect())
        .unwrap_or_default();
    names.sort();
    names
}

fn dependency(value: &Value) -> Option<Dependency> {
    let kind = text(value, "kind").unwrap_or_else(|| "normal".to_owned());
    Some(Dependency {
        name: text(value, "name")?,
        kind,
    })
}

fn target(value: &Value, root: &str) -> Option<Target> {
    let path = text(value, "src_path")?.replace('\\', "/");
    let root = root.replace('\\', "/");
    let path = path
        .strip_prefix(&root)
        .unwrap_or(&path)
        .trim_start_matches('/')
        .to_owned();
    Some(Target {
        kind: list(value, "kind").first()?.as_str()?.to_owned(),
        path,
    })
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{
        "workspace_root": "/here",
        "workspace_members": ["path+file:///here/crates/fusebox#0.1.0"],
        "packages": [
            {"id": "path+file:///here/crates/fusebox#0.1.0", "name": "fusebox", "version": "0.1.0",
             "license": "MIT", "source": null,
             "features": {"tokio": ["dep:tokio"], "macros": []},
             "dependencies": [{"name": "rustix", "kind": null},
                              {"name": "proptest", "kind": "dev"}],
             "targets": [{"kind": ["lib"], "src_path": "/here/crates/fusebox/src/lib.rs"}]},
            {"id": "registry+x#rustix@1.0.0", "name": "rustix", "version": "1.0.0",
             "license": null, "source": "registry+x", "dependencies": [], "targets": []}
        ]}"#;

    #[test]
    fn members_are_told_from_strangers_and_paths_are_relative() {
        let (root, packages) = parse(ANSWER).unwrap();
        assert_eq!(root, "/here");
        assert!(packages[0].member && !packages[1].member);
        assert_eq!(packages[0].targets[0].path, "crates/fusebox/src/lib.rs");
        assert_eq!(packages[0].features, ["macros", "tokio"]);
        let kinds: Vec<_> = packages[0]
            .dependencies
            .iter()
            .map(|d| d.kind.as_str())
            .collect();
        assert_eq!(kinds, ["normal", "dev"]);
    }

    #[test]
    fn an_answer_that_is_not_metadata_is_an_error() {
        assert!(parse("not json").is_err());
        assert!(parse("{}").is_err());
        assert!(parse(r#"{"workspace_root": "/here", "packages": [{"name": "x"}]}"#).is_err());
    }
}
