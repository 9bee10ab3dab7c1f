//! Secrets with fixed values, for tests and local runs.

use std::collections::HashMap;

use secrecy::SecretString;

use super::source::CURRENT;
use super::{SecretId, SecretSource, SecretValue};
use crate::config::cache::Refused;
use crate::core::error::BoxError;

pub(super) struct Fixed(pub(super) HashMap<SecretId, SecretString>);

impl SecretSource for Fixed {
    async fn fetch(&self, id: &SecretId) -> Result<SecretValue, BoxError> {
        let current = || id.version_stage().filter(|stage| *stage == CURRENT).map(|_| SecretId::from(id.name()));
        let text = self.0.get(id).or_else(|| self.0.get(&current()?));
        let text = text.ok_or_else(|| Refused::new("it is not one of the fixed secrets"))?;
        Ok(SecretValue::from_text(id, text.clone()))
    }
}
