//! The graphql example, built and deployed by its template into an engine with AppSync, Cognito and DynamoDB, and the reference implementation
//! of GraphQL over the same items: acceptance check 17 of AppSync.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use engines::Engine;
use serde_json::{Value, json};

/// Returns the response of the reference implementation.
fn reference(input: &Value) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../graphql");
    let installed = Command::new(folder.join("install.sh")).arg("--check").output().expect("`install.sh` starts");
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    let installed = String::from_utf8_lossy(&installed.stdout).trim().to_owned();
    let mut node = Command::new(Path::new(&installed).join("bin/node"))
        .arg(folder.join("execute.mjs"))
        .arg(&installed)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    node.stdin.take().expect("a pipe").write_all(input.to_string().as_bytes()).expect("the input");
    let output = node.wait_with_output().expect("the output");
    assert!(output.status.success(), "execute.mjs failed");
    serde_json::from_slice(&output.stdout).expect("a response")
}

/// Returns the data, and the path and the message of each error: AppSync adds its own members.
fn essence(response: &Value) -> Value {
    let errors = response["errors"].as_array().into_iter().flatten();
    let errors = errors.map(|error| json!([error["path"], error["message"]])).collect::<Vec<_>>();
    json!({ "data": response["data"], "errors": errors })
}

#[test]
fn check_17_the_api_answers_as_the_reference_implementation_does() {
    let engine = Engine::shared();
    let report = engine.report_of("graphql", "graphql.py");

    assert_eq!(report["none"], json!({ "data": { "posts": [] } }));
    for (at, (title, name)) in [("one", "ada"), ("two", "ben"), ("three", "ada")].into_iter().enumerate() {
        let post = json!({ "title": title, "author": { "name": name } });
        assert_eq!(report["added"][at], json!({ "data": { "addPost": post } }));
    }
    // The engine has a type of its own for each error of a function.
    assert_eq!(report["refused"]["errors"][0]["message"], "a title has 1 to 200 bytes", "{}", report["refused"]);

    let items = report["items"].as_array().expect("items");
    let mut posts = items.iter().filter(|item| item["pk"] == "posts").collect::<Vec<_>>();
    posts.sort_by_key(|post| std::cmp::Reverse(post["sk"].as_str()));
    let authors = items.iter().filter(|item| item["name"].is_string()).collect::<Vec<_>>();
    assert_eq!((posts.len(), authors.len()), (3, 2), "{items:?}");
    let input = |authors: &[&Value]| json!({ "schema": report["schema"], "query": report["query"], "posts": posts, "authors": authors });
    assert_eq!(essence(&report["posts"]), essence(&reference(&input(&authors))));

    let left = authors.into_iter().filter(|author| author["name"] == "ada").collect::<Vec<_>>();
    let expected = essence(&reference(&input(&left)));
    assert_eq!(expected["errors"], json!([[["posts", 1, "author"], "the author of this post is not known"]]));
    assert_eq!(essence(&report["one author is gone"]), expected);
}
