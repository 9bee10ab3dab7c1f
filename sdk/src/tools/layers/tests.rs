//! Layers of a registry: their order, what they see, and what becomes of their errors.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_runtime::Context;
use serde_json::{Value, json};
use tower::Layer;
use tower::layer::layer_fn;
use tower::util::BoxCloneSyncService;

use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::core::layer_mistakes::reject;
use crate::tools::{Call, CallContext, Definition, Input, Next, Outcome, Tool, ToolError, Tools, from_fn};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Ask {
    how: String,
}

impl Tool for Ask {
    const DEFINITION: Definition = Definition::new("ask", "Asks.");
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Other {}

impl Tool for Other {
    const DEFINITION: Definition = Definition::new("other", "Another one.");
}

async fn ask(Input(Ask { how }): Input<Ask>) -> String {
    how
}

async fn other(Input(Other {}): Input<Other>) -> String {
    "other".to_owned()
}

type Service = BoxCloneSyncService<Call, Outcome, BoxError>;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// Returns a layer that notes its name and that of the tool before and after each call.
    fn layer(&self, layer: &'static str) -> impl Layer<Service, Service = Service> + Send + Sync + 'static + use<> {
        let log = self.clone();
        let noted = from_fn(move |call: Call, next: Next| {
            let log = log.clone();
            async move {
                let name = call.name().to_owned();
                log.note(format!("{layer}({name} {}", call.context().invocation().request_id()));
                let outcome = next.run(call).await;
                log.note(format!("{layer})"));
                outcome
            }
        });
        layer_fn(move |inner| BoxCloneSyncService::new(noted.layer(inner)))
    }

    fn note(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }

    fn taken(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(" ")
    }
}

async fn call(tools: &Tools, name: &str, arguments: Value) -> Outcome {
    let mut context = Context::default();
    context.request_id = "52fd".into();
    tools
        .call(name, arguments, CallContext::new(Invocation::with_time_left(context, Some(Duration::from_secs(3)))))
        .await
}

#[tokio::test]
async fn the_first_layer_is_the_outermost_and_tools_that_are_added_later_have_it_too() {
    let log = Log::default();
    let tools = Tools::new().layer(log.layer("a")).add(ask).layer(log.layer("b")).add(other);
    for (name, arguments) in [("ask", json!({ "how": "hi" })), ("other", json!({}))] {
        assert!(call(&tools, name, arguments).await.is_success());
        assert_eq!(log.taken(), format!("a({name} 52fd b({name} 52fd b) a)"));
    }
    assert!(matches!(call(&tools, "ask", json!({})).await, Outcome::Invalid(_)));
    assert_eq!(log.taken(), "a(ask 52fd b(ask 52fd b) a)");
    assert!(matches!(call(&tools, "nope", json!({})).await, Outcome::UnknownTool));
    assert_eq!(log.taken(), "", "no layer sees the caller's text as a name");
}

#[tokio::test]
async fn the_layers_of_a_registry_within_another_are_of_its_tools_alone_and_inside() {
    let log = Log::default();
    let own = Tools::new().add(Tools::new().add(other).layer(log.layer("one"))).layer(log.layer("two"));
    let tools = Tools::new().add(ask).add(own.clone()).layer(log.layer("all"));
    call(&tools, "ask", json!({ "how": "hi" })).await;
    assert_eq!(log.taken(), "all(ask 52fd all)");
    call(&tools, "other", json!({})).await;
    assert_eq!(log.taken(), "all(other 52fd two(other 52fd one(other 52fd one) two) all)");
    call(&own, "other", json!({})).await;
    assert_eq!(log.taken(), "two(other 52fd one(other 52fd one) two)", "a clone keeps its own");
}

#[tokio::test(start_paused = true)]
async fn an_error_a_panic_and_a_late_layer_end_as_those_of_a_tool() {
    async fn failing(call: Call, next: Next) -> Result<Outcome, BoxError> {
        let how = call.arguments().to_value()?["how"].clone();
        match how.as_str() {
            Some("stated") => Err(ToolError::new("wait a minute").with_type("Throttled").into()),
            Some("other") => Err("secret host".into()),
            Some("panic") => panic!("secret host"),
            Some("late") => std::future::pending().await,
            Some("twice") => next.clone().run(call.clone()).await.and(next.run(call).await),
            _ => next.run(call).await,
        }
    }
    let tools = Tools::new().add(ask).layer(from_fn(failing));
    let how = |how: &str| json!({ "how": how });
    let Outcome::Failed(error) = call(&tools, "ask", how("stated")).await else { panic!() };
    assert_eq!((error.error_type(), error.message()), ("Throttled", "wait a minute"));
    for (kind, is) in [("other", [false, false]), ("panic", [true, false]), ("late", [false, true])] {
        let Outcome::Opaque(opaque) = call(&tools, "ask", how(kind)).await else { panic!("{kind}") };
        assert_eq!([opaque.is_panic(), opaque.is_timeout()], is, "{kind}");
    }
    let Outcome::Text(text) = call(&tools, "ask", how("twice")).await else { panic!() };
    assert_eq!(text, "twice");
}

#[test]
fn a_mistake_of_a_layer_is_one_of_the_tools() {
    let mistaken = || {
        layer_fn(|inner: Service| {
            reject("the quota must be at least 1");
            inner
        })
    };
    for tools in [Tools::new().add(ask).layer(mistaken()), Tools::new().layer(mistaken()).add(ask)] {
        assert_eq!(tools.mistake(), Some("the quota must be at least 1"));
        assert_eq!(Tools::new().add(tools).mistake(), Some("the quota must be at least 1"));
    }
}

#[cfg(all(feature = "bedrock", feature = "agentcore", feature = "mcp", feature = "http", feature = "testing"))]
#[tokio::test]
async fn each_kind_of_function_calls_a_tool_through_its_layers() {
    use crate::testing::{Caller, agentcore, bedrock, mcp};

    let log = Log::default();
    let tools = || Tools::new().add(ask).layer(log.layer("own"));
    let outside = || log.layer("outside");

    let event = bedrock::function("ask").parameter("how", "string", "hi");
    let answer = Caller::new(tools().for_bedrock().layer(outside_of(outside()))).call(event).await.unwrap();
    assert_eq!(bedrock::result(&answer), Some((None, "hi")));
    let id = "00000000-0000-0000-0000-000000000000";
    assert_eq!(log.taken(), format!("outside(ask {id} own(ask {id} own) outside)"));

    let gateway = Caller::new(tools().for_agentcore()).with_context(agentcore::tool("ask"));
    assert_eq!(gateway.call(json!({ "how": "hi" })).await.unwrap(), "hi");
    assert!(log.taken().starts_with("own(ask 8476a536"));

    let server = crate::http::service(crate::mcp::Server::new(tools()));
    let answer = Caller::new(server).send(mcp::call("ask").argument("how", "hi")).await.unwrap();
    assert_eq!(mcp::text(&answer), Some((false, "hi".to_owned())));
    assert_eq!(log.taken(), format!("own(ask {id} own)"));
}

/// A layer of a function, whose service is not of an erased type.
#[cfg(all(feature = "bedrock", feature = "agentcore", feature = "mcp", feature = "http", feature = "testing"))]
fn outside_of<S>(layer: impl Layer<Service, Service = Service>) -> impl Layer<S, Service = Service>
where
    S: tower::Service<Call, Response = Outcome, Error = BoxError, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
{
    layer_fn(move |inner: S| layer.layer(BoxCloneSyncService::new(inner)))
}
