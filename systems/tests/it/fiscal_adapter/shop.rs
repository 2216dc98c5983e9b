//! A shop: an adapter and an OFD in this process.

use serde_json::{Value, json};
use systems::fiscal_adapter::{Adapter, Settings};
use systems::hosting::Hosted;
use systems::stand_in::ofd::Ofd;
use systems::stand_in::switches::Switches;

use crate::folder::Folder;
use crate::http::{ask, send};
use crate::wait::until;

pub(super) struct Shop {
    pub(super) ofd: Ofd,
    pub(super) switches: Switches,
    pub(super) folder: Folder,
    url: String,
    adapter: Adapter,
    serving: Vec<Hosted>,
}

impl Shop {
    /// With settings under which an outage takes a moment; `variables` go before these.
    pub(super) async fn open(variables: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        let data_dir = folder.path().join("adapter");
        let quick = [
            ("RECOVERY_TIMEOUT", "100ms"),
            ("OFD_TIMEOUT", "500ms"),
            ("DATA_DIR", data_dir.to_str().unwrap()),
        ];
        let variables = quick.into_iter().chain(variables.iter().copied());
        let settings = Settings::from_environment(&variables.collect()).unwrap();
        let any = || ([127, 0, 0, 1], 0).into();

        let (ofd, switches) = (Ofd::open(folder.path()).unwrap(), Switches::new());
        let ofd_hosted = Hosted::start(any(), ofd.router(&switches)).await.unwrap();
        let adapter = Adapter::start(&settings, ofd_hosted.url().parse().unwrap()).unwrap();
        let hosted = Hosted::start(any(), adapter.router()).await.unwrap();
        Self {
            ofd,
            switches,
            folder,
            url: hosted.url(),
            adapter,
            serving: vec![hosted, ofd_hosted],
        }
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        ask("GET", &format!("{}{path}", self.url)).await.unwrap()
    }

    pub(super) async fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.url);
        send("POST", &url, body).await.unwrap()
    }

    /// A receipt that is well.
    pub(super) async fn sell(&self, pos_id: &str, receipt_id: &str) {
        let receipt = json!({"receipt_id": receipt_id, "pos_id": pos_id, "total": 12.50});
        let (status, _) = self.post("/v1/receipts", &receipt.to_string()).await;
        assert_eq!(status, 202);
    }

    pub(super) async fn receipt(&self, id: &str) -> Value {
        let (status, receipt) = self.get(&format!("/v1/receipts/{id}")).await;
        assert_eq!(status, 200, "{receipt}");
        receipt
    }

    /// Waits until a receipt is in this state.
    pub(super) async fn is(&self, id: &str, state: &str) -> Value {
        until(async || self.receipt(id).await["state"] == state).await;
        self.receipt(id).await
    }

    /// Waits until the circuit is in this state.
    pub(super) async fn circuit_is(&self, state: &str) -> Value {
        until(async || self.get("/v1/circuit").await.1["state"] == state).await;
        self.get("/v1/circuit").await.1
    }

    pub(super) async fn close(self) {
        for hosted in self.serving {
            hosted.end().await;
        }
        self.adapter.end().await.unwrap();
    }
}
