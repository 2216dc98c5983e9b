//! The budget of bytes for bodies that are held whole.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::daemon::Folder;
use crate::house::{Answer, House, config, rag, read_until, until};
use crate::stand_in::{Mode, StandIn, refusing};

const MIB: usize = 1 << 20;

/// A circuit that keeps calls of a MiB, under a budget of so many.
fn text(url: &str, budget: usize, more: &str) -> String {
    let queue = "when_unavailable = \"queue\"\nqueue = { message_bytes_max = \"1MiB\" }\n";
    let rag = rag(url, &format!("{queue}{more}"));
    format!("[server]\nbuffered_bytes_max = \"{budget}MiB\"\n{rag}")
}

fn head(length: usize) -> String {
    let close = "connection: close\r\n";
    format!("POST /rag/x HTTP/1.1\r\nhost: h\r\n{close}content-length: {length}\r\n\r\n")
}

/// A client that has sent so much of a call with a body of a MiB.
async fn client(house: &House, sent: usize) -> TcpStream {
    let mut stream = house.connect().await;
    let bytes = [head(MIB).into_bytes(), vec![b'x'; sent]].concat();
    stream.write_all(&bytes).await.unwrap();
    stream
}

async fn held(house: &House, bytes: usize) {
    let bytes = u64::try_from(bytes).unwrap();
    until("so much is held", || {
        house.circuits.body_bytes_held() == bytes
    })
    .await;
}

fn is_refused(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("fusebox-reason"), Some("buffer-full"));
    assert_eq!(answer.json()["type"], "urn:fusebox:buffer-full");
    assert_eq!(answer.json()["circuit"], "rag");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_at_its_head_until_there_is_room() {
    let upstream = StandIn::start(Mode::Hang).await;
    let house = House::start(&text(&upstream.url(), 3, "")).await;
    let mut clients = Vec::new();
    for n in 1..=3 {
        clients.push(client(&house, MIB).await);
        until("it is sent on", || upstream.hits() == n).await;
    }
    held(&house, 3 * MIB).await;
    // No byte of its body is needed to see that.
    is_refused(&house.raw(head(1).as_bytes()).await);
    assert_eq!(house.ask("GET", "/none", "").await.status, 404);
    clients.pop();
    held(&house, 2 * MIB).await;
    upstream.turn(Mode::Ok);
    assert_eq!(
        house.ask("POST", "/rag/x", &"x".repeat(MIB)).await.status,
        200
    );
    drop(clients);
    held(&house, 0).await;
    let snapshot = house.rag().breaker().snapshot();
    assert_eq!(
        snapshot.totals.failure, 0,
        "a want of room speaks against no upstream"
    );
}

#[tokio::test]
async fn bytes_count_when_they_come_and_not_when_they_are_announced() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&text(&upstream.url(), 2, "")).await;
    let mut slow = Vec::new();
    for _ in 0..16 {
        slow.push(client(&house, 1024).await);
    }
    held(&house, 16 * 1024).await;
    assert_eq!(
        house.ask("POST", "/rag/x", &"x".repeat(MIB)).await.status,
        200
    );
    let mut first = slow.swap_remove(0);
    first.write_all(&vec![b'x'; MIB - 1024]).await.unwrap();
    read_until(&mut first, "hello").await;
    drop(slow);
    held(&house, 0).await;
    assert_eq!(house.rag().stats().in_flight(), 0);
}

#[tokio::test]
async fn a_body_without_a_length_is_refused_where_the_budget_ends() {
    let upstream = StandIn::start(Mode::Hang).await;
    let house = House::start(&text(&upstream.url(), 1, "")).await;
    let mut other = client(&house, MIB / 2).await;
    held(&house, MIB / 2).await;
    let mut request = b"POST /rag/x HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\
        transfer-encoding: chunked\r\n\r\n"
        .to_vec();
    for _ in 0..3 {
        request.extend_from_slice(format!("{:x}\r\n", MIB / 4).as_bytes());
        request.extend_from_slice(&vec![b'x'; MIB / 4]);
        request.extend_from_slice(b"\r\n");
    }
    is_refused(&house.raw(&request).await);
    held(&house, MIB / 2).await;
    other.write_all(&vec![b'x'; MIB / 2]).await.unwrap();
    until("the other one is sent on", || upstream.hits() == 1).await;
    drop(other);
    held(&house, 0).await;
}

#[tokio::test]
async fn many_large_bodies_at_once_stay_within_the_budget_and_give_it_back() {
    let upstream = StandIn::start(Mode::Ok).await;
    let house = House::start(&text(&upstream.url(), 4, "")).await;
    let body = "x".repeat(MIB);
    let most = u64::try_from(4 * MIB).unwrap();
    let asked = async {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            let ask = || house.ask("POST", "/rag/x", &body);
            let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
            let (e, f, g, h) = tokio::join!(ask(), ask(), ask(), ask());
            // Two of these break off in the middle of their bodies.
            drop((client(&house, MIB / 2).await, client(&house, 1).await));
            statuses.extend([a, b, c, d, e, f, g, h].map(|answer| answer.status));
        }
        statuses
    };
    let watched = async {
        loop {
            assert!(house.circuits.body_bytes_held() <= most);
            tokio::task::yield_now().await;
        }
    };
    let statuses = tokio::select! {
        statuses = asked => statuses,
        () = watched => unreachable!("it never ends"),
    };
    assert!(statuses.contains(&200), "{statuses:?}");
    assert!(
        statuses.iter().all(|status| [200, 503].contains(status)),
        "{statuses:?}"
    );
    held(&house, 0).await;
    until("all are over", || house.rag().stats().in_flight() == 0).await;
}

#[tokio::test]
async fn what_is_kept_gives_its_room_back_once_it_is_in_the_queue() {
    let dead = format!("http://{}", refusing().await);
    // In a queue in memory it would stay, and count.
    let folder = Folder::new();
    let house = House::start_in(&text(&dead, 1, ""), folder.path("queue.db")).await;
    for _ in 0..3 {
        let answer = house.ask("POST", "/rag/x", &"x".repeat(MIB - 4096)).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        held(&house, 0).await;
    }
}

#[tokio::test]
async fn calls_that_may_go_on_share_the_budget_and_a_reload_changes_it() {
    let upstream = StandIn::start(Mode::Hang).await;
    let spare = StandIn::start(Mode::Ok).await;
    let next = format!(
        "[circuits.two]\nupstream = \"{0}\"\nwhen_unavailable = \"next\"\nnext = [\"spare\"]\n\
        [circuits.spare]\nupstream = \"{0}\"\n",
        spare.url()
    );
    let house = House::start(&text(&upstream.url(), 8, &next)).await;
    let one = client(&house, MIB).await;
    until("it is sent on", || upstream.hits() == 1).await;
    let large = "x".repeat(8 * MIB);
    let refused = house.ask("POST", "/two/x", &large).await;
    assert_eq!(refused.json()["type"], "urn:fusebox:buffer-full");
    assert_eq!(refused.json()["circuit"], "two");
    let more = text(&upstream.url(), 9, &next);
    assert!(house.circuits.apply(&config(&more)).unwrap().is_empty());
    assert_eq!(house.ask("POST", "/two/x", &large).await.status, 200);
    drop(one);
    held(&house, 0).await;
}
