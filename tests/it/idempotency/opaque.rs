//! What a client of AppSync and a model read of an error of `#[idempotent]`: what they can act on, and nothing else.

use pilaster::appsync::{Arguments, Resolvers};
use pilaster::channels::{Handlers, Payload};
use pilaster::observe::logging::CapturedLogs;
use pilaster::testing::{appsync, bedrock, channel_publish};
use pilaster::tools::{ToolError, Tools, tool};
use pilaster::{ErrorType, FunctionError, IntoService};

use super::*;

static ORDERS: LazyLock<Idempotency> = LazyLock::new(|| once(&MemoryStore::new()));

/// It leaves out the error that it holds, as `#[error(transparent)]` does.
#[derive(Debug, ErrorType)]
#[error_type("OwnError")]
struct OwnError(IdempotencyError);

impl std::fmt::Display for OwnError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for OwnError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0)
    }
}

impl From<IdempotencyError> for OwnError {
    fn from(error: IdempotencyError) -> Self {
        Self(error)
    }
}

/// A tool, a resolver and a handler of channels for each type of an error: with a store, and without.
macro_rules! ordered {
    ($($name:ident($error:ty, $order:literal);)*) => {$(
        mod $name {
            use super::*;

            /// Orders.
            #[tool(name = "stored")]
            #[idempotent(key = "order", payload = "amount", with = ORDERS, prefix = $order)]
            pub(super) async fn stored(order: u32, amount: u32) -> Result<u32, $error> {
                Ok(order + amount)
            }

            /// Orders.
            #[tool(name = "unset")]
            #[idempotent(key = "order")]
            pub(super) async fn unset(order: u32, amount: u32) -> Result<u32, $error> {
                Ok(order + amount)
            }

            pub(super) fn tools() -> Tools {
                Tools::new().add(stored::tool()).add(unset::tool())
            }
        }
    )*};
}

ordered! {
    function_error(FunctionError, "function");
    tool_error(ToolError, "tool");
    own_error(OwnError, "own");
    boxed(BoxError, "boxed");
}

const MISMATCH: &str = "the idempotency key was already used with a different payload";

/// Returns the state and the text that the model reads of the second of two orders, and the log.
async fn ordered(tools: Tools, name: &str) -> (String, String, String) {
    let captured = CapturedLogs::default();
    let caller = Caller::new(tools.for_bedrock()).with_logs(&captured);
    let mut last = (String::new(), String::new());
    for amount in ["1", "2"] {
        let event = bedrock::function(name).parameter("order", "integer", "7").parameter("amount", "integer", amount);
        let answer = caller.call(event).await.unwrap();
        let (state, text) = bedrock::result(&answer).unwrap();
        last = (state.unwrap_or("success").to_owned(), text.to_owned());
    }
    (last.0, last.1, captured.text())
}

#[tokio::test]
async fn a_model_reads_of_another_payload_and_not_of_a_mistake_in_the_set_up() {
    for tools in [function_error::tools(), tool_error::tools(), own_error::tools()] {
        let (state, text, log) = ordered(tools.clone(), "stored").await;
        assert_eq!((&*state, &*text), ("REPROMPT", MISMATCH));
        assert!(!log.contains("ERROR"), "{log}");
        let (state, text, log) = ordered(tools, "unset").await;
        assert_eq!(state, "FAILURE");
        assert!(text.starts_with("internal error"), "{text}");
        assert!(log.contains("ERROR") && log.contains("no global `Idempotency` is set"), "{log}");
    }
    for name in ["stored", "unset"] {
        let (state, text, _) = ordered(boxed::tools(), name).await;
        assert!(state == "FAILURE" && text.starts_with("internal error"), "{text}");
    }
}

/// A copy of the error of a tool has no source by which it is known.
#[tokio::test]
async fn a_copy_is_as_opaque_as_the_error() {
    /// Orders.
    #[tool(name = "unset")]
    async fn copied(order: u32, amount: u32) -> Result<u32, ToolError> {
        tool_error::unset(order, amount).await.map_err(|error| error.clone())
    }
    let (state, text, _) = ordered(copied::tool(), "unset").await;
    assert!(state == "FAILURE" && text.starts_with("internal error"), "{text}");
    let error = tool_error::unset(1, 1).await.unwrap_err();
    assert_eq!((error.error_type(), error.message()), ("InternalError", "internal error"));
    assert!(format!("{error:?}").contains("no global"), "{error:?}");
}

#[tokio::test]
async fn a_client_of_app_sync_reads_the_same() {
    async fn stored(Arguments(by): Arguments<Order>) -> Result<u32, FunctionError> {
        function_error::stored(70, by.amount).await
    }
    async fn unset(Arguments(by): Arguments<Order>) -> Result<u32, FunctionError> {
        function_error::unset(by.id as u32, by.amount).await
    }
    async fn publish_stored(Payload(by): Payload<Order>) -> Result<Option<u32>, FunctionError> {
        function_error::stored(80, by.amount).await.map(Some)
    }
    async fn publish_unset(Payload(by): Payload<Order>) -> Result<Option<u32>, FunctionError> {
        function_error::unset(by.id as u32, by.amount).await.map(Some)
    }
    async fn last(function: impl IntoService, events: [Value; 2]) -> String {
        let caller = Caller::new(function);
        let mut last = String::new();
        for event in events {
            last = match caller.call(event).await {
                Ok(answer) => answer.to_string(),
                Err(error) => error.to_string(),
            };
        }
        last
    }
    let resolvers = || Resolvers::new().field("Mutation", "stored", stored).field("Mutation", "unset", unset);
    let handlers = || Handlers::new().publish("/stored", publish_stored).publish("/unset", publish_unset);
    let order = |amount: u32| json!({ "id": 7, "amount": amount });
    let field = |name: &str| [1, 2].map(|amount| appsync("Mutation", name).arguments(order(amount)).into());
    let channel = |path: &str| [1, 2].map(|amount| channel_publish(path).with(order(amount)).into());
    for said in [last(resolvers(), field("stored")).await, last(handlers(), channel("/stored")).await] {
        assert!(said.contains(MISMATCH), "{said}");
    }
    for said in [last(resolvers(), field("unset")).await, last(handlers(), channel("/unset")).await] {
        assert!(said.contains("internal error") && !said.contains("global"), "{said}");
    }
}
