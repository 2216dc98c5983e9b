//! The platform, put together.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::http::Uri;
use fusebox::Registry;
use fusebox::environment::Variables;

use super::clients::ProtectedConductorClient;
use super::content::Texts;
use super::events::Events;
use super::gateway;
use super::providers::Providers;
use super::routes::{Desk, limited, services};
use super::settings::{
    ASSESSED_CONTENT, Addresses, CHECKED_CONTENT, CONDUCTOR, DOWNSTREAM, Settings,
};
use crate::call::{Client, Counted};
use crate::hosting::Hosted;
use crate::kept::{Failed, Kept, Served};

/// The platform, while it runs.
#[derive(Debug)]
pub struct EssayPlatform {
    served: Served,
    services: Vec<Hosted>,
    desk: Arc<Desk>,
}

impl EssayPlatform {
    /// Starts it over the circuits of `registry`, which it defines there. Each service has a port
    /// of its own on loopback, which the gateway calls; `listen` serves the gateway and, for those
    /// who need no gateway, the services too.
    ///
    /// # Errors
    /// What is missing, wrong, taken or damaged.
    pub async fn start(
        listen: SocketAddr,
        variables: &Variables<'_>,
        addresses: Addresses,
        registry: &Registry,
    ) -> Result<Self, Failed> {
        let settings = Settings::read(variables)?;
        settings.define(variables, registry)?;
        let kept = Kept::open(registry, &settings.data_dir, "events.db")?;
        let client = |base| Client::new(base, settings.call_timeout, Counted::default());
        let texts = |name| {
            let circuit = registry.find(name)?;
            Ok::<_, Failed>(Texts::new(client(&addresses.content), circuit))
        };
        let conductor = registry.find(CONDUCTOR)?;
        let desk = Arc::new(Desk {
            conductor: ProtectedConductorClient::new(client(&addresses.conductor), conductor),
            checked: texts(CHECKED_CONTENT)?,
            assessed: texts(ASSESSED_CONTENT)?,
            providers: Providers::new(addresses.providers, &settings, variables, registry)?,
            events: Events::start(&settings, &kept.queues, registry)?,
        });
        let base = |url: &Uri| url.to_string().trim_end_matches('/').to_owned();
        let (mut hosted, mut bases) = (Vec::new(), Vec::new());
        for (_, service) in services(&desk) {
            let loopback = (Ipv4Addr::LOCALHOST, 0).into();
            let one = limited(service, settings.calls_max);
            let one = Hosted::start(loopback, one).await?;
            bases.push(one.url());
            hosted.push(one);
        }
        let others = [&addresses.conductor, &addresses.content].map(base);
        let bases = bases.into_iter().chain(others);
        let downstream = DOWNSTREAM.into_iter().zip(bases);
        let downstream = downstream.map(|(name, base)| (name, base, settings.longest_call(name)));
        let gateway = gateway::routes(downstream, registry)?;
        let all = services(&desk)
            .into_iter()
            .fold(gateway, |all, (_, one)| all.merge(one));
        let relays = desk.events.relay();
        let all = limited(all, settings.calls_max);
        Ok(Self {
            served: kept.serve(registry, listen, relays, all).await?,
            services: hosted,
            desk,
        })
    }

    /// Where it listens: `http://…`, without a slash at its end.
    pub fn url(&self) -> String {
        self.served.url()
    }

    /// Takes no more calls, ends those under way, and keeps the events that Kafka did not take.
    ///
    /// # Errors
    /// It was not written in time.
    pub async fn end(self) -> Result<(), Failed> {
        let kept = self.served.end().await;
        for service in self.services {
            service.end().await;
        }
        self.desk.events.close().await;
        kept.close()
    }
}
