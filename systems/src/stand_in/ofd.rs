//! An Operator of Fiscal Data that tells a repeat: one fiscal document for each receipt id.
//!
//! A document is on the disk before it is answered, so that `kill -9` loses nothing that a caller
//! was told. A receipt that comes again is answered with its first document, and counted. A receipt
//! whose `total` is below 0 is refused for good (422).
//!
//! | | |
//! |---|---|
//! | `POST /receipts` | the fiscal document of a receipt |
//! | `GET /documents` | all documents in order of their numbers, with repeats |
//! | `/switches` | see [`switches`](super::switches) |

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use fusebox_store::rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::switches::Switches;

/// What the OFD answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiscalDocument {
    /// Counts up, without a gap.
    pub fiscal_doc_number: u64,
    /// When it was made.
    pub fiscal_doc_datetime: String,
    /// Ten digits that belong to this receipt and number.
    pub fiscal_sign: String,
    /// `accepted`.
    pub status: String,
}

/// A document as it is kept and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The receipt that it is for.
    pub receipt_id: String,
    /// The terminal that the receipt is from.
    pub pos_id: String,
    /// The document.
    #[serde(flatten)]
    pub document: FiscalDocument,
    /// How often the receipt came again.
    #[serde(default)]
    pub repeats: u64,
}

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Document(Kept),
    Repeat(String),
}

#[derive(Deserialize)]
struct Receipt {
    receipt_id: String,
    pos_id: String,
    #[serde(default)]
    total: f64,
}

/// The documents, in a file that is only ever appended to. A clone is the same.
#[derive(Clone, Debug)]
pub struct Ofd {
    book: Arc<Mutex<Book>>,
}

#[derive(Debug)]
struct Book {
    file: File,
    documents: Vec<Kept>,
    by_receipt: HashMap<String, usize>,
}

impl Ofd {
    /// Opens the documents in this folder. What a crash left half-written at the end was answered
    /// to nobody, and is cut off.
    ///
    /// # Errors
    /// The file cannot be used, or was not written by this program.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join("documents.jsonl");
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(path)?;
        let mut book = Book {
            file,
            documents: Vec::new(),
            by_receipt: HashMap::new(),
        };
        book.read()?;
        Ok(Self {
            book: Arc::new(Mutex::new(book)),
        })
    }

    /// Its routes, under these switches.
    pub fn router(&self, switches: &Switches) -> Router {
        let routes = Router::new()
            .route("/receipts", post(take))
            .route("/documents", get(list))
            .with_state(self.clone());
        switches.over(routes)
    }

    /// All documents, in order of their numbers.
    pub fn documents(&self) -> Vec<Kept> {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.documents.clone()
    }
}

impl Book {
    fn read(&mut self) -> io::Result<()> {
        let mut reader = BufReader::new(self.file.try_clone()?);
        let (mut text, mut whole) = (String::new(), 0);
        while reader.read_line(&mut text)? > 0 {
            if text.ends_with('\n') {
                self.remember(serde_json::from_str(&text)?);
                whole += text.len() as u64;
            }
            text.clear();
        }
        self.file.set_len(whole)?;
        self.file.seek(io::SeekFrom::End(0)).map(drop)
    }

    fn remember(&mut self, line: Line) {
        match line {
            Line::Document(kept) => {
                let place = self.documents.len();
                self.by_receipt.insert(kept.receipt_id.clone(), place);
                self.documents.push(kept);
            }
            Line::Repeat(id) => {
                let place = self.by_receipt.get(&id).copied();
                let known = place.and_then(|place| self.documents.get_mut(place));
                known.into_iter().for_each(|kept| kept.repeats += 1);
            }
        }
    }

    /// On the disk first, then in the memory.
    fn write(&mut self, line: Line) -> io::Result<()> {
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()?;
        self.remember(line);
        Ok(())
    }

    fn take(&mut self, receipt: Receipt) -> io::Result<FiscalDocument> {
        let place = self.by_receipt.get(&receipt.receipt_id).copied();
        if let Some(known) = place.and_then(|place| self.documents.get(place)) {
            let document = known.document.clone();
            self.write(Line::Repeat(receipt.receipt_id))?;
            return Ok(document);
        }
        let number = self.documents.len() as u64 + 1;
        let document = FiscalDocument {
            fiscal_doc_number: number,
            fiscal_doc_datetime: rfc3339(SystemTime::now()),
            fiscal_sign: sign(number, &receipt.receipt_id),
            status: "accepted".to_owned(),
        };
        self.write(Line::Document(Kept {
            receipt_id: receipt.receipt_id,
            pos_id: receipt.pos_id,
            document: document.clone(),
            repeats: 0,
        }))?;
        Ok(document)
    }
}

/// FNV-1a over number and id: stands for the cryptography of a real one.
fn sign(number: u64, id: &str) -> String {
    let bytes = number.to_le_bytes().into_iter().chain(id.bytes());
    let mixed = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |mixed, byte| {
        (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{:010}", mixed % 10_000_000_000)
}

async fn take(
    State(ofd): State<Ofd>,
    Json(receipt): Json<Receipt>,
) -> Result<Json<FiscalDocument>, (StatusCode, Json<Value>)> {
    let refused = |status, detail: &str| Err((status, Json(json!({ "detail": detail }))));
    if receipt.total < 0.0 {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "total: below 0");
    }
    let mut book = ofd.book.lock().unwrap_or_else(PoisonError::into_inner);
    match book.take(receipt) {
        Ok(document) => Ok(Json(document)),
        Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "the disk failed"),
    }
}

async fn list(State(ofd): State<Ofd>) -> Json<Vec<Kept>> {
    Json(ofd.documents())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(id: &str) -> Receipt {
        Receipt {
            receipt_id: id.to_owned(),
            pos_id: "pos-1".to_owned(),
            total: 1.0,
        }
    }

    #[test]
    fn a_repeat_has_the_first_answer_and_is_counted_also_after_a_restart_and_a_torn_line() {
        let folder = std::env::temp_dir().join(format!("ofd-{}", std::process::id()));
        let open = || Ofd::open(&folder).unwrap();
        let take = |ofd: &Ofd, id| ofd.book.lock().unwrap().take(receipt(id)).unwrap();
        let ofd = open();
        let first = take(&ofd, "a");
        assert_eq!(take(&ofd, "a"), first);
        drop(ofd);

        let mut file = OpenOptions::new()
            .append(true)
            .open(folder.join("documents.jsonl"));
        file.as_mut()
            .unwrap()
            .write_all(b"{\"document\":{\"rec")
            .unwrap();
        let ofd = open();
        assert_eq!(take(&ofd, "a"), first);
        assert_eq!(take(&ofd, "b").fiscal_doc_number, 2);
        drop(ofd);

        let kept = open().documents();
        let repeats: Vec<_> = kept
            .iter()
            .map(|kept| (&*kept.receipt_id, kept.repeats))
            .collect();
        assert_eq!(repeats, [("a", 2), ("b", 0)]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
