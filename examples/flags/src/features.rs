//! The shop's feature flags, from AppConfig or from the embedded document.

use std::env;

use pilaster::config::flags::Flags;
use pilaster::config::parameters::{ParameterId, ParameterSource, ParameterValue};
use pilaster::{BoxError, Clients, FromClients};

use crate::shop::{Shopper, Terms};

/// The feature flags, created once per process.
#[derive(Clone, Debug)]
pub struct Features(Flags);

impl Features {
    /// Evaluates the flags for a shopper. If no document is available, the result is the default terms.
    pub async fn terms(&self, shopper: &Shopper) -> Terms {
        let Self(flags) = self;
        let defaults = Terms::default();
        Terms {
            discount: flags.evaluate("discount", shopper, defaults.discount).await,
            new_checkout: flags.evaluate("new_checkout", shopper, defaults.new_checkout).await,
            free_shipping: flags.evaluate("free_shipping", shopper, defaults.free_shipping).await,
        }
    }
}

impl From<Flags> for Features {
    fn from(flags: Flags) -> Self {
        Self(flags)
    }
}

impl FromClients for Features {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let Some(application) = variable("FLAGS_APPLICATION") else {
            let _ = clients;
            tracing::warn!("FLAGS_APPLICATION is not set: using the embedded flags");
            return Ok(Self(Flags::new(Embedded, "features")));
        };
        #[cfg(feature = "aws")]
        {
            let set = |name| variable(name).ok_or_else(|| format!("FLAGS_APPLICATION is set, but {name} is not"));
            let (environment, profile) = (set("FLAGS_ENVIRONMENT")?, set("FLAGS_PROFILE")?);
            let source = pilaster::config::parameters::AppConfig::new(clients.get().await?, application, environment);
            Ok(Self(Flags::new(source, profile)))
        }
        #[cfg(not(feature = "aws"))]
        Err(format!(
            "FLAGS_APPLICATION is set ({application}), but this build has no AWS clients: build it with `--features aws`"
        )
        .into())
    }
}

/// The `flags.json` embedded at compile time.
#[derive(Clone, Copy, Debug)]
pub struct Embedded;

impl ParameterSource for Embedded {
    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        Ok(ParameterValue::from_text(id, include_str!("../flags.json")))
    }
}
