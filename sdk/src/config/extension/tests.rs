use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::config::parameters::Parameters;
use crate::core::error::chain;

/// Returns the port of a server for one request, and the request's text.
async fn once(answer: &'static str) -> (u16, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let request = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    (port, request)
}

#[tokio::test]
async fn the_agent_is_asked_by_a_path_whose_parts_are_escaped() {
    let (port, request) = once("HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"limit\": 20}").await;
    let parameters = Parameters::from_source(AppConfigAgent::new("my shop", "prod").port(port));
    let limits: std::collections::HashMap<String, u8> = parameters.get("a/b?c").json().await.unwrap();
    assert_eq!(limits["limit"], 20);
    let request = request.await.unwrap();
    let line = "GET /applications/my%20shop/environments/prod/configurations/a%2Fb%3Fc HTTP/1.1\r\n";
    assert!(request.starts_with(line), "{request}");
}

#[tokio::test]
async fn an_answer_that_is_no_200_is_an_error_without_its_text() {
    let (port, request) = once("HTTP/1.1 500 Oh\r\ncontent-length: 7\r\n\r\nhunter2").await;
    let parameters = Parameters::from_source(AppConfigAgent::new("shop", "prod").port(port));
    let error = chain(&parameters.get("limits").text().await.unwrap_err()).join(": ");
    let said = "could not get parameter `limits`: status 500 Internal Server Error from the AppConfig agent";
    assert!(error.starts_with(said), "{error}");
    assert!(!error.contains("hunter2"));
    request.await.unwrap();
}

#[tokio::test]
async fn where_nobody_listens_the_error_says_what_to_do() {
    // The socket keeps its port from other tests, and does not listen.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((std::net::Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let parameters = Parameters::from_source(AppConfigAgent::new("shop", "prod").port(port));
    let error = chain(&parameters.get("limits").text().await.unwrap_err()).join(": ");
    assert!(error.contains("the AppConfig agent; is its layer added to the function?"), "{error}");
}

#[tokio::test]
async fn the_answer_about_a_parameter_is_read() {
    // From AWS's page, which shows the response of SSM's API.
    let text = r#"{"Parameter":{"ARN":"arn:aws:ssm:us-east-1:123456789012:parameter/limit","DataType":"text","LastModifiedDate":"2026-11-21T12:00:00Z","Name":"/limit","Type":"String","Value":"20","Version":3},"ResultMetadata":{}}"#;
    let Found { value, version, kind } = serde_json::from_str::<Body>(text).unwrap().parameter;
    assert_eq!((value.as_str(), version, kind.as_deref()), ("20", Some(3), Some("String")));
}

#[tokio::test]
async fn a_refusal_of_aws_is_told_from_an_extension_in_trouble() {
    for (answer, is_refusal) in [
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", true),
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", true),
        ("HTTP/1.1 400 Bad Request\r\ncontent-length: 29\r\n\r\nAccessDeniedException: no way", true),
        ("HTTP/1.1 400 Bad Request\r\ncontent-length: 17\r\n\r\nParameterNotFound", true),
        ("HTTP/1.1 400 Bad Request\r\ncontent-length: 41\r\n\r\nnot ready to serve traffic, please wait..", false),
        ("HTTP/1.1 400 Bad Request\r\ncontent-length: 19\r\n\r\nThrottlingException", false),
        ("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", false),
        ("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n", false),
        // The message repeats names, which may hold anything; the code does not.
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 88\r\n\r\n{\"__type\":\"ResourceNotFoundException\",\"message\":\"shop-timeout is not there (timed out)\"}",
            true,
        ),
        (
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 81\r\n\r\n{\"message\":\"AccessDeniedException: not authorized on resource: timeout-Throttle\"}",
            true,
        ),
        (
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 84\r\n\r\n{\"message\":\"AccessDenied to ThrottlingException\",\"__type\":\"a.b#ThrottlingException\"}",
            false,
        ),
        ("HTTP/1.1 400 Bad Request\r\ncontent-length: 42\r\n\r\nThrottlingException: AccessDenied, not yet", false),
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 22\r\n\r\nExpiredTokenException:", false),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 34\r\n\r\nthe profile shop-timeout not ready", true),
        ("HTTP/1.1 400 Bad Request\r\ncontent-length: 40\r\n\r\nnot authorized to read AccessTimeout: no", false),
        ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 21\r\n\r\nAccessDeniedException", false),
    ] {
        let (port, request) = once(answer).await;
        let parameters = Parameters::from_source(AppConfigAgent::new("shop", "prod").port(port));
        let error = parameters.get("limits").text().await.unwrap_err();
        assert_eq!(error.is_refused(), is_refusal, "{answer}");
        assert!(!format!("{error:?}").contains("no way"));
        request.await.unwrap();
    }
}

#[cfg(feature = "secrets")]
#[test]
fn a_secret_is_asked_for_past_the_cache_on_localhost_where_that_is_wanted() {
    let id = crate::config::secrets::SecretId::new("my/secret").stage("AWSPREVIOUS");
    let extension = ParametersExtension::new();
    let path = "/secretsmanager/get?secretId=my%2Fsecret&versionStage=AWSPREVIOUS";
    assert_eq!(extension.path_of(&id), path);
    assert_eq!(extension.refresh_now().path_of(&id), format!("{path}&refreshNow=true"));
}
