//! Adds the outcome of a call to its span, which the SDK opens with `rpc.system`, `rpc.service` and `rpc.method`
//! (<https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/>).

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde::Deserialize;

use crate::observe::traces::{self, span};

/// Interceptor that records the outcome of a call, including its retries.
#[derive(Debug)]
pub(super) struct CallSpans;

impl Intercept for CallSpans {
    fn name(&self) -> &'static str {
        "PilasterTraces"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The SDK reads it from the process's environment, which managed concurrency does not set.
        if let Some(header) = traces::trace_header() {
            context.request_mut().headers_mut().try_insert("x-amzn-trace-id", header)?;
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !span::is_sampled() {
            return Ok(());
        }
        let response = context.response();
        if let Some(response) = response {
            span::set_attribute("http.response.status_code", i64::from(response.status().as_u16()));
            let headers = response.headers();
            if let Some(id) = headers.get("x-amzn-requestid").or_else(|| headers.get("x-amz-request-id")) {
                span::set_attribute("aws.request_id", id.to_owned());
            }
        }
        match context.output_or_error() {
            Some(Err(error)) if error.is_timeout_error() => span::set_failed("timeout"),
            Some(Err(error)) if error.is_connector_error() => span::set_failed("connection"),
            Some(Err(_)) => span::set_failed(response.and_then(code).as_deref().unwrap_or("_OTHER")),
            _ => {}
        }
        Ok(())
    }
}

/// Returns the code of a service's error from its header or its JSON, or the status.
fn code(response: &HttpResponse) -> Option<String> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "__type")]
        code: String,
    }
    if response.status().is_success() {
        return None;
    }
    let of_header = || response.headers().get("x-amzn-errortype").map(str::to_owned);
    let of_body = || Some(serde_json::from_slice::<Body>(response.body().bytes()?).ok()?.code);
    let code = of_header().or_else(of_body).unwrap_or_else(|| response.status().as_u16().to_string());
    // com.amazonaws.dynamodb.v20120810#ResourceNotFoundException, ValidationException:http://…
    Some(code.rsplit('#').next()?.split(':').next()?.to_owned())
}

#[cfg(all(feature = "dynamodb", feature = "secretsmanager"))]
#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tower::{Layer, ServiceExt, service_fn};
    use tracing::Dispatch;
    use tracing::instrument::WithSubscriber;

    use crate::clients::aws::replay::Replay;
    use crate::core::invocation::Invocation;
    use crate::core::raw::Incoming;
    use crate::observe::logging::{self, Logs};
    use crate::observe::traces::{CapturedSpans, TracesLayer};

    const HEADER: &str =
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:0";

    async fn span_of(status: u16, body: &'static str) -> Value {
        let captured = CapturedSpans::default();
        let layer = TracesLayer::new().captured(&captured);
        let function = service_fn(move |_: Incoming| async move {
            let (clients, replay) = Replay::new(&[(status, body)]);
            let client: aws_sdk_dynamodb::Client = clients.get().await.expect("a client");
            let _ = client.describe_table().table_name("t").send().await;
            let sent = json!(*replay.trace_headers.lock().expect("not poisoned"));
            crate::Outgoing::serialize(&sent).map_err(crate::FunctionError::from_error)
        });
        let event = crate::RawEvent::parse("{}").expect("JSON");
        let mut context = lambda_runtime::Context::default();
        context.xray_trace_id = Some(HEADER.to_owned());
        let incoming = Incoming { event, invocation: Invocation::new(context) };
        let called = async move { layer.layer(function).oneshot(incoming).await };
        let logs = Logs::new().writer(logging::CapturedLogs::default());
        let sent = called.with_subscriber(Dispatch::new(logs.build())).await.expect("a response");
        assert_eq!(captured.spans().len(), 2, "the call and the invocation: {:#?}", captured.spans());
        let span = captured.span("DynamoDB.DescribeTable").expect("a span");
        let id = span["span_id"].as_str().expect("an id");
        let header = format!("Root=1-5759e988-bd862e3fe1be46a994272793;Parent={id};Sampled=1;Lineage=1:a87bd80c:0");
        assert_eq!(sent.as_json().unwrap().get(), json!([header]).to_string(), "the service gets the call's span");
        span
    }

    #[tokio::test]
    async fn a_call_is_a_span_of_its_own() {
        let span = span_of(200, "{}").await;
        assert_eq!((&span["kind"], &span["status"]), (&json!("client"), &Value::Null));
        let attributes = &span["attributes"];
        assert_eq!((&attributes["rpc.system"], &attributes["rpc.service"]), (&json!("aws-api"), &json!("DynamoDB")));
        assert_eq!(
            (&attributes["rpc.method"], &attributes["http.response.status_code"]),
            (&json!("DescribeTable"), &json!(200))
        );
    }

    #[tokio::test]
    async fn a_failed_call_has_the_services_code() {
        const BODY: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no"}"#;
        for (status, body, code) in [(400, BODY, "ResourceNotFoundException"), (503, "", "503")] {
            let span = span_of(status, body).await;
            assert_eq!((&span["status"], &span["attributes"]["error.type"]), (&json!("error"), &json!(code)));
        }
    }
}
