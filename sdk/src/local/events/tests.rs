use serde_json::Value;
use tower::ServiceExt as _;

use super::EVENTS;
use crate::BoxError;
use crate::core::invocation::Invocation;
use crate::core::raw::Incoming;
use crate::function::IntoService;

fn text(name: &str) -> &'static str {
    EVENTS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name}")).1
}

async fn call_with(name: &str, context: lambda_runtime::Context, function: impl IntoService) -> Value {
    let event = crate::RawEvent::parse(text(name)).unwrap();
    let incoming = Incoming { event, invocation: Invocation::new(context) };
    match function.into_service().unwrap().oneshot(incoming).await {
        Ok(response) => serde_json::from_str(response.as_json().unwrap().get()).unwrap(),
        Err(error) => panic!("{name}: {error:?}"),
    }
}

async fn call(name: &str, function: impl IntoService) -> Value {
    call_with(name, lambda_runtime::Context::default(), function).await
}

#[cfg(feature = "records")]
#[tokio::test]
async fn each_event_of_records_reaches_its_function() {
    use crate::{Change, EventBridge, Kinesis, S3Object, Sns, Sqs};

    macro_rules! reaches {
        ($($name:literal: $record:ty),*) => {$({
            async fn function(_: $record) -> Result<(), BoxError> {
                Ok(())
            }
            call($name, crate::handler(function)).await;
        })*};
    }
    reaches!("sqs": Sqs<Value>, "sqs-fifo": Sqs<Value>, "sns": Sns<Value>, "s3": S3Object, "kinesis": Kinesis<Value>);
    reaches!("dynamodb": Change<Value>, "eventbridge": EventBridge<Value>);
}

#[cfg(feature = "appsync")]
#[tokio::test]
async fn each_event_of_appsync_reaches_its_function() {
    use serde_json::json;

    use crate::appsync::{Arguments, FieldInfo, Resolvers, Source};
    use crate::channels::{Channel, Handlers, Payload};
    use crate::{appsync, channels};

    async fn post(Arguments(asked): Arguments<Value>, field: FieldInfo) -> Result<Value, BoxError> {
        Ok(json!([field.parent_type_name(), asked["id"]]))
    }
    async fn author(Source(post): Source<Value>) -> Result<Value, BoxError> {
        Ok(post["id"].clone())
    }
    let resolvers = || Resolvers::new().field("Query", "getPost", post).field("Post", "author", author);
    assert_eq!(call("appsync", resolvers()).await, json!(["Query", "7"]));
    assert_eq!(call("appsync-batch", resolvers()).await, json!([{ "data": "7" }, { "data": "8" }]));

    async fn moderate(Payload(message): Payload<Value>) -> Result<Option<Value>, BoxError> {
        Ok(Some(message))
    }
    async fn admit(channel: Channel) -> Result<(), BoxError> {
        assert_eq!(channel.path(), "/chat/room");
        Ok(())
    }
    let handlers = || Handlers::new().publish("/chat/*", moderate).subscribe("/chat/*", admit);
    assert_eq!(call("channels", handlers()).await["events"][0]["payload"]["text"], "Hello");
    assert_eq!(call("channels-subscribe", handlers()).await, Value::Null);

    async fn field_access(request: appsync::Authorization) -> Result<appsync::Access, BoxError> {
        assert_eq!(request.operation_name(), Some("GetPost"));
        Ok(appsync::Access::allow())
    }
    async fn channel_access(request: channels::Authorization) -> Result<channels::Access, BoxError> {
        assert_eq!((request.operation(), request.channel()), (channels::Operation::Subscribe, Some("/chat/room")));
        Ok(channels::Access::allow())
    }
    assert_eq!(call("appsync-authorizer", crate::handler(field_access)).await["isAuthorized"], true);
    assert_eq!(call("channels-authorizer", crate::handler(channel_access)).await["isAuthorized"], true);
}

#[cfg(all(feature = "bedrock", feature = "agentcore", feature = "mcp", feature = "http", feature = "macros"))]
#[tokio::test]
async fn each_event_of_tools_reaches_its_function() {
    use crate::tools::{Input, Tools};

    /// Returns an order.
    #[derive(schemars::JsonSchema, serde::Deserialize)]
    struct Order {
        id: String,
    }

    impl crate::tools::Tool for Order {
        const DEFINITION: crate::tools::Definition = crate::tools::Definition::new("order", "Returns an order.");
    }

    async fn order(Input(asked): Input<Order>) -> String {
        format!("order {}", asked.id)
    }
    let tools = || Tools::new().add(order);
    let answer = call("bedrock", tools().for_bedrock()).await;
    assert_eq!(answer["response"]["functionResponse"]["responseBody"]["TEXT"]["body"], "order 7");

    let router = tower::service_fn(async |request: crate::http::Request<crate::http::Body>| {
        Ok::<_, std::convert::Infallible>(crate::http::Response::new(request.uri().path().to_owned()))
    });
    let answer = call("bedrock-openapi", crate::bedrock::openapi(router)).await;
    assert_eq!(answer["response"]["apiPath"], "/orders/{id}");
    assert_eq!(answer["response"]["responseBody"]["application/json"]["body"], "/orders/7");

    let mut context = lambda_runtime::Context::default();
    context.client_context = serde_json::from_str(text("agentcore-context")).unwrap();
    assert_eq!(call_with("agentcore", context, tools().for_agentcore()).await, "order 7");

    let answer = call("mcp", crate::http::service(crate::mcp::Server::new(tools()))).await;
    let answer: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(answer["result"]["tools"][0]["name"], "order");
}
