//! The OpenAPI document of `crud`, read by what users read documents with: linters, a generator of clients whose client then calls the
//! function, and a generator of requests that finds answers which the document does not allow. Beside it, the document that Powertools makes
//! of the same routes, and the tokens of Cognito, by AWS's own verifier.
//!
//! `crud` itself tests that the document in the repository is current. A longer run of the generator of requests:
//! `SCHEMATHESIS_EXAMPLES=100 cargo test -p engines --test contract`.
#![allow(clippy::unwrap_used)]

mod cognito;
mod generator;
mod powertools;
mod viewer;
mod yaml;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use engines::binary;
use serde_json::{Value, json};

const KEY: &str = "a-key-of-the-test";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the folder of the tools.
fn tools() -> PathBuf {
    let output = Command::new(root().join("tests/contract/install.sh")).arg("--check").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// Returns an empty folder within that of the tools, where modules of npm are found.
fn folder(name: &str) -> PathBuf {
    let folder = tools().join("runs").join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn document() -> Value {
    serde_json::from_str(&fs::read_to_string(root().join("examples/crud/openapi.json")).unwrap()).unwrap()
}

/// Runs a program of the tools. Returns whether it succeeded, and what it printed.
fn run(program: &str, arguments: &[&str], folder: &Path) -> (bool, String) {
    let tools = tools();
    let mut command = match program.strip_prefix("npm:") {
        None => Command::new(tools.join("bin").join(program)),
        Some(program) => {
            let mut node = Command::new(tools.join("bin/node"));
            node.arg(fs::canonicalize(tools.join("node_modules/.bin").join(program)).unwrap());
            node
        }
    };
    let output = command.args(arguments).current_dir(folder).env("REDOCLY_TELEMETRY", "off").output().unwrap();
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    (output.status.success(), text)
}

fn succeeds(program: &str, arguments: &[&str], folder: &Path) -> String {
    let (is_success, text) = run(program, arguments, folder);
    assert!(is_success, "{program} {arguments:?}: {text}");
    text
}

/// `crud` with users in memory, and a key that callers need.
struct Crud {
    process: Child,
    url: String,
}

impl Crud {
    fn start(folder: &Path) -> Self {
        let secrets = folder.join("secrets.json");
        fs::write(&secrets, json!({ "api-keys": { "key": KEY } }).to_string()).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(&binary::example("crud")["crud"]);
        for name in ["TABLE_NAME", "AWS_LAMBDA_RUNTIME_API"] {
            command.env_remove(name);
        }
        let process = command
            .env("PILASTER_ADDR", address.to_string())
            .env("PILASTER_SECRETS", &secrets)
            .env("API_KEY_SECRET", "api-keys")
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "crud does not listen: {}", folder.display());
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { process, url: format!("http://{address}") }
    }
}

impl Drop for Crud {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn linters_accept_the_document_and_find_a_planted_fault() {
    let folder = folder("lint");
    let write = |name: &str, document: &Value| {
        fs::write(folder.join(name), document.to_string()).unwrap();
    };
    write("openapi.json", &document());
    let mut wrong = document();
    wrong["paths"]["/users"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"] =
        "#/components/schemas/NoSuch".into();
    write("wrong.json", &wrong);
    let rules = root().join("tests/contract/spectral.yaml");
    let rules = rules.to_str().unwrap();
    for (program, arguments) in [
        ("npm:redocly", vec!["lint"]),
        ("npm:spectral", vec!["lint", "--fail-severity", "warn", "-r", rules]),
        ("python", vec!["-m", "openapi_spec_validator"]),
    ] {
        succeeds(program, &[&arguments[..], &["openapi.json"]].concat(), &folder);
        let (is_accepted, text) = run(program, &[&arguments[..], &["wrong.json"]].concat(), &folder);
        assert!(!is_accepted, "{program} accepts a reference to nothing: {text}");
    }
}

#[test]
fn a_generated_client_compiles_and_calls_the_function() {
    let folder = folder("client");
    fs::write(folder.join("openapi.json"), document().to_string()).unwrap();
    fs::copy(root().join("tests/contract/client.mts"), folder.join("client.mts")).unwrap();
    succeeds("npm:openapi-typescript", &["openapi.json", "-o", "crud.d.ts"], &folder);
    let options = [
        "--strict",
        "--noUncheckedIndexedAccess",
        "--module",
        "nodenext",
        "--moduleResolution",
        "nodenext",
        "--target",
        "es2022",
    ];
    // The types of Node.js are no part of the client.
    fs::write(folder.join("node.d.ts"), "declare module \"node:assert/strict\" { const assert: { equal(a: unknown, b: unknown): void }; export default assert; }\ndeclare const process: { argv: string[] };\ndeclare const console: { log(text: string): void };\n").unwrap();
    let arguments =
        [&options[..], &["--allowImportingTsExtensions", "--noEmit", "--skipLibCheck", "client.mts", "node.d.ts"]]
            .concat();
    succeeds("npm:tsc", &arguments, &folder);
    let crud = Crud::start(&folder);
    // Node.js removes the types.
    let said = succeeds("node", &["client.mts", &crud.url, KEY], &folder);
    assert!(said.contains("ok"), "{said}");
}

#[test]
fn no_answer_is_one_that_the_document_does_not_allow() {
    let folder = folder("requests");
    let mut strict = document();
    // A `default` allows every status.
    for path in strict["paths"].as_object_mut().unwrap().values_mut() {
        for operation in path.as_object_mut().unwrap().values_mut() {
            operation["responses"].as_object_mut().unwrap().remove("default");
        }
    }
    fs::write(folder.join("strict.json"), strict.to_string()).unwrap();
    let crud = Crud::start(&folder);
    let examples = env::var("SCHEMATHESIS_EXAMPLES").unwrap_or_else(|_| "8".to_owned());
    let header = format!("x-api-key: {KEY}");
    let arguments = |document| {
        let url: &str = &crud.url;
        // JSON Schema has `303.0` as an integer and serde has not, so valid input may be refused.
        vec![
            "run",
            document,
            "--url",
            url,
            "-H",
            &header,
            "--checks",
            "all",
            "--exclude-checks",
            "positive_data_acceptance",
            "-n",
            &examples,
            "--seed",
            "1",
            "--continue-on-failure",
        ]
    };
    let said = succeeds("schemathesis", &arguments("strict.json"), &folder);
    assert!(said.contains("5 selected / 5 total"), "{said}");

    // The same run finds a status and a member that are not in the document.
    strict["paths"]["/users"]["post"]["responses"].as_object_mut().unwrap().remove("422");
    strict["components"]["schemas"]["User"]["properties"]["version"]["type"] = "string".into();
    fs::write(folder.join("wrong.json"), strict.to_string()).unwrap();
    let (is_success, said) = run("schemathesis", &arguments("wrong.json"), &folder);
    assert!(
        !is_success && said.contains("Undocumented status code") && said.contains("Response violates schema"),
        "{said}"
    );
}
