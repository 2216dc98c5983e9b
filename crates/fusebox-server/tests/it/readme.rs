//! What a stranger copies out of the README.

use std::path::{Path, PathBuf};

use toml::Table;

use crate::house::config;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn tables(path: &Path) -> Table {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    text.parse().unwrap()
}

/// The blocks of the README in this language.
fn blocks(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let opened = format!("```{language}\n");
    let blocks = readme.split(&opened).skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap().to_owned());
    blocks.collect()
}

#[test]
fn its_dependencies_are_crates_of_this_repository_with_features_that_they_have() {
    let blocks = blocks("toml");
    let block = blocks.iter().find(|block| block.contains("[dependencies]"));
    let manifest: Table = block.expect("dependencies").parse().unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    assert!(dependencies.len() >= 3, "{dependencies:?}");
    for (name, dependency) in dependencies {
        let path = dependency["path"].as_str().unwrap();
        let path = path.strip_prefix("../fusebox/").expect("a clone beside it");
        let its = tables(&root().join(path).join("Cargo.toml"));
        assert_eq!(its["package"]["name"].as_str(), Some(name.as_str()));
        let asked = dependency.get("features").and_then(|all| all.as_array());
        for feature in asked.into_iter().flatten() {
            let feature = feature.as_str().unwrap();
            let has = its.get("features").and_then(|all| all.get(feature));
            assert!(has.is_some(), "{name} has no feature {feature}");
        }
    }
}

#[test]
fn its_settings_are_accepted() {
    let blocks = blocks("toml");
    let settings = blocks.iter().filter(|block| block.contains("[circuits."));
    assert_eq!(
        settings
            .map(|text| config(text).circuits.len())
            .sum::<usize>(),
        2
    );
}
