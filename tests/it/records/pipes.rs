//! A case from outside: what a pipe from a queue sends.

use super::*;

#[tokio::test]
async fn the_array_of_a_pipe_is_handled() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cases/pipe-array.json");
    let case: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let look = {
        let seen = Arc::clone(&seen);
        move |message: Sqs<Value>| {
            seen.lock().unwrap().push(message.body);
            std::future::ready(Ok::<_, BoxError>(()))
        }
    };
    let answer = call(&Caller::new(pilaster::handler(look)), &case["event"].to_string()).await.unwrap();
    assert_eq!(json!([answer]), case["expect"]["answers"]);
    let seen: Vec<_> = seen.lock().unwrap().iter().map(|body| json!({ "body": body })).collect();
    assert_eq!(json!(seen), case["expect"]["saw"]);
    assert_eq!(answered::<Sqs<Value>>(&case["event"], &[0]).await.unwrap(), failures(["m0"]));
}
