//! The answer given in place of the upstream's: read, and ready to send.

use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::circuit::Fallback;
use super::keys;
use super::section::Section;
use super::tree::{Node, Table, Value};

/// A larger file is no fallback: it is kept in memory for every circuit that names it.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Headers that the gateway writes itself.
const OWN_HEADERS: &[&str] = &[
    "connection",
    "content-length",
    "date",
    "fusebox-circuit",
    "fusebox-fallback",
    "fusebox-instead-of",
    "fusebox-reason",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Reads a fallback's table. Files are looked for beside the settings file, in `folder`.
pub(super) fn read(section: Section<'_>, folder: &Path) -> Fallback {
    section.only(keys::FALLBACK);
    let status = section
        .whole("status", 200..=599)
        .and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::OK);
    let mut headers = headers(section);
    let sources: Vec<&str> = ["body", "json", "file"]
        .into_iter()
        .filter(|key| section.has(key))
        .collect();
    for surplus in sources.iter().skip(1) {
        section.inert(
            surplus,
            &format!("{} is set too; keep one of them", sources[0]),
        );
    }
    if let (Some(source), 204 | 205 | 304) = (sources.first(), status.as_u16()) {
        section.inert(
            source,
            &format!("an answer with status {} has no body", status.as_u16()),
        );
    }
    let (body, kind) = body(section, folder);
    if !body.is_empty() && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    Fallback {
        status,
        headers,
        body,
    }
}

/// The body and its content type.
fn body(section: Section<'_>, folder: &Path) -> (Bytes, &'static str) {
    const ANY_TEXT: &str = "a text";
    if let Some(text) = section.text("body", ANY_TEXT, |text| Some(text.to_owned())) {
        return (text.into(), "text/plain; charset=utf-8");
    }
    if let Some(json) = section.read("json", json) {
        return (json.to_string().into(), "application/json");
    }
    let file = section.read("file", |node| {
        let name = node.text().ok_or("the name of a file")?;
        let bytes = read_file(&folder.join(name))?;
        Ok((bytes, content_type(name)))
    });
    file.unwrap_or((Bytes::new(), ""))
}

fn read_file(path: &Path) -> Result<Bytes, String> {
    let unreadable = |error: std::io::Error| format!("a file that can be read ({error})");
    // A pipe or a device could keep the daemon waiting for ever.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("a plain file".to_owned());
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!(
            "a file of at most {} MiB",
            FILE_BYTES_MAX / (1024 * 1024)
        ));
    }
    Ok(bytes.into())
}

fn content_type(name: &str) -> &'static str {
    match Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str())
    {
        Some("json") => "application/json",
        Some("html" | "htm") => "text/html; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some("xml") => "application/xml",
        _ => "application/octet-stream",
    }
}

fn headers(section: Section<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(table) = section.table("headers") else {
        return headers;
    };
    let path = section.field("headers");
    let section = Section {
        path: &path,
        table,
        ..section
    };
    for (key, node) in &table.0 {
        let Ok(name) = HeaderName::try_from(key) else {
            section.report.add(
                &node.key_at,
                section.field(key),
                "is not a name that a header can have",
            );
            continue;
        };
        if OWN_HEADERS.contains(&name.as_str()) {
            section.report.add(
                &node.key_at,
                section.field(key),
                "is not allowed: the gateway sets this header",
            );
            continue;
        }
        let value = section.text(key, "a text that a header can have", |text| {
            HeaderValue::try_from(text).ok()
        });
        if headers.contains_key(&name) {
            section.report.add(
                &node.key_at,
                section.field(key),
                "given twice (upper and lower case are the same)",
            );
        } else if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    headers
}

/// The JSON value that a TOML value stands for.
fn json(node: &Node) -> Result<serde_json::Value, String> {
    Ok(match &node.value {
        Value::Text(text) => text.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => serde_json::Number::from_f64(*number)
            .ok_or("JSON, which has no nan and no inf")?
            .into(),
        Value::Bool(truth) => (*truth).into(),
        Value::Array(items) => items
            .iter()
            .map(json)
            .collect::<Result<Vec<_>, _>>()?
            .into(),
        Value::Table(Table(entries)) => {
            let entry = |(key, node): &(String, Node)| Ok((key.clone(), json(node)?));
            entries
                .iter()
                .map(entry)
                .collect::<Result<serde_json::Map<_, _>, String>>()?
                .into()
        }
        Value::Other(_) => {
            return Err("JSON, which has no dates and no numbers beyond 64 bits".to_owned());
        }
    })
}
