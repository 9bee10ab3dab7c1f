//! The settings from environment variables, validated at start.

use thiserror::Error;

/// The settings of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `TABLE_NAME`: the DynamoDB table. If unset, users are kept in memory.
    pub table: Option<String>,
    /// `true` if `API_KEY_SECRET` names the secret with the API key.
    pub key_required: bool,
}

/// The variables contradict each other or this build.
#[derive(Clone, Copy, Debug, Error)]
pub enum SettingsError {
    /// Without AWS clients, users would silently be kept in memory, or requests would not be authenticated.
    #[error("{0} is set, but this build has no AWS clients: build it with `--features aws`")]
    NoClients(&'static str),
    /// Persistent users must not be modified without authentication.
    #[error("TABLE_NAME is set, but API_KEY_SECRET is not: users in DynamoDB require an API key")]
    NoKey,
}

impl Settings {
    /// Reads `TABLE_NAME` and `API_KEY_SECRET`; an empty variable counts as unset.
    ///
    /// # Errors
    ///
    /// [`SettingsError`].
    pub fn from_env() -> Result<Self, SettingsError> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::new(variable("TABLE_NAME"), variable("API_KEY_SECRET").is_some(), cfg!(feature = "aws"))
    }

    fn new(table: Option<String>, key_required: bool, aws: bool) -> Result<Self, SettingsError> {
        match (&table, key_required) {
            (Some(_), _) if !aws => Err(SettingsError::NoClients("TABLE_NAME")),
            (None, true) if !aws => Err(SettingsError::NoClients("API_KEY_SECRET")),
            (Some(_), false) => Err(SettingsError::NoKey),
            _ => Ok(Self { table, key_required }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_variables_users_are_in_memory_and_no_key_is_required() {
        let settings = Settings::new(None, false, false).expect("valid settings");
        assert_eq!(settings, Settings { table: None, key_required: false });
    }

    #[test]
    fn a_table_is_never_ignored() {
        let error = Settings::new(Some("users".into()), true, false).expect_err("no clients");
        assert!(error.to_string().starts_with("TABLE_NAME is set"), "{error}");
    }

    #[test]
    fn a_key_is_never_ignored() {
        let error = Settings::new(None, true, false).expect_err("no clients");
        assert!(error.to_string().starts_with("API_KEY_SECRET is set"), "{error}");
    }

    #[test]
    fn a_table_needs_a_key() {
        assert!(matches!(Settings::new(Some("users".into()), false, true), Err(SettingsError::NoKey)));
        assert!(Settings::new(Some("users".into()), true, true).is_ok());
    }
}
