use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use super::*;
use crate::config::secrets::ExposeSecret as _;
use crate::{Client, Clients, Event, FromClients, Secrets};

/// A client that needs a secret.
#[derive(Clone)]
struct Database;

impl FromClients for Database {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        eprintln!("warm-up");
        let secret = clients.get::<Secrets>().await?.get("db").text().await?;
        eprintln!("warmed with {}", secret.expose_secret().len());
        Ok(Self)
    }
}

/// Runs a function with these arguments in a process of its own.
fn child(arguments: &str, variables: &[(&str, &str)]) -> Output {
    let name = "runtime::tests::mistakes_in_a_local_run_are_reported_before_any_effect";
    let mut child = Command::new(std::env::current_exe().expect("the path of this test"));
    child.args(["--exact", name, "--nocapture"]).env_clear().env("PILASTER_TEST_CHILD", arguments);
    child.envs(variables.iter().copied()).output().expect("this test starts again")
}

fn run_as_child(arguments: &str) {
    async fn event(_: Client<Database>, Event(value): Event<Value>) -> Result<Value, BoxError> {
        Ok(value)
    }
    async fn page(_: http::Method) -> &'static str {
        ""
    }
    let hook = async || eprintln!("hook");
    let mut arguments = arguments.split(' ').filter(|argument| !argument.is_empty()).map(OsString::from).peekable();
    let started = match arguments.next_if(|argument| argument == "page") {
        None => start(|| Ok(crate::handler(event).warm::<Client<Database>>().on_shutdown(hook)), arguments),
        Some(_) => start(|| Ok(crate::handler(page).warm::<Client<Database>>().on_shutdown(hook)), arguments),
    };
    eprintln!("{started:?}");
}

#[test]
fn mistakes_in_a_local_run_are_reported_before_any_effect() {
    if let Ok(arguments) = std::env::var("PILASTER_TEST_CHILD") {
        return run_as_child(&arguments);
    }
    let folder = std::env::temp_dir().join(format!("pilaster-{}-run", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| -> String {
        let file: PathBuf = folder.join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let secrets = write("secrets.json", r#"{"db": "hunter2"}"#);
    let (event, odd) = (write("event.json", "1"), write("odd.json", "1, 2"));
    let secrets = ("PILASTER_SECRETS", &*secrets);
    for (arguments, variable, printed) in [
        ("--help", secrets, "Ok(())"),
        ("--event sqs", secrets, "Ok(())"),
        ("--event nosuch", secrets, "must be one of"),
        ("none.json", secrets, "cannot read none.json"),
        (&*odd, secrets, "is not JSON"),
        ("page --help", secrets, "Ok(())"),
        ("page", ("PILASTER_CLAIMS", "{"), "PILASTER_CLAIMS must contain a JSON object"),
        ("page", ("PILASTER_ADDR", "127.0.0.1:0:0"), "cannot listen on"),
        (&*event, ("PILASTER_SECRETS", "none.json"), "cannot read the file"),
    ] {
        let shown = String::from_utf8(child(arguments, &[variable]).stderr).unwrap();
        assert!(shown.contains(printed), "{arguments}: {shown}");
        assert!(!shown.contains("warm-up") && !shown.contains("hook"), "{arguments}: {shown}");
    }

    // The secret of the file, which is not fetched from AWS.
    let output = child(&event, &[secrets]);
    let shown = String::from_utf8(output.stderr).unwrap();
    assert!(shown.contains("warmed with 7") && shown.contains("hook") && shown.contains("Ok(())"), "{shown}");
    assert!(String::from_utf8_lossy(&output.stdout).lines().any(|line| line.ends_with('1')));
    std::fs::remove_dir_all(&folder).unwrap();
}
