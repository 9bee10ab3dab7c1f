//! The claims and the context of each authorizer.

use super::*;

#[tokio::test]
async fn claims_are_what_each_authorizer_said() {
    #[derive(Debug, Deserialize)]
    struct Jwt {
        sub: String,
        exp: Option<u64>,
        auth_time: u64,
    }
    let jwt = Caller::new(pilaster::handler(async |Claims(jwt): Claims<Jwt>| {
        format!("{} {} {:?}", jwt.sub, jwt.auth_time, jwt.exp)
    }));
    let answer = asked(&jwt, &event("typescript/parser/apigw-http/jwt-authorizer-auth.json")).await;
    assert_eq!(answer, (200, json!("d2f50444-0041-7036-aea2-a955fca33d37 1718636404 Some(1718722804)")));
    // A REST API writes `exp` as a date in words, which is not a number.
    let rest = event("typescript/parser/apigw-rest/jwt-authorizer-auth.json");
    assert_eq!(rest["requestContext"]["authorizer"]["claims"]["exp"], "Tue Jun 18 15:00:04 UTC 2024");
    assert_eq!(asked(&jwt, &rest).await.0, 403);

    let any = Caller::new(pilaster::handler(async |claims: Option<Claims<Map<String, Value>>>| {
        Json(claims.map(|claims| claims.0))
    }));
    for (file, name, value) in [
        ("python/apiGatewayProxyV2Event.json", "claim1", json!("value1")),
        ("python/apiGatewayProxyV2IamEvent.json", "accountId", json!("1234567890")),
        ("python/apiGatewayProxyEventPrincipalId.json", "principalId", json!("fake")),
        ("python/lambdaFunctionUrlIAMEvent.json", "userArn", json!("arn:aws:iam::111122223333:user/example-user")),
        ("python/vpcLatticeV2Event.json", "x509SanDns", json!("example.com")),
        ("typescript/parser/apigw-http/iam-auth.json", "accountId", json!("123456789012")),
        ("typescript/parser/apigw-rest/iam-auth.json", "accountId", json!("123456789012")),
        ("typescript/parser/apigw-rest/lambda-authorizer-auth.json", "principalId", json!("user")),
        ("typescript/parser/apigw-rest/jwt-authorizer-auth.json", "cognito:username", json!("aamorosi")),
    ] {
        assert_eq!(asked(&any, &event(file)).await.1[name], value, "{file}");
    }
    for file in [
        "python/apiGatewayProxyEvent.json",
        "python/albEvent.json",
        "python/vpcLatticeEvent.json",
        "python/apiGatewayWebSocketApiConnect.json",
        "typescript/parser/apigw-http/no-auth.json",
        "typescript/parser/apigw-rest/no-auth.json",
    ] {
        assert_eq!(asked(&any, &event(file)).await, (200, json!("null")), "{file}");
        assert_eq!(asked(&jwt, &event(file)).await.0, 401, "{file}");
    }
}

#[tokio::test]
async fn a_load_balancers_token_is_never_believed() {
    let any = Caller::new(pilaster::handler(async |Claims(claims): Claims<Value>| Json(claims)));
    let mut event = event("python/albEvent.json");
    event["headers"]["x-amzn-oidc-identity"] = json!("admin");
    event["headers"]["x-amzn-oidc-data"] = json!("e30.eyJzdWIiOiJhZG1pbiJ9.e30");
    event["requestContext"]["authorizer"] = json!({ "claims": { "sub": "admin" } });
    assert_eq!(asked(&any, &event).await.0, 401);
}

#[tokio::test]
async fn the_context_is_there_beside_the_claims() {
    let caller = Caller::new(pilaster::handler(async |context: RequestContext, _: Claims<Value>| {
        context.get::<Vec<String>>("authorizer.jwt.scopes").unwrap().join(" ")
    }));
    let answer = asked(&caller, &event("python/apiGatewayProxyV2Event.json")).await;
    assert_eq!(answer, (200, json!("scope1 scope2")));
}
