//! A broker of Apache Kafka: one node on free loopback ports, in a folder of its own, gone
//! with the value, also when the test panics.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::{BOUND, Folder, SECOND};

/// Any will do: "fusebox-kafka-11" in base64.
const CLUSTER: &str = "ZnVzZWJveC1rYWZrYS0xMQ";

/// A free port may be another program's a moment later.
const STARTS_MAX: u32 = 5;

/// The largest record that the broker takes.
pub(crate) const RECORD_BYTES_MAX: usize = 100_000;

pub(crate) struct Broker {
    child: Option<Child>,
    port: u16,
    folder: Folder,
}

impl Broker {
    pub(crate) fn start() -> Self {
        for _ in 0..STARTS_MAX {
            let mut broker = Self::not_running();
            if broker.start_it() {
                return broker;
            }
        }
        panic!("the broker did not start");
    }

    /// One that has been set up and does not run: nobody listens at its port.
    pub(crate) fn not_running() -> Self {
        let folder = Folder::new();
        let [port, controller] = free_ports();
        let settings = settings(port, controller, &folder);
        fs::write(folder.0.join("server.properties"), settings).expect("written");
        let mut format = java("kafka.tools.StorageTool");
        format
            .args(["format", "-t", CLUSTER, "-c"])
            .arg(folder.0.join("server.properties"));
        let formatted = format.output().expect("Java runs");
        let said = String::from_utf8_lossy(&formatted.stderr);
        assert!(formatted.status.success(), "its storage: {said}");
        Self {
            child: None,
            port,
            folder,
        }
    }

    pub(crate) fn servers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Killed, as by kill -9; what it wrote is in its folder.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a child");
            child.wait().expect("a child");
        }
    }

    /// At the same port, with what it had.
    pub(crate) fn start_again(&mut self) {
        assert!(self.start_it(), "the broker ended: {}", self.said());
    }

    fn start_it(&mut self) -> bool {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.0.join("log"))
            .expect("a log");
        let child = java("kafka.Kafka")
            .arg(self.folder.0.join("server.properties"))
            .stdout(log.try_clone().expect("a handle"))
            .stderr(log)
            .spawn();
        self.child = Some(child.expect("Java runs"));
        self.listens()
    }

    /// Waits until it listens; `false`: it ended.
    fn listens(&mut self) -> bool {
        let end = Instant::now() + BOUND;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let child = self.child.as_mut().expect("it was started");
            if child.try_wait().expect("a child").is_some() {
                return false;
            }
            assert!(Instant::now() < end, "it never listens: {}", self.said());
            // tidy-allow(sleep): the bounded wait itself looks at its condition again and again
            std::thread::sleep(SECOND / 10);
        }
        true
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.0.join("log")).unwrap_or_default()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A program of Kafka's. Few megabytes, and no time spent on compiling what runs for seconds.
pub(crate) fn java(class: &str) -> Command {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = target.map_or_else(|| root.join("target"), |target| root.join(target));
    let jars = target.join("kafka/libs");
    assert!(
        jars.is_dir(),
        "{} is not there: run scripts/kafka install",
        jars.display()
    );
    let mut java = Command::new("java");
    java.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg("-cp")
        .arg(jars.join("*"))
        .arg(class)
        .stdin(Stdio::null());
    java
}

fn free_ports() -> [u16; 2] {
    // Both at once, so that they differ.
    let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    free.map(|listener| listener.local_addr().expect("an address").port())
}

fn settings(port: u16, controller: u16, folder: &Folder) -> String {
    let data = folder.0.join("data");
    let data = data.display();
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
num.partitions=3
message.max.bytes={RECORD_BYTES_MAX}
"
    )
}
