//! Parameters with fixed values, for tests and local runs.

use std::collections::BTreeMap;

use super::{ParameterId, ParameterPath, ParameterSource, ParameterValue, ParameterValues};
use crate::config::cache::Refused;
use crate::core::error::BoxError;

pub(super) struct Fixed(pub(super) BTreeMap<String, String>);

impl ParameterSource for Fixed {
    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        let text = self.0.get(id.name());
        let text = text.ok_or_else(|| Refused::new("it is not one of the fixed parameters"))?;
        Ok(ParameterValue::from_text(id, text.as_str()))
    }

    async fn fetch_below(&self, path: &ParameterPath) -> Result<ParameterValues, BoxError> {
        let below = |name: &String| -> Option<String> {
            let rest = name.strip_prefix(path.path().trim_end_matches('/'))?.strip_prefix('/')?;
            (path.is_recursive() || !rest.contains('/')).then(|| rest.to_owned())
        };
        let values = self.0.iter().filter_map(|(name, text)| {
            let id = ParameterId::from(name.as_str());
            Some((below(name)?, ParameterValue::from_text(&id, text.as_str())))
        });
        Ok(values.collect())
    }
}
