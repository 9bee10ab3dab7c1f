use pilaster::BoxError;
use pilaster::testing::{Caller, http};

#[tokio::test]
async fn the_guest_is_greeted_by_name() -> Result<(), BoxError> {
    let hello = Caller::new(pilaster::handler(super::hello));
    let response = hello.send(http::get("/?name=Ada")).await?;
    assert_eq!((response.status().as_u16(), response.text()), (200, "Hello, Ada!\n"), "{response:?}");
    assert_eq!(hello.send(http::get("/?name=G%C3%A9rard%20%26%20Ana")).await?.text(), "Hello, Gérard & Ana!\n");
    Ok(())
}

#[tokio::test]
async fn a_request_without_a_name_is_a_client_error() -> Result<(), BoxError> {
    let hello = Caller::new(pilaster::handler(super::hello));
    for path in ["/", "/?name", "/?nom=Ada", "/?name=Ada&name=Bob"] {
        let response = hello.send(http::get(path)).await?;
        assert_eq!(response.status(), 400, "{path}: {response:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_event_of_api_gateway_is_answered() -> Result<(), BoxError> {
    let event = serde_json::from_str(include_str!("../events/get.json"))?;
    let answer = Caller::new(pilaster::handler(super::hello)).call(event).await?;
    assert_eq!((&answer["statusCode"], &answer["body"]), (&200.into(), &"Hello, Ada!\n".into()));
    Ok(())
}
