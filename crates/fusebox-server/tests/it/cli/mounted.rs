//! Client commands against a service that is no daemon: the router nested under a prefix.

use std::net::SocketAddr;

use axum::Router;
use fusebox::Registry;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::daemon::Folder;

/// A service with the admin interface at `/fusebox`. Dropped, it is gone.
struct Service {
    registry: Registry,
    url: String,
    task: JoinHandle<()>,
}

impl Service {
    async fn start() -> Self {
        let registry = Registry::new();
        registry.add("rag".into()).unwrap();
        let app = Router::new().nest_service("/fusebox", fusebox_admin::router(&registry));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/fusebox", listener.local_addr().unwrap());
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.unwrap();
        });
        Self {
            registry,
            url,
            task,
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn the_path_of_the_url_is_kept_before_every_path_of_the_api() {
    let service = Service::start().await;
    let folder = Folder::new();
    // With and without a slash at the end.
    for url in [service.url.clone(), format!("{}/", service.url)] {
        let env = [("FUSEBOX_URL", url.as_str())];
        let ended = folder.run_with(&["open", "rag"], &env).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let circuit = service.registry.listed("rag").unwrap().circuit;
        assert_eq!(circuit.state(), fusebox::State::Open);
        let ended = folder.run_with(&["close", "rag"], &env).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(circuit.state(), fusebox::State::Closed);
        let ended = folder.run_with(&["status"], &env).await;
        assert_eq!((ended.code, ended.out.len()), (Some(0), 2), "{ended:?}");
    }
}

#[tokio::test]
async fn lists_of_a_service_without_queues_are_empty_and_what_is_named_is_refused() {
    let service = Service::start().await;
    let folder = Folder::new();
    let env = [("FUSEBOX_URL", service.url.as_str())];
    for (args, told) in [
        (
            ["queue", "list"],
            "no queues: no circuit of this service has one",
        ),
        (["dead", "list"], "no dead letters"),
    ] {
        let ended = folder.run_with(&args, &env).await;
        assert_eq!(
            (ended.code, &*ended.out.join("\n")),
            (Some(0), told),
            "{ended:?}"
        );
        let ended = folder.run_with(&[args[0], args[1], "--json"], &env).await;
        assert_eq!((ended.code, ended.out.len()), (Some(0), 1), "{ended:?}");
        assert!(ended.out[0].contains(":[]"), "{ended:?}");
    }
    for args in [["queue", "show", "rag"], ["dead", "list", "rag"]] {
        let ended = folder.run_with(&args, &env).await;
        assert_eq!(ended.code, Some(4), "{ended:?}");
    }
}
