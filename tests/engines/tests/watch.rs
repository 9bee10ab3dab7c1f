//! Functions under `cargo lambda watch`: as a user tries them before they are deployed.
//!
//! cargo-lambda sends a deadline of 1970 and its own function ARN; neither may hurt.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use engines::binary::{self, Guarded};
use engines::{free_port, programs};
use serde_json::{Value, json};

/// Far beyond what it takes to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// The id in the event files.
const ID: &str = "01980f3e-7c00-7cc3-98c4-dc0c0c07398f";

/// A running watch, with the cargo and the function that it starts. They end with the handle, and also if the process of the
/// test is killed.
struct Watch {
    keeper: Child,
    programs: PathBuf,
    address: String,
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

impl Watch {
    fn start(arguments: &[&str]) -> Self {
        let programs = programs();
        let port = free_port().to_string();
        // The shell leads a process group, which it ends once its input ends, with handle or test.
        let keep = r#"trap : TERM; "$@" </dev/null & watch=$!; read -r _; kill 0; while kill -0 $watch 2>/dev/null; do wait $watch; done"#;
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", keep, "keeper"])
            .arg(programs.join("cargo-lambda"))
            .args(["lambda", "watch"])
            .args(arguments);
        keeper.args(["--ignore-changes", "--invoke-address", "127.0.0.1", "--invoke-port", &port]);
        keeper.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).stdin(Stdio::piped());
        // The developer's settings must not apply.
        for name in ["TABLE_NAME", "API_KEY_SECRET", "AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL"] {
            keeper.env_remove(name);
        }
        std::os::unix::process::CommandExt::process_group(&mut keeper, 0);
        let keeper = binary::without_cargo_variables(&mut keeper).spawn().expect("`sh` starts");
        let watch = Self { keeper, programs, address: format!("127.0.0.1:{port}") };
        let began = Instant::now();
        while TcpStream::connect(&watch.address).is_err() {
            assert!(began.elapsed() < PATIENCE, "watch does not listen");
            sleep(Duration::from_millis(50));
        }
        watch
    }

    /// Starts a binary as watch would, without compiling it again.
    fn run_binary(&self, function: &str, program: &str) -> Guarded {
        let child = Command::new(program)
            .env("AWS_LAMBDA_RUNTIME_API", format!("http://{}/.rt/{function}", self.address))
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "4096")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        child.map(Guarded).expect("the function starts")
    }

    /// Returns the output of `cargo lambda invoke`. The first time, watch compiles the function.
    fn invoke(&self, function: &str, event: &str) -> Value {
        let (host, port) = self.address.split_once(':').expect("a port");
        let output = Command::new(self.programs.join("cargo-lambda"))
            .args(["lambda", "invoke", function, "--invoke-address", host, "--invoke-port", port])
            .args(["--data-ascii", event])
            .stderr(Stdio::inherit())
            .output()
            .expect("it starts");
        assert!(output.status.success(), "{}", output.status);
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
    }

    /// Returns the JSON response of the function's URL.
    fn get(&self, path: &str) -> Value {
        let answer = binary::get(&self.address, &format!("/lambda-url{path}"), "");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.0 200 "), "{answer}");
        serde_json::from_str(body).expect("JSON")
    }
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON")
}

#[test]
fn crud_creates_reads_lists_updates_and_deletes_a_user_under_watch() {
    let watch = Watch::start(&["--package", "crud", "--bin", "crud", "--wait"]);
    let event = |name: &str, id: &str| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../examples/crud/events/{name}.json"));
        std::fs::read_to_string(file).expect("an event").replace(ID, id)
    };

    let created = watch.invoke("crud", &event("create-user", ID));
    assert_eq!(created["statusCode"], 201, "{created}");
    let ada = body(&created);
    let id = ada["id"].as_str().expect("an id");
    let again = watch.invoke("crud", &event("create-user", ID));
    assert_eq!(again["statusCode"], 409, "the same process keeps its users: {again}");
    assert_eq!(body(&watch.invoke("crud", &event("get-user", id))), ada);
    assert_eq!(body(&watch.invoke("crud", &event("list-users", ID)))["users"], json!([ada]));
    assert_eq!(watch.get("/crud/users")["users"], json!([ada]), "the same through a function URL");
    assert_eq!(watch.get(&format!("/crud/users/{id}")), ada, "the path without what leads to the function");
    let updated = watch.invoke("crud", &event("update-user", id));
    assert_eq!((&updated["statusCode"], &body(&updated)["version"]), (&json!(200), &json!(2)));
    assert_eq!(watch.invoke("crud", &event("delete-user", id))["statusCode"], 204);
    assert_eq!(watch.invoke("crud", &event("get-user", id))["statusCode"], 404);
}

#[test]
fn the_deadline_of_1970_is_no_deadline() {
    let watch = Watch::start(&["--only-lambda-apis"]);
    let _probe = watch.run_binary("probe", env!("CARGO_BIN_EXE_probe"));
    let answer = watch.get("/probe/?number=7");
    assert_eq!((&answer["number"], &answer["has_deadline"]), (&json!(7), &json!(false)), "{answer}");
}

#[test]
fn each_record_of_a_batch_is_run_under_watch_and_the_failed_ones_are_returned() {
    let watch = Watch::start(&["--only-lambda-apis"]);
    let _records = watch.run_binary("records", env!("CARGO_BIN_EXE_records"));
    let event = |queue: &str, whats: &[&str]| {
        let message = |(at, what): (usize, &&str)| {
            json!({
                "messageId": format!("m{at}"), "eventSource": "aws:sqs",
                "eventSourceARN": format!("arn:aws:sqs:us-east-1:123456789012:{queue}"),
                "attributes": { "ApproximateReceiveCount": "1", "MessageGroupId": "one" },
                "body": json!({ "id": at.to_string(), "what": what }).to_string(),
            })
        };
        json!({ "Records": whats.iter().enumerate().map(message).collect::<Vec<_>>() }).to_string()
    };
    let failures = |ids: &[&str]| {
        let failures = ids.iter().map(|id| json!({ "itemIdentifier": id })).collect::<Vec<_>>();
        json!({ "batchItemFailures": failures })
    };
    let whats = ["ok", "fail", "ok", "panic", "unheard of", "discard", "ok"];
    assert_eq!(watch.invoke("records", &event("orders", &whats)), failures(&["m1", "m3", "m4"]));
    assert_eq!(watch.invoke("records", &event("orders", &["ok", "ok"])), failures(&[]));
    assert_eq!(watch.invoke("records", &event("orders.fifo", &["ok", "fail", "ok"])), failures(&["m1", "m2"]));
}
