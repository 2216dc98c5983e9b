//! The whole way of a receipt: till, buffer, circuit, OFD.

use systems::stand_in::switches::{At, Behaviour, Mode};

use super::shop::Shop;

#[tokio::test]
async fn receipts_of_an_outage_are_sent_in_order_once_the_ofd_is_back() {
    let shop = Shop::open(&[]).await;
    shop.switches.turn(Mode::Fail);
    for number in 0..4 {
        for pos_id in ["pos-1", "pos-2"] {
            shop.sell(pos_id, &format!("{pos_id}-{number}")).await;
        }
    }
    let open = shop.circuit_is("OPEN").await;
    assert!(open["failure_count"].as_u64() >= Some(5), "{open}");
    assert!(open["last_failure"].is_string(), "{open}");
    let waiting = shop.receipt("pos-1-3").await;
    assert_eq!(
        (&waiting["state"], &waiting["ofd"]),
        (&"pending".into(), &().into())
    );

    shop.switches.turn(Mode::Well);
    for pos_id in ["pos-1", "pos-2"] {
        shop.is(&format!("{pos_id}-3"), "sent").await;
    }
    let circuit = shop.circuit_is("CLOSED").await;
    assert_eq!(circuit["failure_count"], 0);
    let documents = shop.ofd.documents();
    assert_eq!(documents.len(), 8);
    for pos_id in ["pos-1", "pos-2"] {
        let own = documents.iter().filter(|kept| kept.pos_id == pos_id);
        let ids: Vec<_> = own.map(|kept| kept.receipt_id.clone()).collect();
        let expected: Vec<_> = (0..4).map(|number| format!("{pos_id}-{number}")).collect();
        assert_eq!(ids, expected);
    }
    shop.close().await;
}

#[tokio::test]
async fn a_receipt_whose_answer_was_lost_is_sent_again_and_has_one_document() {
    let shop = Shop::open(&[]).await;
    shop.switches.turn(Behaviour {
        at: At::Answer,
        times: Some(2),
        ..Mode::Drop.into()
    });
    shop.sell("pos-1", "r-1").await;
    let sent = shop.is("r-1", "sent").await;
    let documents = shop.ofd.documents();
    assert_eq!((documents.len(), documents[0].repeats), (1, 2));
    let document = serde_json::to_value(&documents[0].document).unwrap();
    assert_eq!(sent["ofd"], document);
    shop.close().await;
}
