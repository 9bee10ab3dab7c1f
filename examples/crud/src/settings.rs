//! What the environment asks for, decided in one place and checked before the first request.

use thiserror::Error;

/// Where users are kept and whether callers need a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `TABLE_NAME`: the table in DynamoDB. Without it, users are kept in memory.
    pub table: Option<String>,
    /// Whether `API_KEY_SECRET` names a secret with the key that callers must send.
    pub key_asked: bool,
}

/// The environment contradicts itself or this build.
#[derive(Clone, Copy, Debug, Error)]
pub enum SettingsError {
    /// Without AWS clients, users would silently be kept in memory, or nobody be asked for a key.
    #[error("{0} is set, but this build has no AWS clients: build it with `--features aws`")]
    NoClients(&'static str),
    /// Users that are kept for good are not for everyone to change.
    #[error("TABLE_NAME is set and API_KEY_SECRET is not: users in DynamoDB need a key")]
    NoKey,
}

impl Settings {
    /// Reads `TABLE_NAME` and `API_KEY_SECRET`; an empty variable is none.
    ///
    /// # Errors
    ///
    /// A sentence that says what does not fit.
    pub fn from_env() -> Result<Self, SettingsError> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::new(variable("TABLE_NAME"), variable("API_KEY_SECRET").is_some(), cfg!(feature = "aws"))
    }

    fn new(table: Option<String>, key_asked: bool, aws: bool) -> Result<Self, SettingsError> {
        match (&table, key_asked) {
            (Some(_), _) if !aws => Err(SettingsError::NoClients("TABLE_NAME")),
            (None, true) if !aws => Err(SettingsError::NoClients("API_KEY_SECRET")),
            (Some(_), false) => Err(SettingsError::NoKey),
            _ => Ok(Self { table, key_asked }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_set_means_memory_and_no_key() {
        let settings = Settings::new(None, false, false).expect("it fits");
        assert_eq!(settings, Settings { table: None, key_asked: false });
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
