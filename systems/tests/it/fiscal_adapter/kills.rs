//! `kill -9` of adapter and OFD as real processes, at random points: nothing is lost, nothing is
//! doubled, and the order per terminal holds. Ten rounds; a hundred with `FUSEBOX_LONG=1`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::folder::Folder;
use crate::http::{ask, send};
use crate::process::Process;
use crate::wait::until;

const ADAPTER: &str = env!("CARGO_BIN_EXE_fiscal-adapter");
const OFD: &str = env!("CARGO_BIN_EXE_ofd-stand-in");
const TERMINALS: usize = 4;
const RECEIPTS_A_ROUND: usize = 3;
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_and_when_each_receipt_has_exactly_one_document() {
    let is_long = std::env::var_os("FUSEBOX_LONG").is_some();
    let rounds = if is_long { 100 } else { 10 };
    let mut random = Random::new();
    println!("seed {}", random.0);
    let mut shop = Shop::open();
    let (allow, allowed) = watch::channel(0);
    let taken = Arc::<Mutex<Vec<String>>>::default();
    let mut tills = JoinSet::new();
    for terminal in 1..=TERMINALS {
        let (url, allowed) = (shop.adapter.url.clone(), allowed.clone());
        tills.spawn(sell(url, terminal, allowed, Arc::clone(&taken)));
    }

    let mut kills = [0, 0];
    for _ in 0..rounds {
        allow.send_modify(|count| *count += RECEIPTS_A_ROUND);
        if random.below(3) == 0 {
            let lost = r#"{"mode": "drop", "at": "answer", "times": 2}"#;
            let switches = format!("{}/switches", shop.ofd.url);
            assert_eq!(send("POST", &switches, lost).await.unwrap().0, 200);
        }
        pause(random.below(300)).await;
        let victims = random.below(3);
        if victims != 1 {
            shop.adapter.kill();
            kills[0] += 1;
        }
        if victims != 0 {
            shop.ofd.kill();
            kills[1] += 1;
        }
        pause(random.below(150)).await;
        shop.start_what_is_dead(victims).await;
    }
    drop(allow);
    timeout(Duration::from_secs(60), tills.join_all())
        .await
        .unwrap();
    until(async || shop.health().await["components"]["buffer"]["pending"] == 0).await;

    let taken = taken.lock().unwrap().clone();
    assert_eq!(taken.len(), rounds * TERMINALS * RECEIPTS_A_ROUND);
    let documents = shop.check(&taken).await;
    let repeats: u64 = documents
        .iter()
        .filter_map(|kept| kept["repeats"].as_u64())
        .sum();
    println!(
        "{rounds} rounds, {} kills of the adapter, {} of the OFD: {} receipts, {} documents, \
         {repeats} repeats",
        kills[0],
        kills[1],
        taken.len(),
        documents.len(),
    );
    assert!(shop.adapter.terminate() && shop.ofd.terminate());
}

/// A till: sells one receipt after the other, each sent again until it is answered. It stops when
/// nobody allows more.
async fn sell(
    url: String,
    terminal: usize,
    mut allowed: watch::Receiver<usize>,
    taken: Arc<Mutex<Vec<String>>>,
) {
    let url = format!("{url}/v1/receipts");
    let mut sold = 0;
    loop {
        while sold < *allowed.borrow_and_update() {
            let id = format!("pos-{terminal}-{sold:05}");
            let pos_id = format!("pos-{terminal}");
            let receipt = json!({"receipt_id": id, "pos_id": pos_id, "total": sold});
            let receipt = receipt.to_string();
            loop {
                let answer = timeout(ANSWER_WITHIN, send("POST", &url, &receipt)).await;
                match answer {
                    Ok(Ok((202, _))) => break,
                    // Nobody there, cut off, or not yet able: again.
                    Ok(Err(_) | Ok((503, _))) | Err(_) => pause(20).await,
                    Ok(Ok((status, body))) => panic!("{id}: {status} {body}"),
                }
            }
            taken.lock().unwrap().push(id);
            sold += 1;
        }
        if allowed.changed().await.is_err() {
            return;
        }
    }
}

struct Shop {
    folder: Folder,
    adapter: Process,
    ofd: Process,
}

impl Shop {
    fn open() -> Self {
        let folder = Folder::new();
        let ofd = start_ofd(&folder, "0").unwrap();
        let adapter = start_adapter(&folder, "0", &ofd.url).unwrap();
        Self {
            folder,
            adapter,
            ofd,
        }
    }

    /// On the same ports; one that somebody else's call has taken meanwhile is free again soon.
    async fn start_what_is_dead(&mut self, victims: u64) {
        let (ofd_url, folder) = (self.ofd.url.clone(), &self.folder);
        let (adapter_port, ofd_port) = (self.adapter.port(), self.ofd.port());
        if victims != 1 {
            self.adapter = started(|| start_adapter(folder, &adapter_port, &ofd_url)).await;
        }
        if victims != 0 {
            self.ofd = started(|| start_ofd(folder, &ofd_port)).await;
        }
    }

    async fn health(&self) -> Value {
        ask("GET", &format!("{}/v1/health", self.adapter.url))
            .await
            .unwrap()
            .1
    }

    /// Every acknowledged receipt has exactly one document, in order per terminal, which is the one
    /// that the adapter keeps; and there is no other document.
    async fn check(&self, taken: &[String]) -> Vec<Value> {
        let answer = ask("GET", &format!("{}/documents", self.ofd.url)).await;
        let documents = answer.unwrap().1.as_array().unwrap().clone();
        let mut by_receipt = HashMap::new();
        let mut last_of = HashMap::<&str, &str>::new();
        for kept in &documents {
            let id = kept["receipt_id"].as_str().unwrap();
            assert!(
                by_receipt.insert(id, kept).is_none(),
                "{id} has two documents"
            );
            let last = last_of.insert(kept["pos_id"].as_str().unwrap(), id);
            assert!(
                last.is_none_or(|last| last < id),
                "{id} came after {last:?}"
            );
        }
        for id in taken {
            let kept = by_receipt
                .get(&**id)
                .unwrap_or_else(|| panic!("{id} is lost"));
            let url = format!("{}/v1/receipts/{id}", self.adapter.url);
            let receipt = ask("GET", &url).await.unwrap().1;
            assert_eq!(receipt["state"], "sent", "{receipt}");
            for field in [
                "fiscal_doc_number",
                "fiscal_doc_datetime",
                "fiscal_sign",
                "status",
            ] {
                assert_eq!(receipt["ofd"][field], kept[field], "{receipt}");
            }
        }
        assert_eq!(documents.len(), taken.len());
        assert_eq!(self.health().await["components"]["buffer"]["dlq_size"], 0);
        documents
    }
}

fn start_adapter(folder: &Folder, port: &str, ofd_url: &str) -> Option<Process> {
    let data_dir = folder.path().join("adapter");
    let variables = [
        ("PORT", port),
        ("OFD_URL", ofd_url),
        ("DATA_DIR", data_dir.to_str()?),
        ("RECOVERY_TIMEOUT", "200ms"),
        ("OFD_TIMEOUT", "2"),
    ];
    Process::start(ADAPTER, &folder.path().join("adapter.log"), &variables)
}

fn start_ofd(folder: &Folder, port: &str) -> Option<Process> {
    let data_dir = folder.path().join("ofd");
    let variables = [("PORT", port), ("DATA_DIR", data_dir.to_str()?)];
    Process::start(OFD, &folder.path().join("ofd.log"), &variables)
}

async fn started(mut start: impl FnMut() -> Option<Process>) -> Process {
    let mut process = None;
    until(async || {
        process = start();
        process.is_some()
    })
    .await;
    process.unwrap()
}

/// Between two events of a round: the point at which something is killed is random on purpose.
async fn pause(millis: u64) {
    // tidy-allow(sleep): nothing is waited for, the moment of a kill is drawn
    sleep(Duration::from_millis(millis)).await;
}

/// Numbers that differ from run to run; the seed is printed. (Marsaglia, "Xorshift RNGs", 2003.)
struct Random(u64);

impl Random {
    fn new() -> Self {
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let given = std::env::var("FUSEBOX_SEED").ok();
        let given = given.and_then(|seed| seed.parse().ok());
        Self(given.unwrap_or(since.as_nanos() as u64 | 1))
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
