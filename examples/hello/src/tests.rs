use pilaster::BoxError;
use pilaster::testing::{Caller, http};

use super::hello;

#[tokio::test]
async fn the_guest_is_greeted_by_name() -> Result<(), BoxError> {
    let caller = Caller::new(hello::function());
    let response = caller.send(http::get("/?name=Ada")).await?;
    assert_eq!(response.status(), 200, "{response:?}");
    assert_eq!(response.text(), "Hello, Ada!\n");
    assert_eq!(caller.send(http::get("/?name=G%C3%A9rard%20%26%20Ana")).await?.text(), "Hello, Gérard & Ana!\n");
    Ok(())
}

#[tokio::test]
async fn a_request_without_a_name_is_a_client_error() -> Result<(), BoxError> {
    let caller = Caller::new(hello::function());
    for path in ["/", "/?nom=Ada", "/?name=Ada&name=Bob"] {
        let response = caller.send(http::get(path)).await?;
        assert_eq!(response.status(), 400, "{path}: {response:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_event_of_api_gateway_is_answered() -> Result<(), BoxError> {
    let response = Caller::new(hello::function()).call_text(include_str!("../events/get.json")).await?;
    assert_eq!((&response["statusCode"], &response["body"]), (&200.into(), &"Hello, Ada!\n".into()));
    Ok(())
}
