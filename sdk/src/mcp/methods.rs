//! The methods of the protocol: `server/discover`, `tools/list`, `tools/call`; of older clients `initialize` and `ping`.

use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;
use serde_json::value::RawValue;

use super::encode::{Answer, Form};
use super::era::Era;
use super::error::RpcError;
use super::limited;
use super::message::{Params, text};
use super::mirrored::{check_argument, check_method, check_name};
use super::revision::{self, LEGACY, legacy};
use super::settings::Settings;
use crate::core::invocation::Invocation;
use crate::core::raw::RawEvent;
use crate::tools::call::log_unknown;
use crate::tools::{Arguments, CallContext, Caller, McpClient, Outcome};

/// The largest integer of JavaScript that is exact.
const LONGEST_TTL: u128 = (1 << 53) - 1;

/// A request of a client.
pub(super) struct Request<'a> {
    pub(super) parts: Arc<Parts>,
    /// The body, with which the arguments are shared.
    pub(super) body: &'a RawEvent,
    pub(super) id: &'a RawValue,
    pub(super) method: &'a str,
    pub(super) params: Params<'a>,
}

/// The text of an answer to a request.
pub(super) struct Answered {
    pub(super) text: Vec<u8>,
    /// The tool failed, so the call may run again.
    pub(super) has_failed: bool,
}

impl From<Vec<u8>> for Answered {
    fn from(text: Vec<u8>) -> Self {
        Self { text, has_failed: false }
    }
}

/// The reason why a request has no result.
pub(super) enum Refused {
    Error(RpcError),
    /// The token lacks the scopes of the tool.
    #[cfg(feature = "jwt")]
    Scopes(Vec<String>),
}

impl From<RpcError> for Refused {
    fn from(error: RpcError) -> Self {
        Self::Error(error)
    }
}

impl Settings {
    /// Returns the answer to a request.
    pub(super) async fn answer(&self, request: Request<'_>) -> Result<Answered, Refused> {
        let headers = &request.parts.headers;
        let era = Era::of(headers, &request.params.meta)?;
        // Also of older clients, which need not send it: a proxy may have decided by it.
        check_method(headers, era, request.method)?;
        match (request.method, era.is_legacy()) {
            ("tools/call", _) => self.call(request, era).await,
            ("tools/list", _) => Ok(self.list(&request, era)?.into()),
            ("server/discover", false) => Ok(self.discover(&request, era).into()),
            ("initialize", true) => Ok(self.initialize(&request).into()),
            ("ping", true) => Ok(Answer::result(request.id, |_| {}).into()),
            (_, is_legacy) => Err(RpcError::unknown_method(is_legacy).into()),
        }
    }

    fn discover(&self, request: &Request<'_>, era: Era) -> Vec<u8> {
        Answer::result(request.id, |answer| {
            answer.raw(r#""supportedVersions":"#).raw(&revision::all()).raw(r#","capabilities":{"tools":{}}"#);
            self.instructions(answer);
            self.cached(answer);
            self.completed(answer, era);
        })
    }

    fn initialize(&self, request: &Request<'_>) -> Vec<u8> {
        let asked = request.params.protocol_version.and_then(text);
        let version = asked.as_deref().and_then(legacy).unwrap_or(LEGACY[0]);
        Answer::result(request.id, |answer| {
            answer.raw(r#""protocolVersion":"#).text(version).raw(r#","capabilities":{"tools":{}}"#);
            answer.raw(r#","serverInfo":"#).raw(&self.info);
            self.instructions(answer);
        })
    }

    fn list(&self, request: &Request<'_>, era: Era) -> Result<Vec<u8>, RpcError> {
        let unknown = || RpcError::invalid_params("the cursor is not valid: begin again without one");
        let cursor = match request.params.cursor.filter(|cursor| cursor.get() != "null") {
            Some(cursor) => text(cursor).ok_or_else(unknown)?,
            None => "".into(),
        };
        let page = self.listing.page(&cursor, self.page_size).ok_or_else(unknown)?;
        let answer = Answer::result(request.id, |answer| {
            answer.raw(r#""tools":["#).raw(&page.tools.join(",")).raw("]");
            if let Some(next) = &page.next {
                answer.raw(r#","nextCursor":"#).text(next);
            }
            if !era.is_legacy() {
                self.cached(answer);
            }
            self.completed(answer, era);
        });
        let limit = request.parts.extensions.get::<Invocation>().and_then(Invocation::response_limit);
        if let Some((length, limit)) = limited::exceeded(&answer, limit) {
            tracing::error!(length, limit, "the list of tools is too large: set a smaller `page_size`");
            return Err(RpcError::internal(StatusCode::OK, "the list of tools is too large"));
        }
        Ok(answer)
    }

    async fn call(&self, request: Request<'_>, era: Era) -> Result<Answered, Refused> {
        let Request { parts, body, id, params, .. } = request;
        let missing = || RpcError::invalid_params("`params.name` must be the name of a tool");
        let name = params.name.and_then(text).ok_or_else(missing)?;
        check_name(&parts.headers, era, &name)?;
        let unknown = || {
            log_unknown(&name);
            RpcError::invalid_params("the server does not have this tool: `tools/list` names them")
        };
        let (tool, rules) = self.listing.rules(&name).ok_or_else(unknown)?;
        let mut mirrored = rules.mirrored.iter();
        mirrored.try_for_each(|argument| check_argument(&parts.headers, era, argument, params.arguments))?;
        let lacks = |name: &String| era.is_legacy() || !params.meta.has_capability(name);
        if let Some(needed) = self.capabilities.get(tool.name()).filter(|names| names.iter().any(lacks)) {
            return Err(RpcError::missing_capabilities(needed).into());
        }
        #[cfg(feature = "jwt")]
        self.check_scopes(tool.name(), &parts.extensions).map_err(Refused::Scopes)?;
        let arguments = params.arguments.map_or_else(Arguments::default, |text| body.part(text.get()).into());
        let info = params.meta.client_info.map(|info| body.part(info.get()));
        let invocation = parts.extensions.get::<Invocation>().cloned();
        let invocation = invocation.unwrap_or_else(|| Invocation::new(Default::default()));
        let limit = invocation.response_limit();
        let client = McpClient { info, version: era.version(), parts };
        let context = CallContext::new(invocation).with_caller(Caller::Mcp(client)).with_margin(self.margin);
        match self.listing.tools().call(tool.name(), arguments, context).await {
            Outcome::UnknownTool => Err(unknown().into()),
            outcome => {
                let form = Form { is_wrapped: rules.is_wrapped, has_links: era.has_links() };
                let text = limited::answer(tool.name(), (&outcome, form), limit, |write| {
                    Answer::result(id, |answer| {
                        write(answer);
                        self.completed(answer, era);
                    })
                });
                Ok(Answered { text, has_failed: !outcome.is_success() })
            }
        }
    }

    /// Adds what each result of the current revision has.
    fn completed(&self, answer: &mut Answer, era: Era) {
        if !era.is_legacy() {
            answer.raw(r#","resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":"#);
            answer.raw(&self.info).raw("}");
        }
    }

    fn instructions(&self, answer: &mut Answer) {
        if let Some(instructions) = &self.instructions {
            answer.raw(r#","instructions":"#).text(instructions);
        }
    }

    fn cached(&self, answer: &mut Answer) {
        let time = self.ttl.as_millis().min(LONGEST_TTL);
        answer.raw(r#","ttlMs":"#).raw(&time.to_string());
        answer.raw(r#","cacheScope":"#).text(self.scope.name());
    }
}
