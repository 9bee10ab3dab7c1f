//! [`Message`]: one message of JSON-RPC 2.0, borrowed from the body.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::error::RpcError;
use crate::core::json::is_object;
use crate::core::json::members::{each_member, member};

/// The longest id of a request, in bytes of JSON: it is part of the answer.
const LONGEST_ID: usize = 1024;

/// A request, a notification or a response.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    /// A text or a number, as the client wrote it.
    pub(super) id: Option<&'a RawValue>,
    /// `None` in a response, which no request of this server asked for.
    pub(super) method: Option<Cow<'a, str>>,
    pub(super) params: Option<&'a RawValue>,
}

/// A body that is not a message, and the id if there is one.
#[derive(Debug)]
pub(super) struct Unreadable<'a> {
    pub(super) id: Option<&'a RawValue>,
    pub(super) error: RpcError,
}

impl<'a> Message<'a> {
    /// Reads a message.
    ///
    /// # Errors
    ///
    /// It is not JSON, or not one message.
    pub(super) fn parse(body: &'a str) -> Result<Self, Unreadable<'a>> {
        let unreadable = |error| Unreadable { id: None, error };
        if !is_object(body) {
            let error = match serde_json::from_str::<IgnoredAny>(body) {
                Err(_) => RpcError::not_json(),
                Ok(_) if body.trim_start().starts_with('[') => {
                    RpcError::invalid_request("a batch of messages is not supported: send one message")
                }
                Ok(_) => RpcError::invalid_request("the body must be a JSON object"),
            };
            return Err(unreadable(error));
        }
        let (mut id, mut method, mut params, mut version) = (None, None, None, None);
        let (mut is_response, mut is_error) = (false, false);
        let mut is_twice = false;
        let mut set = |slot: &mut Option<&'a RawValue>, value| is_twice |= slot.replace(value).is_some();
        let read = each_member(body, |name, value| match &*name {
            "jsonrpc" => set(&mut version, value),
            "id" => set(&mut id, value),
            "method" => set(&mut method, value),
            "params" => set(&mut params, value),
            "result" => is_response = true,
            "error" => (is_response, is_error) = (true, true),
            _ => {}
        });
        if read.is_err() {
            return Err(unreadable(RpcError::not_json()));
        }
        // The error of a request whose id could not be read has the id `null`.
        let is_nameless = is_error && method.is_none() && id.is_some_and(|id: &RawValue| id.get() == "null");
        let has_id = id.is_some() && !is_nameless;
        let id = id.filter(|id| is_id(id));
        let invalid = |message| Err(Unreadable { id, error: RpcError::invalid_request(message) });
        if is_twice {
            return invalid("a member of the message occurs twice");
        }
        if version.is_none_or(|version| version.get() != r#""2.0""#) {
            return invalid("`jsonrpc` must be \"2.0\"");
        }
        if has_id && id.is_none() {
            return invalid("`id` must be a text or a number of at most 1024 bytes");
        }
        let method = match method.map(text) {
            Some(Some(method)) => Some(method),
            None if is_response => None,
            None => return invalid("`method` is missing"),
            Some(None) => return invalid("`method` must be a text"),
        };
        if params.is_some_and(|params| !is_object(params.get())) {
            return invalid("`params` must be an object");
        }
        Ok(Self { id, method, params })
    }
}

/// Returns `true` for a text or a number, which an answer repeats.
fn is_id(id: &RawValue) -> bool {
    let starts = id.get().starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit());
    starts && id.get().len() <= LONGEST_ID && (!id.get().starts_with('"') || text(id).is_some())
}

/// Returns a text, borrowed unless it has an escape; `None` for any other value.
pub(super) fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let plain = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if plain.contains('\\') { serde_json::from_str(value.get()).ok().map(Cow::Owned) } else { Some(plain.into()) }
}

/// The members of `params` that the methods read.
#[derive(Debug, Default)]
pub(super) struct Params<'a> {
    pub(super) meta: Meta<'a>,
    pub(super) name: Option<&'a RawValue>,
    pub(super) arguments: Option<&'a RawValue>,
    pub(super) cursor: Option<&'a RawValue>,
    /// That of `initialize`.
    pub(super) protocol_version: Option<&'a RawValue>,
    pub(super) client_info: Option<&'a RawValue>,
}

/// The members of `_meta` that MCP reserves.
#[derive(Debug, Default)]
pub(super) struct Meta<'a> {
    protocol_version: Option<&'a RawValue>,
    client_capabilities: Option<&'a RawValue>,
    pub(super) client_info: Option<&'a RawValue>,
}

impl<'a> Params<'a> {
    /// Reads parameters.
    ///
    /// # Errors
    ///
    /// A member occurs twice, or `_meta` is not an object.
    pub(super) fn parse(params: Option<&'a RawValue>) -> Result<Self, RpcError> {
        let mut read = Self::default();
        let Some(params) = params else { return Ok(read) };
        let (mut meta, mut is_twice) = (None, false);
        let mut set = |slot: &mut Option<&'a RawValue>, value| is_twice |= slot.replace(value).is_some();
        let each = each_member(params.get(), |name, value| match &*name {
            "_meta" => set(&mut meta, value),
            "name" => set(&mut read.name, value),
            "arguments" => set(&mut read.arguments, value),
            "cursor" => set(&mut read.cursor, value),
            "protocolVersion" => set(&mut read.protocol_version, value),
            "clientInfo" => set(&mut read.client_info, value),
            _ => {}
        });
        if each.is_err() || is_twice {
            return Err(RpcError::invalid_meta("a member of `params` occurs twice, or its name is not valid"));
        }
        if let Some(meta) = meta {
            read.meta = Meta::parse(meta)?;
        }
        Ok(read)
    }
}

impl<'a> Meta<'a> {
    fn parse(meta: &'a RawValue) -> Result<Self, RpcError> {
        let mut read = Self::default();
        let mut is_twice = false;
        let mut set = |slot: &mut Option<&'a RawValue>, value| is_twice |= slot.replace(value).is_some();
        let each = each_member(meta.get(), |name, value| match name.strip_prefix("io.modelcontextprotocol/") {
            Some("protocolVersion") => set(&mut read.protocol_version, value),
            Some("clientCapabilities") => set(&mut read.client_capabilities, value),
            Some("clientInfo") => set(&mut read.client_info, value),
            _ => {}
        });
        if each.is_err() || is_twice {
            return Err(RpcError::invalid_meta("`_meta` must be an object without a member that occurs twice"));
        }
        Ok(read)
    }

    /// Returns the version; `None` without one.
    pub(super) fn protocol_version(&self) -> Result<Option<Cow<'a, str>>, RpcError> {
        let Some(version) = self.protocol_version else { return Ok(None) };
        let not_text = || RpcError::invalid_meta("`io.modelcontextprotocol/protocolVersion` must be a text");
        text(version).ok_or_else(not_text).map(Some)
    }

    /// Returns `true` if the client states this capability with the request.
    pub(super) fn has_capability(&self, name: &str) -> bool {
        let value = self.client_capabilities.and_then(|capabilities| member(capabilities.get(), name));
        value.is_some_and(|value| is_object(value.get()))
    }

    pub(super) fn check_capabilities(&self) -> Result<(), RpcError> {
        match self.client_capabilities {
            Some(capabilities) if is_object(capabilities.get()) => Ok(()),
            _ => Err(RpcError::invalid_meta("`_meta` needs the object `io.modelcontextprotocol/clientCapabilities`")),
        }
    }
}
