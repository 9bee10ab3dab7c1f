//! Messages of clients of an MCP server, and what they read from its answers
//! (<https://modelcontextprotocol.io/specification/2026-07-28>).
//!
//! A message is one of the revision 2026-07-28, with the headers and the `_meta` that it requires; by
//! [`revision`](Message::revision) it is one of an older client. [`Caller::send`](super::Caller::send) takes it, or the
//! [request](Message::request) that it becomes.
//!
//! # Example
//!
//! ```
//! use pilaster::tools::{Tools, tool};
//! use pilaster::testing::{Caller, mcp};
//! use pilaster::{http, mcp::Server};
//! use serde_json::json;
//!
//! /// Doubles a number.
//! #[tool]
//! async fn double(number: i64) -> i64 {
//!     number.saturating_mul(2)
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let caller = Caller::new(http::service(Server::new(Tools::new().add(double::tool()))));
//! for revision in ["2026-07-28", "2025-11-25"] {
//!     let answer = caller.send(mcp::call("double").argument("number", 21).revision(revision)).await?;
//!     assert_eq!(mcp::result(&answer).unwrap()["structuredContent"], json!({ "result": 42 }));
//! }
//!
//! let answer = caller.send(mcp::call("double").argument("number", "x")).await?;
//! let message = "/number: expected an integer, got a string".to_owned();
//! assert_eq!(mcp::text(&answer), Some((true, message)));
//!
//! let foreign = mcp::call("double").request().header("origin", "https://evil.example");
//! assert_eq!(caller.send(foreign).await?.status(), 403);
//! # Ok::<(), pilaster::BoxError>(())
//! # })?;
//! # Ok::<(), pilaster::BoxError>(())
//! ```
//!
//! # Arguments with headers
//!
//! Clients of 2026-07-28 repeat an argument under `#[schemars(extend("x-mcp-header" = "Region"))]` in the header
//! `Mcp-Param-Region`. A message does not know the schema of the tool, so the test adds the header:
//!
//! ```
//! use pilaster::tools::{Input, Tool, Tools};
//! use pilaster::testing::{Caller, mcp};
//! use pilaster::{http, mcp::Server};
//!
//! /// The stock of a region.
//! #[derive(serde::Deserialize, schemars::JsonSchema, Tool)]
//! struct Stock {
//!     #[schemars(extend("x-mcp-header" = "Region"))]
//!     region: String,
//! }
//!
//! async fn stock(Input(stock): Input<Stock>) -> String {
//!     format!("no stock in {}", stock.region)
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let caller = Caller::new(http::service(Server::new(Tools::new().add(stock))));
//! let call = || mcp::call("stock").argument("region", "eu").request();
//! let answer = caller.send(call().header("mcp-param-region", "eu")).await?;
//! assert_eq!(mcp::text(&answer), Some((false, "no stock in eu".to_owned())));
//!
//! let refused = caller.send(call()).await?;
//! assert_eq!(mcp::error(&refused).map(|(code, _)| code), Some(-32020));
//! # Ok::<(), pilaster::BoxError>(())
//! # })?;
//! # Ok::<(), pilaster::BoxError>(())
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::http::{Request, TestResponse, post};

/// The current revision, which has no handshake.
const CURRENT: &str = "2026-07-28";

/// The revision of which [`initialize`] is a message.
const WITH_HANDSHAKE: &str = "2025-11-25";

/// The first revision, whose messages have no header.
const WITHOUT_HEADER: &str = "2025-03-26";

/// Builds a `tools/call`.
pub fn call(tool: impl Into<String>) -> Message {
    message("tools/call", json!({ "name": tool.into() }))
}

/// Builds a `tools/list`.
pub fn list() -> Message {
    message("tools/list", json!({}))
}

/// Builds a `server/discover`, the first message of a client of 2026-07-28.
pub fn discover() -> Message {
    message("server/discover", json!({}))
}

/// Builds an `initialize`, the first message of a client of 2025-11-25 or, by [`Message::revision`], of an older one.
pub fn initialize() -> Message {
    message("initialize", json!({ "capabilities": {} })).revision(WITH_HANDSHAKE)
}

/// Builds the message of another method, such as `resources/read`. Null is no parameters.
///
/// # Panics
///
/// If the parameters are another value than an object or null.
pub fn message(method: impl Into<String>, params: Value) -> Message {
    let params = match params {
        Value::Object(params) => params,
        Value::Null => Map::new(),
        _ => panic!("the parameters of a message must be an object"),
    };
    Message {
        path: "/mcp".to_owned(),
        revision: CURRENT.to_owned(),
        id: Some(1.into()),
        method: method.into(),
        params,
        client: ("tests".to_owned(), "1".to_owned()),
        capabilities: Map::new(),
    }
}

/// A message to an MCP server. See the [module docs](self).
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a message does nothing until `Caller::send` gets it"]
pub struct Message {
    path: String,
    revision: String,
    id: Option<Value>,
    method: String,
    params: Map<String, Value>,
    client: (String, String),
    capabilities: Map<String, Value>,
}

impl Message {
    /// Adds an argument of a call.
    ///
    /// # Panics
    ///
    /// If the value cannot be serialized as JSON, or [`arguments`](Self::arguments) has set another value than an object.
    pub fn argument(mut self, name: &str, value: impl Serialize) -> Self {
        let value = match serde_json::to_value(value) {
            Ok(value) => value,
            Err(error) => panic!("the argument `{name}` cannot be serialized as JSON: {error}"),
        };
        let arguments = self.params.entry("arguments").or_insert_with(|| json!({}));
        match arguments.as_object_mut() {
            Some(arguments) => arguments.insert(name.to_owned(), value),
            None => panic!("the argument `{name}` cannot be added: the arguments of the call are not an object"),
        };
        self
    }

    /// Sets all arguments of a call, also to a value that no server accepts.
    pub fn arguments(self, arguments: Value) -> Self {
        self.param("arguments", arguments)
    }

    /// Continues a list: the `nextCursor` of its last page.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.param("cursor", cursor.into().into())
    }

    /// Sets the revision of the client: `2026-07-28` by default, and `2025-11-25` for [`initialize`].
    pub fn revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = revision.into();
        self
    }

    /// Sets the id, a text or a number; 1 by default. Without one, the message is a notification.
    pub fn id(mut self, id: impl Into<Option<Value>>) -> Self {
        self.id = id.into();
        self
    }

    /// Sets the path of the server; `/mcp` by default.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets the name and the version of the client; `tests` and `1` by default.
    pub fn client(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.client = (name.into(), version.into());
        self
    }

    /// States a capability of the client, such as `sampling`.
    pub fn capability(mut self, name: impl Into<String>) -> Self {
        self.capabilities.insert(name.into(), json!({}));
        self
    }

    fn param(mut self, name: &str, value: Value) -> Self {
        self.params.insert(name.to_owned(), value);
        self
    }

    /// Returns the body.
    pub fn body(&self) -> Value {
        let mut params = self.params.clone();
        let client = json!({ "name": self.client.0, "version": self.client.1 });
        if self.is_current() {
            let meta = json!({
                "io.modelcontextprotocol/protocolVersion": self.revision,
                "io.modelcontextprotocol/clientCapabilities": self.capabilities,
                "io.modelcontextprotocol/clientInfo": client,
            });
            params.insert("_meta".to_owned(), meta);
        } else if self.method == "initialize" {
            let own = [
                ("protocolVersion", self.revision.clone().into()),
                ("capabilities", self.capabilities.clone().into()),
                ("clientInfo", client),
            ];
            params.extend(own.map(|(name, value)| (name.to_owned(), value)));
        }
        let mut body = json!({ "jsonrpc": "2.0", "method": self.method, "params": params });
        if let Some(id) = &self.id {
            body["id"] = id.clone();
        }
        body
    }

    /// Returns the request, to which headers such as `Origin` and tokens can be added.
    pub fn request(&self) -> Request {
        let request = post(&self.path).header("accept", "application/json, text/event-stream").json(self.body());
        if self.is_current() {
            let request = request.header("mcp-protocol-version", &self.revision).header("mcp-method", &self.method);
            return match self.params.get("name").or_else(|| self.params.get("uri")).and_then(Value::as_str) {
                Some(name) => request.header("mcp-name", header_text(name)),
                None => request,
            };
        }
        // The revision is what `initialize` agrees on, so its own request has no header.
        match self.method == "initialize" || self.revision == WITHOUT_HEADER {
            true => request,
            false => request.header("mcp-protocol-version", &self.revision),
        }
    }

    /// Revisions are dates, whose order is that of their texts.
    fn is_current(&self) -> bool {
        &*self.revision >= CURRENT
    }
}

/// Returns a text as a header has it: in base64, unless all of it may stand there.
fn header_text(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && text.trim() == text;
    if is_plain && !text.starts_with("=?base64?") {
        text.to_owned()
    } else {
        format!("=?base64?{}?=", STANDARD.encode(text))
    }
}

impl From<Message> for Request {
    fn from(message: Message) -> Self {
        message.request()
    }
}

/// Returns the member of a JSON-RPC answer.
fn member(response: &TestResponse, name: &str) -> Option<Value> {
    response.json::<Value>().ok()?.get_mut(name).map(Value::take)
}

/// Returns the result of an answer; `None` for an error, or another response.
pub fn result(response: &TestResponse) -> Option<Value> {
    member(response, "result")
}

/// Returns the code and the message of an error of JSON-RPC, such as -32602; `None` for a result, or another response.
pub fn error(response: &TestResponse) -> Option<(i64, String)> {
    let error = member(response, "error")?;
    Some((error["code"].as_i64()?, error["message"].as_str()?.to_owned()))
}

/// Returns `isError` and the first text of the result of a call; `None` for another answer.
pub fn text(response: &TestResponse) -> Option<(bool, String)> {
    let result = result(response)?;
    let text = result["content"].as_array()?.iter().find_map(|block| block["text"].as_str())?;
    Some((result["isError"] == true, text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the headers of the protocol and the body.
    fn sent(message: &Message) -> (Vec<(String, String)>, Value) {
        let event = message.request().into_event().unwrap();
        let headers = event["headers"].as_object().unwrap().iter();
        let headers = headers.filter(|(name, _)| name.starts_with("mcp-"));
        let mut headers: Vec<_> =
            headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        headers.sort();
        (headers, serde_json::from_str(event["body"].as_str().unwrap()).unwrap())
    }

    #[test]
    fn each_revision_has_its_headers_and_its_parameters() {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": { "sampling": {} },
            "io.modelcontextprotocol/clientInfo": { "name": "tests", "version": "1" },
        });
        let own = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
        };
        let message = call("größe").argument("a", 1).argument("b", "x").capability("sampling");
        let (headers, body) = sent(&message);
        assert_eq!(
            headers,
            own(&[
                ("mcp-method", "tools/call"),
                ("mcp-name", "=?base64?Z3LDtsOfZQ==?="),
                ("mcp-protocol-version", "2026-07-28")
            ])
        );
        let params = json!({ "name": "größe", "arguments": { "a": 1, "b": "x" }, "_meta": meta });
        assert_eq!(body, json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }));

        let (headers, body) = sent(&list().cursor("c").revision("2025-06-18").id(json!("a")));
        assert_eq!(headers, own(&[("mcp-protocol-version", "2025-06-18")]));
        assert_eq!(body, json!({ "jsonrpc": "2.0", "id": "a", "method": "tools/list", "params": { "cursor": "c" } }));

        let (headers, body) = sent(&initialize().client("one", "2"));
        let info = json!({ "name": "one", "version": "2" });
        assert!(headers.is_empty());
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
        assert_eq!(body["params"], params);
        assert!(sent(&list().revision("2025-03-26")).0.is_empty());
        assert!(sent(&message_of_a_notification()).1.get("id").is_none());
    }

    #[test]
    #[should_panic(expected = "the argument `a` cannot be serialized as JSON: key must be a string")]
    fn an_argument_that_is_not_json_panics() {
        let _ = call("ask").argument("a", std::collections::BTreeMap::from([([1], 2)]));
    }

    #[test]
    #[should_panic(expected = "the argument `a` cannot be added: the arguments of the call are not an object")]
    fn an_argument_beside_a_list_of_arguments_panics() {
        let _ = call("ask").arguments(json!([1])).argument("a", 1);
    }

    #[test]
    #[should_panic(expected = "the parameters of a message must be an object")]
    fn parameters_that_are_a_list_panic() {
        let _ = message("resources/read", json!([1]));
    }

    fn message_of_a_notification() -> Message {
        message("notifications/initialized", json!({})).id(None).revision("2025-11-25")
    }

    #[tokio::test]
    async fn a_server_takes_each_of_them_and_its_answers_are_read() {
        /// Asks.
        #[derive(serde::Deserialize, schemars::JsonSchema)]
        struct Ask {
            how: String,
        }
        impl crate::tools::Tool for Ask {
            const DEFINITION: crate::tools::Definition = crate::tools::Definition::new("ask", "Asks.");
        }
        async fn ask(crate::tools::Input(Ask { how }): crate::tools::Input<Ask>) -> String {
            how
        }
        let server = crate::mcp::Server::new(crate::tools::Tools::new().add(ask));
        let caller = crate::testing::Caller::new(crate::http::service(server));
        for revision in ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"] {
            let answer = caller.send(call("ask").arguments(json!({ "how": "hi" })).revision(revision)).await.unwrap();
            assert_eq!(text(&answer), Some((false, "hi".to_owned())), "{revision}");
            let listed = caller.send(list().revision(revision)).await.unwrap();
            assert_eq!(result(&listed).unwrap()["tools"][0]["name"], "ask", "{revision}");
            assert_eq!((text(&listed), error(&listed)), (None, None), "{revision}");
            let wrong = caller.send(call("ask").revision(revision)).await.unwrap();
            assert_eq!(text(&wrong), Some((true, "/how: is missing".to_owned())), "{revision}");
            let unknown = caller.send(call("größe").revision(revision)).await.unwrap();
            assert_eq!(error(&unknown).unwrap().0, -32602, "{revision}");
            assert_eq!((text(&unknown), result(&unknown)), (None, None), "{revision}");
        }
        let found = caller.send(discover()).await.unwrap();
        assert_eq!(result(&found).unwrap()["supportedVersions"][0], "2026-07-28");
        let begun = caller.send(initialize()).await.unwrap();
        assert_eq!(result(&begun).unwrap()["protocolVersion"], "2025-11-25");
        assert_eq!(caller.send(message_of_a_notification()).await.unwrap().status(), 202);
    }
}
