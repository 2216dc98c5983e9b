//! The built files, and the names under which they are served.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::HeaderValue;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("../../console/dist/index.html");
const SCRIPT: &str = include_str!("../../console/dist/console.js");
const STYLE: &str = include_str!("../../console/dist/console.css");

/// As much of a hash as no two builds will share.
const HASH_CHARS: usize = 16;

/// The page and what it loads.
pub(super) static BUNDLE: LazyLock<Bundle> = LazyLock::new(Bundle::new);

pub(super) struct Bundle {
    pub(super) page: File,
    /// Script and style.
    pub(super) assets: [File; 2],
}

/// A file in memory.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) media_type: &'static str,
    pub(crate) body: Bytes,
    pub(crate) tag: HeaderValue,
}

impl Bundle {
    fn new() -> Self {
        let script = File::hashed("console", "js", "text/javascript; charset=utf-8", SCRIPT);
        let style = File::hashed("console", "css", "text/css; charset=utf-8", STYLE);
        let page = PAGE
            .replace("console.js", &format!("assets/{}", script.name))
            .replace("console.css", &format!("assets/{}", style.name));
        let hash = hash(page.as_bytes());
        Self {
            page: File {
                name: String::new(),
                media_type: "text/html; charset=utf-8",
                tag: tag(&hash),
                body: page.into(),
            },
            assets: [script, style],
        }
    }
}

impl Bundle {
    /// The page at an address that ends in `last` and not in a slash, as a host's prefix does.
    pub(super) fn page_below(&self, last: &str) -> File {
        let page = String::from_utf8_lossy(&self.page.body);
        let page = page.replace("\"assets/", &format!("\"{last}/assets/"));
        File {
            name: String::new(),
            media_type: self.page.media_type,
            tag: tag(&hash(page.as_bytes())),
            body: page.into(),
        }
    }
}

impl File {
    /// One that keeps its name, and so is asked for by its tag.
    pub(crate) fn named(name: &str, media_type: &'static str, text: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            media_type,
            body: Bytes::from_static(text.as_bytes()),
            tag: tag(&hash(text.as_bytes())),
        }
    }

    fn hashed(stem: &str, ending: &str, media_type: &'static str, text: &'static str) -> Self {
        let hash = hash(text.as_bytes());
        Self {
            name: format!("{stem}-{hash}.{ending}"),
            media_type,
            body: Bytes::from_static(text.as_bytes()),
            tag: tag(&hash),
        }
    }
}

fn hash(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes).iter().take(HASH_CHARS / 2) {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn tag(hash: &str) -> HeaderValue {
    // Hexadecimal digits between quotes: always a header.
    HeaderValue::try_from(format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::{Path, PathBuf};

    fn files_below(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                files_below(&path, into);
            } else {
                into.push(path);
            }
        }
    }

    /// What `console/build.mjs` writes: the hash over names and contents of everything that the
    /// built files are made from.
    fn hash_of_sources(console: &Path) -> String {
        let mut files = vec![console.join("package-lock.json"), console.join("build.mjs")];
        files_below(&console.join("src"), &mut files);
        let name = |path: &PathBuf| {
            let name = path.strip_prefix(console).expect("below");
            name.to_string_lossy().replace('\\', "/")
        };
        files.sort_by_key(name);
        let mut hasher = Sha256::new();
        for path in &files {
            // A checkout may have given text files the line ends of its system.
            let text = fs::read_to_string(path)
                .expect("text")
                .replace("\r\n", "\n");
            hasher.update(format!("{} {}\n", name(path), text.len()));
            hasher.update(text);
        }
        hasher
            .finalize()
            .iter()
            .fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").expect("a string");
                hex
            })
    }

    #[test]
    fn the_built_files_are_made_from_the_sources_as_they_are() {
        let console = Path::new(env!("CARGO_MANIFEST_DIR")).join("console");
        let built = fs::read_to_string(console.join("dist/sources.sha256")).expect("a hash");
        assert_eq!(
            built.trim(),
            hash_of_sources(&console),
            "console/dist is stale: run `scripts/console build` and commit what it writes"
        );
    }

    #[test]
    fn the_page_names_its_files_by_their_hashes_and_nothing_of_other_hosts() {
        let page = std::str::from_utf8(&BUNDLE.page.body).expect("text");
        for asset in &BUNDLE.assets {
            assert!(
                page.contains(&format!("\"assets/{}\"", asset.name)),
                "{page}"
            );
        }
        for text in [page, STYLE] {
            assert!(!text.contains("http:") && !text.contains("https:"));
        }
        // A policy without `unsafe-inline` would make either do nothing.
        assert!(!page.contains("style=") && !page.contains("<style"));
    }
}
