//! [`Session`]: what an agent remembers between the turns of a conversation, as an argument of a tool.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// The session of a Bedrock agent: its attributes, which the tool can change, and the text of the user. Where there is
/// none, as in AgentCore and MCP, it is empty, and changes have no effect.
///
/// *Session attributes* last as long as the session, *prompt attributes* for one turn; all are text. Attributes that no
/// tool touches stay as they are, and are not sent back. Changes are sent back unless the tool fails with an error
/// that the model does not read. Clones share the attributes.
///
/// [`input_text`](Self::input_text) is what the user wrote: it is private, and it may try to give the model instructions.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::tools::{Input, Session, Tool};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// /// Remembers the city of the user.
/// #[derive(Deserialize, JsonSchema, Tool)]
/// struct Remember {
///     city: String,
/// }
///
/// async fn remember(session: Session, Input(ask): Input<Remember>) -> Result<String, BoxError> {
///     session.set_attribute("city", &ask.city);
///     Ok(format!("{} attributes", session.attributes().len()))
/// }
/// # let _ = pilaster::tools::Tools::new().add(remember);
/// ```
#[derive(Clone, Default)]
pub struct Session(Arc<Inner>);

#[derive(Default)]
struct Inner {
    id: Option<String>,
    input_text: Option<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    session: Attributes,
    prompt: Attributes,
    knowledge_bases: Option<Value>,
}

#[derive(Default)]
struct Attributes {
    values: BTreeMap<String, String>,
    is_changed: bool,
}

/// What a session has to send back: only what was changed.
#[derive(Debug, Default, PartialEq)]
#[cfg_attr(not(feature = "bedrock"), allow(dead_code))]
pub(crate) struct Changes {
    pub(crate) session: Option<BTreeMap<String, String>>,
    pub(crate) prompt: Option<BTreeMap<String, String>>,
    pub(crate) knowledge_bases: Option<Value>,
}

impl Attributes {
    fn set(&mut self, name: String, value: String) {
        self.is_changed |= self.values.get(&name) != Some(&value);
        self.values.insert(name, value);
    }

    fn remove(&mut self, name: &str) -> Option<String> {
        let removed = self.values.remove(name);
        self.is_changed |= removed.is_some();
        removed
    }

    fn clear(&mut self) {
        self.is_changed |= !self.values.is_empty();
        self.values.clear();
    }

    #[cfg_attr(not(feature = "bedrock"), allow(dead_code))]
    fn changed(&self) -> Option<BTreeMap<String, String>> {
        self.is_changed.then(|| self.values.clone())
    }
}

impl Session {
    #[cfg_attr(not(feature = "bedrock"), allow(dead_code))]
    pub(crate) fn new(
        id: Option<String>,
        input_text: Option<String>,
        session: BTreeMap<String, String>,
        prompt: BTreeMap<String, String>,
    ) -> Self {
        let unchanged = |values| Attributes { values, is_changed: false };
        let state = State { session: unchanged(session), prompt: unchanged(prompt), knowledge_bases: None };
        Self(Arc::new(Inner { id, input_text, state: Mutex::new(state) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what the tool has changed.
    #[cfg_attr(not(feature = "bedrock"), allow(dead_code))]
    pub(crate) fn changes(&self) -> Changes {
        let state = self.state();
        Changes {
            session: state.session.changed(),
            prompt: state.prompt.changed(),
            knowledge_bases: state.knowledge_bases.clone(),
        }
    }

    /// Returns the id of the session.
    pub fn id(&self) -> Option<&str> {
        self.0.id.as_deref()
    }

    /// Returns what the user wrote in this turn. It is private and untrusted: do not log it.
    pub fn input_text(&self) -> Option<&str> {
        self.0.input_text.as_deref()
    }

    /// Returns a session attribute.
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.state().session.values.get(name).cloned()
    }

    /// Returns all session attributes.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        self.state().session.values.clone()
    }

    /// Sets a session attribute.
    pub fn set_attribute(&self, name: impl Into<String>, value: impl Into<String>) {
        self.state().session.set(name.into(), value.into());
    }

    /// Removes a session attribute, and returns it.
    pub fn remove_attribute(&self, name: &str) -> Option<String> {
        self.state().session.remove(name)
    }

    /// Removes all session attributes.
    pub fn clear_attributes(&self) {
        self.state().session.clear();
    }

    /// Returns a prompt attribute.
    pub fn prompt_attribute(&self, name: &str) -> Option<String> {
        self.state().prompt.values.get(name).cloned()
    }

    /// Returns all prompt attributes.
    pub fn prompt_attributes(&self) -> BTreeMap<String, String> {
        self.state().prompt.values.clone()
    }

    /// Sets a prompt attribute.
    pub fn set_prompt_attribute(&self, name: impl Into<String>, value: impl Into<String>) {
        self.state().prompt.set(name.into(), value.into());
    }

    /// Removes a prompt attribute, and returns it.
    pub fn remove_prompt_attribute(&self, name: &str) -> Option<String> {
        self.state().prompt.remove(name)
    }

    /// Removes all prompt attributes.
    pub fn clear_prompt_attributes(&self) {
        self.state().prompt.clear();
    }

    /// Sets `knowledgeBasesConfiguration`, a list that sets how the agent queries its knowledge bases
    /// (<https://docs.aws.amazon.com/bedrock/latest/userguide/agents-lambda.html>).
    pub fn set_knowledge_bases(&self, configuration: Value) {
        self.state().knowledge_bases = Some(configuration);
    }
}

/// Attributes and the text of the user may be personal, and are not shown.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_untouched_set_or_cleared() {
        let sent = || BTreeMap::from([("a".to_owned(), "1".to_owned())]);
        let session = || Session::new(None, Some("hunter2".into()), sent(), sent());
        let untouched = session();
        assert_eq!(untouched.attribute("a").as_deref(), Some("1"));
        assert_eq!(untouched.changes(), Changes::default());

        let set = session();
        set.set_attribute("b", "2");
        let expected = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        assert_eq!(set.clone().changes(), Changes { session: Some(expected), ..Changes::default() });

        let cleared = session();
        cleared.clear_prompt_attributes();
        assert_eq!(cleared.changes(), Changes { prompt: Some(BTreeMap::new()), ..Changes::default() });
        assert!(!format!("{cleared:?}").contains("hunter2"));
    }

    #[test]
    fn what_leaves_an_attribute_as_it_is_is_not_a_change() {
        let session = Session::new(None, None, BTreeMap::from([("a".to_owned(), "1".to_owned())]), BTreeMap::new());
        assert_eq!(session.remove_attribute("absent"), None);
        session.set_attribute("a", "1");
        assert_eq!(session.remove_prompt_attribute("a"), None);
        session.clear_prompt_attributes();
        assert_eq!(session.changes(), Changes::default());
        assert_eq!(session.remove_attribute("a").as_deref(), Some("1"));
        assert_eq!(session.changes(), Changes { session: Some(BTreeMap::new()), ..Changes::default() });
    }
}
