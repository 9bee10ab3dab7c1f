//! The identity of callers that the platform does not know, or knows only as one client.

use super::callers::{layer, rest, with_contexts};
use super::*;

/// An event of payload format 2.0, as a function URL and an HTTP API write it.
fn url(authorizer: &Value, cookie: &str, headers: &Value) -> Value {
    let mut all = json!({ "idempotency-key": "k" });
    all.as_object_mut().unwrap().extend(headers.as_object().unwrap().clone());
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/orders", "rawQueryString": "", "cookies": [cookie], "headers": all,
        "body": "{}", "isBase64Encoded": false,
        "requestContext": {
            "accountId": "anonymous", "apiId": "abc", "domainName": "abc.lambda-url.us-east-1.on.aws", "domainPrefix": "abc",
            "http": { "method": "POST", "path": "/orders", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "x" },
            "requestId": "r", "routeKey": "$default", "stage": "$default", "authorizer": authorizer,
        },
    })
}

/// Returns the event of a function URL behind CloudFront's origin access control.
fn edge(name: &str) -> Value {
    let session = format!("EdgeCredentialsProxy+EdgeHostAuthenticationClient-{name}");
    json!({ "iam": {
        "accessKey": format!("ASIA{name}"), "accountId": "856369053181", "callerId": format!("AROA1:{session}"), "cognitoIdentity": null,
        "principalOrgId": null, "userId": format!("AROA1:{session}"),
        "userArn": format!("arn:aws:sts::856369053181:assumed-role/OriginAccessControlRole/{session}"),
    } })
}

fn signed(signature: &str) -> Value {
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential=ASIA/20260102/us-east-1/lambda/aws4_request, Signature={signature}");
    json!({ "authorization": authorization, "x-amz-security-token": signature })
}

#[tokio::test]
async fn users_behind_one_iam_principal_have_answers_of_their_own() {
    let ada = |at: &str| url(&edge(at), "session=ada", &signed(at));
    let events = [ada("NRT12-P2"), url(&edge("NRT12-P2"), "session=bob", &signed("2")), ada("FRA56-P1")];
    assert_eq!(with_contexts(layer(), &events).await, ["1", "2", "1"], "cookies, through two edges");

    for header in ["x-api-key", "x-user-token"] {
        let of = |user: &str, at: &str| {
            let mut headers = signed(at);
            headers[header] = user.into();
            url(&edge(at), "theme=dark", &headers)
        };
        let events = [of("ada", "NRT12-P2"), of("bob", "NRT12-P2"), of("ada", "FRA56-P1")];
        assert_eq!(with_contexts(layer(), &events).await, ["1", "2", "1"], "{header}");
    }

    // The user's own proxy that signs, in front of a REST API, and a service of VPC Lattice.
    let proxy = |user: &str, at: &str| {
        let mut headers = signed(at);
        headers["Cookie"] = format!("session={user}").into();
        rest(&Value::Null, &json!({ "userArn": "arn:aws:sts::1:assumed-role/proxy/a" }), &headers)
    };
    assert_eq!(
        with_contexts(layer(), &[proxy("ada", "1"), proxy("bob", "2"), proxy("ada", "3")]).await,
        ["1", "2", "1"]
    );
    let service = |user: &str| {
        json!({
            "version": "2.0", "path": "/orders", "method": "POST", "body": "{}", "isBase64Encoded": false,
            "headers": { "idempotency-key": ["k"], "cookie": [format!("session={user}")] },
            "requestContext": { "serviceArn": "s", "identity": { "type": "AWS_IAM", "principal": "arn:aws:iam::1:role/proxy" } },
        })
    };
    assert_eq!(with_contexts(layer(), &[service("ada"), service("bob"), service("ada")]).await, ["1", "2", "1"]);
}

#[tokio::test]
async fn the_sessions_of_a_role_are_callers_unless_the_edge_names_them() {
    let of = |role: &str, session: &str, cut: &str| {
        let arn = format!("arn:aws:sts::1:assumed-role/{role}/{session}");
        url(&json!({ "iam": { "userArn": arn, "userId": format!("AROA1:{session}") } }), "a=1", &signed(cut))
    };
    for role in ["app", "OriginAccessControlRole"] {
        let events = [of(role, "ada", "1"), of(role, "bob", "2"), of(role, "ada", "3")];
        assert_eq!(with_contexts(layer(), &events).await, ["1", "2", "1"], "{role}");
    }
    // Values that are new in each session of the same user do not count.
    let mut renewed = of("app", "ada", "4");
    renewed["requestContext"]["authorizer"]["iam"]["accessKey"] = "ASIA2".into();
    assert_eq!(with_contexts(layer(), &[of("app", "ada", "1"), renewed]).await, ["1", "1"]);
    // A user of an identity pool is known by the identity alone.
    let pool = |cookie: &str| {
        let iam = json!({ "cognitoIdentity": { "identityId": "ada" }, "userArn": "arn:aws:sts::1:assumed-role/Auth/CognitoIdentityCredentials" });
        url(&json!({ "iam": iam }), cookie, &json!({}))
    };
    assert_eq!(with_contexts(layer(), &[pool("a=1"), pool("a=2")]).await, ["1", "1"]);
}

#[tokio::test]
async fn users_behind_one_machine_client_have_answers_of_their_own() {
    for claims in [
        json!({ "client_id": "service" }),
        json!({ "azp": "service" }),
        json!({ "cid": "service" }),
        json!({ "azp": "other", "gty": "client-credentials" }),
        json!({ "appid": "other", "idtyp": "app" }),
    ] {
        let of = |cookie: &str, token: &str| {
            let mut claims = claims.clone();
            claims["sub"] = "service".into();
            claims["iss"] = "https://idp.example.com".into();
            claims["exp"] = token.into();
            url(&json!({ "jwt": { "claims": claims, "scopes": null } }), cookie, &json!({ "authorization": token }))
        };
        let events = [of("session=ada", "1"), of("session=bob", "1"), of("session=ada", "2")];
        assert_eq!(with_contexts(layer(), &events).await, ["1", "2", "1"], "{claims}");
    }
    // A user is known by the subject, with any cookies.
    let user = |cookie: &str| {
        let claims = json!({ "sub": "ada", "iss": "i", "client_id": "web", "azp": "web" });
        url(&json!({ "jwt": { "claims": claims } }), cookie, &json!({}))
    };
    assert_eq!(with_contexts(layer(), &[user("a=1"), user("a=2")]).await, ["1", "1"]);
}

#[tokio::test]
async fn a_certificate_that_a_load_balancer_has_verified_is_one_of_its_issuer() {
    let of = |header: &str, value: &str| {
        let mut headers = json!({ "idempotency-key": "k", "x-amzn-mtls-clientcert-subject": "CN=ada" });
        headers[format!("x-amzn-mtls-clientcert-{header}")] = value.into();
        json!({
            "requestContext": { "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/x/1" } },
            "httpMethod": "POST", "path": "/orders", "queryStringParameters": {}, "headers": headers, "body": "{}",
            "isBase64Encoded": false,
        })
    };
    for header in ["issuer", "serial-number", "leaf"] {
        let events = [of(header, "1"), of(header, "2"), of(header, "1")];
        assert_eq!(with_contexts(layer(), &events).await, ["1", "2", "1"], "{header}");
    }
    let api = |serial: &str| {
        let certificate = json!({ "subjectDN": "O=a", "issuerDN": "CN=ca", "serialNumber": serial });
        rest(&Value::Null, &json!({ "clientCert": certificate }), &json!({}))
    };
    assert_eq!(with_contexts(layer(), &[api("1"), api("2"), api("1")]).await, ["1", "2", "1"]);
}

#[tokio::test]
async fn each_connection_of_a_web_socket_is_a_caller_unless_it_has_a_name() {
    let message = |connection: &str, authorizer: &Value| {
        json!({
            "requestContext": {
                "connectionId": connection, "eventType": "MESSAGE", "routeKey": "pay", "stage": "prod", "authorizer": authorizer,
            },
            "body": "{\"id\":1}", "isBase64Encoded": false,
        })
    };
    let by_id = || IdempotencyLayer::new(once(&MemoryStore::new()).key("powertools_json(body).id"));
    let ask = async |layer: IdempotencyLayer, events: [Value; 3]| {
        let stack = http::Stack::new().idempotency(layer);
        let caller = Caller::new(handler(callers::add).layer(stack)).with_clients(clients(&Charges::default()));
        let mut statuses = Vec::new();
        for event in events {
            statuses.push(caller.call(event).await.unwrap()["statusCode"].as_u64().unwrap());
        }
        statuses
    };
    let anonymous = Value::Null;
    let events = || [message("1", &anonymous), message("2", &anonymous), message("1", &anonymous)];
    assert_eq!(ask(by_id(), events()).await, [200, 422, 200]);
    assert_eq!(ask(by_id().caller(|_| Some("all".to_owned())), events()).await, [200, 200, 200]);
    let named = |connection: &str, user: &str, took: u32| {
        message(connection, &json!({ "principalId": user, "integrationLatency": took }))
    };
    assert_eq!(ask(by_id(), [named("1", "ada", 1), named("2", "bob", 2), named("3", "ada", 3)]).await, [200, 422, 200]);
}

#[tokio::test]
async fn each_header_with_a_credential_separates_callers() {
    let of = |header: &str, value: &str| rest(&Value::Null, &json!({}), &json!({ header: value }));
    for header in
        ["x-auth-token", "X-Access-Token", "x-session", "proxy-authorization", "x-amzn-oidc-identity", "api-key"]
    {
        let events = [of(header, "ada"), of(header, "bob"), of(header, "ada"), of("x-other", "ada")];
        assert_eq!(with_contexts(layer(), &events).await, ["1", "2", "1", "3"], "{header}");
    }
    // Each attempt has another value of these headers, and a request without them is of another caller.
    for header in ["dpop", "stripe-signature", "x-otp", "x-amzn-oidc-data"] {
        let events = [of(header, "1"), of(header, "2"), of("x-other", "1")];
        assert_eq!(with_contexts(layer(), &events).await, ["1", "1", "2"], "{header}");
    }
}

#[tokio::test]
async fn a_header_that_a_layer_has_marked_separates_callers() {
    let mark = tower::util::MapRequestLayer::new(|mut request: http::Request<http::Body>| {
        request.headers_mut().get_mut("x-who").unwrap().set_sensitive(true);
        request
    });
    let stack = http::Stack::new().layer(mark).idempotency(layer());
    let caller = Caller::new(handler(callers::add).layer(stack)).with_clients(clients(&Charges::default()));
    let ask = async |user: &str| {
        let request = request::post("/").header("idempotency-key", "k").header("x-who", user).text("");
        caller.send(request).await.unwrap().text().into_owned()
    };
    assert_eq!([ask("ada").await, ask("bob").await, ask("ada").await], ["1", "2", "1"]);
}
