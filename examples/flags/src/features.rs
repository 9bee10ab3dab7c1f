//! The shop's feature flags, from AppConfig or from the embedded document.

use pilaster::config::flags::Flags;
use pilaster::config::parameters::{AppConfig, ParameterId, ParameterSource, ParameterValue};
use pilaster::{BoxError, Clients, FromClients};

use crate::shop::{Customer, Terms};

/// The feature flags, created once per process.
#[derive(Clone)]
pub(crate) struct Features(pub(crate) Flags);

impl Features {
    /// Evaluates the flags for a customer. A flag that cannot be evaluated has its default, and a warning is logged.
    pub(crate) async fn terms(&self, customer: &Customer) -> Terms {
        let Self(flags) = self;
        let defaults = Terms::default();
        Terms {
            discount: flags.evaluate("discount", customer, defaults.discount).await,
            new_checkout: flags.evaluate("new_checkout", customer, defaults.new_checkout).await,
            free_shipping: flags.evaluate("free_shipping", customer, defaults.free_shipping).await,
        }
    }
}

impl FromClients for Features {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let variable = |name| clients.variables().get(name).ok_or_else(|| format!("{name} is not set"));
        let app_config = async |application: String| -> Result<Flags, BoxError> {
            let source = AppConfig::new(clients.get().await?, application, variable("FLAGS_ENVIRONMENT")?);
            Ok(Flags::new(source, variable("FLAGS_PROFILE")?))
        };
        Ok(Self(clients.env_or("FLAGS_APPLICATION", app_config, || Flags::new(Embedded, "features")).await?))
    }
}

/// The `flags.json` of the build.
pub(crate) struct Embedded;

impl ParameterSource for Embedded {
    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        Ok(ParameterValue::from_text(id, include_str!("../flags.json")))
    }
}
