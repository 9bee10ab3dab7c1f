//! Every event of `fixtures/events` through a whole function: an event of an HTTP source becomes the request that is listed
//! here, any other a `FunctionError`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine as _;
use pilaster::http::RequestContext;

use super::*;

/// File, source, method, URI; the URI as the caller sent it, as far as the event shows.
const REQUESTS: &str = "
dotnet/idempotency/apigw_event.json Rest POST https://1234567890.execute-api.us-east-1.amazonaws.com/path/to/resource?foo=bar
dotnet/idempotency/apigw_event2.json Rest POST https://1234567890.execute-api.us-east-1.amazonaws.com/path/to/resource?foo=bar
java/idempotency/apigw_event.json Rest POST https://1234567890.execute-api.us-east-1.amazonaws.com/path/to/resource?foo=bar
java/logging/albEvent.json alb GET http://lambda-alb-123578498.us-east-2.elb.amazonaws.com/lambda?query=1234ABCD
java/logging/apiGatewayProxyEventV1.json Rest GET https://70ixmpl4fl.execute-api.us-east-2.amazonaws.com/
java/logging/apiGatewayProxyEventV2.json HttpApi GET https://r3pmxmplak.execute-api.us-east-2.amazonaws.com/nodejs-apig-function-1G3XMPLZXVXYI
java/serialization/alb_event.json alb GET http://lambda-alb-123578498.us-east-1.elb.amazonaws.com/lambda?query=1234ABCD
java/serialization/apigw_event.json Rest POST https://1234567890.execute-api.us-east-1.amazonaws.com/path/to/resource?foo=bar
java/serialization/apigw_event_no_body.json Rest POST https://1234567890.execute-api.us-east-1.amazonaws.com/path/to/resource?foo=bar
java/serialization/apigwv2_event.json HttpApi POST https://1234567890.execute-api.us-east-1.amazonaws.com/rawPath?rawQueryString
java/validation/alb_event.json alb GET http://lambda-alb-123578498.us-east-1.elb.amazonaws.com/lambda?query=1234ABCD
python/albEvent.json alb GET http://lambda-alb-123578498.us-east-2.elb.amazonaws.com/lambda?query=1234ABCD
python/albEventPathTrailingSlash.json alb GET http://lambda-alb-123578498.us-east-2.elb.amazonaws.com/lambda/?query=1234ABCD
python/albMultiValueHeadersEvent.json alb-multi GET http://alb-c-LoadB-14POFKYCLBNSF-1815800096.eu-central-1.elb.amazonaws.com/todos
python/albMultiValueQueryStringEvent.json alb-multi GET http://alb-c-LoadB-14POFKYCLBNSF-1815800096.eu-central-1.elb.amazonaws.com/todos?parameter1=value1&parameter1=value2&parameter2=value
python/apiGatewayProxyEvent.json HttpApiV1 GET https://id.execute-api.us-east-1.amazonaws.com/my/path?parameter1=value1&parameter1=value2&parameter2=value
python/apiGatewayProxyEventNoOrigin.json HttpApiV1 GET https://id.execute-api.us-east-1.amazonaws.com/my/path?parameter1=value1&parameter1=value2&parameter2=value
python/apiGatewayProxyEventPrincipalId.json Rest POST /trip
python/apiGatewayProxyOtherEvent.json HttpApiV1 GET https://id.execute-api.us-east-1.amazonaws.com/other/path?parameter1=value1&parameter1=value2&parameter2=value
python/apiGatewayProxyV2Event.json HttpApi POST https://id.execute-api.us-east-1.amazonaws.com/my/path?parameter1=value1&parameter1=value2&parameter2=value
python/apiGatewayProxyV2EventPathTrailingSlash.json HttpApi POST https://id.execute-api.us-east-1.amazonaws.com/my/path/?parameter1=value1&parameter1=value2&parameter2=value
python/apiGatewayProxyV2Event_GET.json HttpApi GET https://id.execute-api.us-east-1.amazonaws.com/my/path?parameter1=value1&parameter1=value2&parameter2=value
python/apiGatewayProxyV2IamEvent.json HttpApi GET https://id.execute-api.us-east-1.amazonaws.com/my/path?parameter1=value1&parameter1=value2&parameter2=value
python/apiGatewayProxyV2LambdaAuthorizerEvent.json HttpApi GET https://id.execute-api.us-east-1.amazonaws.com/my/path?parameter1=value1&parameter1=value2&parameter2=value
python/apiGatewayProxyV2OtherGetEvent.json HttpApi GET https://id.execute-api.us-east-1.amazonaws.com/other/path?parameter1=value1&parameter1=value2&parameter2=value
python/apiGatewayProxyV2SchemaMiddlwareInvalidEvent.json HttpApi POST https://id.execute-api.us-east-1.amazonaws.com/my/path?parameter1=value1&parameter1=value2&parameter2=value
python/apiGatewayProxyV2SchemaMiddlwareValidEvent.json HttpApi POST https://id.execute-api.us-east-1.amazonaws.com/my/path?parameter1=value1&parameter1=value2&parameter2=value
python/apiGatewayWebSocketApiConnect.json WebSocket GET https://fjnq7njcv2.execute-api.us-east-1.amazonaws.com/$connect
python/apiGatewayWebSocketApiDisconnect.json WebSocket POST https://asasasas.execute-api.us-east-1.amazonaws.com/$disconnect
python/apiGatewayWebSocketApiMessage.json WebSocket POST https://asasasas.execute-api.us-east-1.amazonaws.com/chat
python/apigatewayeSchemaMiddlwareInvalidEvent.json HttpApiV1 POST https://id.execute-api.us-east-1.amazonaws.com/my/path?parameter1=value1&parameter1=value2&parameter2=value
python/apigatewayeSchemaMiddlwareValidEvent.json HttpApiV1 POST https://id.execute-api.us-east-1.amazonaws.com/my/path?parameter1=value1&parameter1=value2&parameter2=value
python/lambdaFunctionUrlEvent.json HttpApi GET https://url-id.lambda-url.us-east-1.on.aws/
python/lambdaFunctionUrlEventPathTrailingSlash.json HttpApi POST /my/path/?parameter1=value1&parameter1=value2&parameter2=value
python/lambdaFunctionUrlEventWithHeaders.json HttpApi GET https://url-id.lambda-url.us-east-1.on.aws/
python/lambdaFunctionUrlIAMEvent.json HttpApi POST /my/path?parameter1=value1&parameter1=value2&parameter2=value
python/vpcLatticeEvent.json VpcLatticeV1 GET https://test-lambda-service-3908sdf9u3u.dkfjd93.vpc-lattice-svcs.us-east-2.on.aws/testpath?order-id=1
python/vpcLatticeEventPathTrailingSlash.json VpcLatticeV1 GET https://test-lambda-service-3908sdf9u3u.dkfjd93.vpc-lattice-svcs.us-east-2.on.aws/testpath/?order-id=1
python/vpcLatticeEventV2PathTrailingSlash.json VpcLattice GET https://test-lambda-service-3908sdf9u3u.dkfjd93.vpc-lattice-svcs.us-east-2.on.aws/newpath/?order-id=1
python/vpcLatticeV2Event.json VpcLattice GET https://test-lambda-service-3908sdf9u3u.dkfjd93.vpc-lattice-svcs.us-east-2.on.aws/newpath?order-id=1
python/vpcLatticeV2EventWithHeaders.json VpcLattice GET https://lattice-svc-027b423199122da5f.7d67968.vpc-lattice-svcs.us-east-1.on.aws/newpath?parameter1=value1&parameter1=value2&parameter2=value
typescript/parser/alb/base.json alb GET http://lambda-alb-123578498.us-east-2.elb.amazonaws.com/lambda?query=1234ABCD
typescript/parser/alb/multi-fields.json alb-multi GET http://alb-c-LoadB-14POFKYCLBNSF-1815800096.eu-central-1.elb.amazonaws.com/lambda
typescript/parser/apigw-http/iam-auth.json HttpApi POST https://lsw1ro4ipb.execute-api.eu-west-1.amazonaws.com/iam
typescript/parser/apigw-http/invalid.json Rest GET /invalid
typescript/parser/apigw-http/jwt-authorizer-auth.json HttpApi POST https://lsw1ro4ipb.execute-api.eu-west-1.amazonaws.com/cognito
typescript/parser/apigw-http/lambda-authorizer-auth.json HttpApi POST https://lsw1ro4ipb.execute-api.eu-west-1.amazonaws.com/lambda
typescript/parser/apigw-http/no-auth.json HttpApi POST https://lsw1ro4ipb.execute-api.eu-west-1.amazonaws.com/lambda
typescript/parser/apigw-rest/console-test-ui.json Rest POST https://testPrefix.testDomainName/no-auth
typescript/parser/apigw-rest/iam-auth.json Rest POST https://puhdx84jy9.execute-api.eu-west-1.amazonaws.com/iam
typescript/parser/apigw-rest/invalid.json Rest GET /
typescript/parser/apigw-rest/jwt-authorizer-auth.json Rest POST https://puhdx84jy9.execute-api.eu-west-1.amazonaws.com/cognito
typescript/parser/apigw-rest/lambda-authorizer-auth.json Rest POST https://puhdx84jy9.execute-api.eu-west-1.amazonaws.com/lambda-token
typescript/parser/apigw-rest/no-auth.json Rest POST https://puhdx84jy9.execute-api.eu-west-1.amazonaws.com/no-auth
typescript/parser/apigw-rest/websocket.json WebSocket POST https://puhdx84jy9.execute-api.eu-west-1.amazonaws.com/$connect
typescript/parser/lambda/base.json HttpApi POST /?parameter1=value1&parameter1=value2&parameter2=value
typescript/parser/lambda/get-request.json HttpApi GET https://url-id.lambda-url.us-east-1.on.aws/
typescript/parser/lambda/iam-auth.json HttpApi POST /my/path?parameter1=value1&parameter1=value2&parameter2=value
typescript/parser/lambda/invalid.json HttpApi POST /?parameter1=value1&parameter1=value2&parameter2=value
typescript/parser/vpc-lattice-v2/base.json VpcLattice GET https://test-lambda-service-3908sdf9u3u.dkfjd93.vpc-lattice-svcs.us-east-2.on.aws/newpath?order-id=1
typescript/parser/vpc-lattice/base.json VpcLatticeV1 GET https://test-lambda-service-3908sdf9u3u.dkfjd93.vpc-lattice-svcs.us-east-2.on.aws/testpath?order-id=1
";

/// Their `host` is a placeholder, which is not a valid host: `<url-id>.lambda-url.us-east-1.on.aws`.
const NO_HOST: [&str; 3] = [
    "python/lambdaFunctionUrlEvent.json",
    "python/lambdaFunctionUrlEventWithHeaders.json",
    "typescript/parser/lambda/get-request.json",
];

/// Their bodies are declared as base64 and are not.
const NOT_BASE64: [&str; 3] = [
    "python/apiGatewayProxyEventAnotherPath.json",
    "python/apiGatewayProxyEventPathTrailingSlash.json",
    "python/apiGatewayProxyEvent_noVersionAuth.json",
];

/// The files that are requests.
pub(crate) fn files() -> impl Iterator<Item = &'static str> {
    requests().map(|[file, ..]| file).chain(NOT_BASE64)
}

fn requests() -> impl Iterator<Item = [&'static str; 4]> {
    let columns = |line: &'static str| line.split_whitespace().collect::<Vec<_>>().try_into().unwrap();
    REQUESTS.trim().lines().map(columns)
}

pub(crate) fn every_file() -> Vec<String> {
    let (mut folders, mut files) = (vec![events_folder()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                None => folders.push(path),
                Some(extension) if extension == "json" => files.push(path),
                Some(_) => {}
            }
        }
    }
    let name = |path: PathBuf| path.strip_prefix(events_folder()).unwrap().to_str().unwrap().to_owned();
    files.into_iter().map(name).collect()
}

/// Returns the headers of an event, independently of the adapter: the last of two spellings counts, and arrays have several
/// values.
fn headers_of(event: &Value) -> Map<String, Value> {
    let mut headers = Map::new();
    for field in ["headers", "multiValueHeaders"] {
        for (name, value) in event[field].as_object().into_iter().flatten() {
            let values = if value.is_array() { value.clone() } else { json!([value]) };
            headers.insert(name.to_ascii_lowercase(), values);
        }
    }
    if let Some(cookies) = event["cookies"].as_array() {
        let cookies = cookies.iter().map(|cookie| cookie.as_str().unwrap()).collect::<Vec<_>>();
        headers.insert("cookie".into(), json!([cookies.join("; ")]));
    }
    headers
}

fn body_of(event: &Value) -> String {
    let text = event["body"].as_str().unwrap_or_default();
    let encoded = event["isBase64Encoded"] == true || event["is_base64_encoded"] == true;
    if !encoded {
        return text.to_owned();
    }
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
}

#[tokio::test]
async fn every_http_event_becomes_its_request() {
    for [file, source, method, uri] in requests() {
        let mut event = event(file);
        if NO_HOST.contains(&file) {
            event = serde_json::from_str(&event.to_string().replace("<url-id>", "url-id")).unwrap();
        }
        let seen = echoed(&event).await;
        let kind = match source {
            "alb" => "Alb { multi_value: false }",
            "alb-multi" => "Alb { multi_value: true }",
            source => source,
        };
        assert_eq!(
            (&seen["kind"], &seen["method"], &seen["uri"]),
            (&json!(kind), &json!(method), &json!(uri)),
            "{file}"
        );
        assert_eq!(seen["body"], body_of(&event), "{file}");
        assert_eq!(seen["params"], event.get("pathParameters").cloned().unwrap_or(Value::Null), "{file}");
        let mut headers = headers_of(&event);
        if event["requestContext"]["eventType"] == "MESSAGE" {
            headers.insert("content-type".into(), json!(["application/json"]));
        }
        assert_eq!(seen["headers"], Value::Object(headers), "{file}");
    }
    assert_eq!(requests().count() + NOT_BASE64.len(), 64);
}

#[tokio::test]
async fn the_address_of_the_caller_is_the_one_that_aws_has_seen_and_none_that_a_caller_sends() {
    async fn address(context: RequestContext) -> Json<Option<IpAddr>> {
        Json(context.source_ip())
    }
    let caller = Caller::new(pilaster::handler(address));
    let mut found = BTreeMap::<&str, usize>::new();
    for [file, source, ..] in requests() {
        // Samples of AWS's pages have a placeholder instead of a host, and a range instead of an address.
        let text = event(file).to_string().replace("<url-id>", "url-id").replace("192.168.0.1/32", "192.168.0.1");
        let mut event: Value = serde_json::from_str(&text).unwrap();
        for (headers, value) in [("headers", json!("6.6.6.6")), ("multiValueHeaders", json!(["6.6.6.6"]))] {
            if let Some(headers) = event[headers].as_object_mut() {
                headers.insert("x-forwarded-for".to_owned(), value);
            }
        }
        let context = &event["requestContext"];
        let seen = match source {
            "HttpApi" => &context["http"]["sourceIp"],
            "Rest" | "HttpApiV1" | "WebSocket" => &context["identity"]["sourceIp"],
            _ => &Value::Null,
        };
        let seen = seen.as_str().filter(|text| *text != "test-invoke-source-ip");
        assert_eq!(body(&call(&caller, &event.to_string()).await.unwrap()), json!(seen), "{file}");
        *found.entry(source).or_default() += usize::from(seen.is_some());
    }
    let expected = [("HttpApi", 22), ("HttpApiV1", 5), ("Rest", 11), ("VpcLattice", 0), ("VpcLatticeV1", 0)];
    assert_eq!(found, expected.into_iter().chain([("WebSocket", 4), ("alb", 0), ("alb-multi", 0)]).collect());
}

#[tokio::test]
async fn a_body_that_is_not_base64_is_a_400() {
    let caller = Caller::new(pilaster::handler(echo));
    for file in NOT_BASE64 {
        let answer = call(&caller, &event(file).to_string()).await.unwrap();
        assert_eq!(header_of("rest", &answer, "content-type").as_deref(), Some("application/problem+json"));
        assert_eq!(body(&answer)["detail"], "the request's body (it is not base64) is malformed");
    }
}

#[tokio::test]
async fn a_placeholder_for_a_host_is_a_400() {
    let caller = Caller::new(pilaster::handler(echo));
    for file in NO_HOST {
        let answer = call(&caller, &event(file).to_string()).await.unwrap();
        assert_eq!(header_of("http api", &answer, "content-type").as_deref(), Some("application/problem+json"));
        assert_eq!(body(&answer)["detail"], "the request's header `host` is malformed");
    }
}

#[tokio::test]
async fn every_other_event_fails_with_a_stable_type() {
    let caller = Caller::new(pilaster::handler(echo));
    let http = files().collect::<Vec<_>>();
    let mut others = 0;
    for file in every_file().iter().filter(|file| !http.contains(&file.as_str())) {
        let error = call(&caller, &event(file).to_string()).await.unwrap_err();
        assert_eq!(error.error_type(), "NotAnHttpEvent", "{file}");
        others += 1;
    }
    assert!(others > 100, "{others}");
}
