//! Subscriptions.

use super::*;

async fn of_user(user: CognitoUser, channel: Channel) -> Result<(), BoxError> {
    match channel.segments().nth(1) {
        Some(own) if own == user.username => Ok(()),
        Some("full") => Err(FunctionError::new("RoomFull", "the room is full").into()),
        Some("io") => Err(std::io::Error::other("secret host").into()),
        Some("panic") => panic!("secret host"),
        Some("late") => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Ok(())
        }
        _ => Err(Unauthorized.into()),
    }
}

#[tokio::test]
async fn check_22_a_wildcard_reaches_the_handler_and_an_unknown_channel_is_refused() {
    async fn see(channel: Channel) -> Result<(), BoxError> {
        assert_eq!((channel.path(), channel.is_wildcard()), ("/chat/*", true));
        assert_eq!(channel.segments().collect::<Vec<_>>(), ["chat", "*"]);
        assert_eq!(channel.segments().next_back(), Some("*"));
        Err(FunctionError::new("Seen", "the handler was called").into())
    }
    let event = channel_subscribe("/chat/*");
    assert_eq!(event.event()["events"], Value::Null);
    let seen = Caller::new(Handlers::new().subscribe("/chat/*", see)).call(event.clone()).await.unwrap();
    assert_eq!(seen, json!({ "error": "Seen: the handler was called" }));

    // A handler of the channel's publishes is not one of its subscriptions.
    let without = || Handlers::new().publish("/chat/*", echo).subscribe("/chat/room", admit);
    let refused = json!({ "error": "UnknownChannel: no handler is registered for this channel" });
    assert_eq!(Caller::new(without()).call(event.clone()).await.unwrap(), refused);
    assert_eq!(Caller::new(without().unmatched(Unmatched::Pass)).call(event).await.unwrap(), Value::Null);
}

#[tokio::test(start_paused = true)]
async fn an_error_refuses_the_subscriber() {
    let logs = CapturedLogs::default();
    let caller = Caller::new(Handlers::new().subscribe("/users/*", of_user))
        .with_logs(&logs)
        .with_time_left(Duration::from_secs(10));
    let subscribe = |channel: &str| channel_subscribe(channel).cognito("ada", []);
    assert_eq!(caller.call(subscribe("/users/ada")).await.unwrap(), Value::Null);
    let internal = "InternalError: internal error (request id 00000000-0000-0000-0000-000000000000)";
    for (channel, expected) in [
        ("/users/full", "RoomFull: the room is full"),
        ("/users/io", internal),
        ("/users/panic", internal),
        ("/users/late", "Timeout: the handler did not finish in time"),
    ] {
        assert_eq!(caller.call(subscribe(channel)).await.unwrap(), json!({ "error": expected }), "{channel}");
    }
    let lines = logs.lines();
    let logged = lines.iter().filter(|line| line["channel"].is_string()).collect::<Vec<_>>();
    let of_levels = logged.iter().map(|line| (line["level"].as_str().unwrap(), line["message"].as_str().unwrap()));
    let failed = ("ERROR", "the subscription failed");
    assert_eq!(of_levels.collect::<Vec<_>>(), [("INFO", "the subscription was refused"), failed, failed, failed]);
    assert!(logged[1].to_string().contains("secret host") && logged[1]["channel"] == "/users/io", "{}", logged[1]);
    for event in [subscribe("/users/bob"), channel_subscribe("/users/ada")] {
        assert_eq!(caller.call(event).await.unwrap_err().error_type(), "UnauthorizedException");
    }
}
