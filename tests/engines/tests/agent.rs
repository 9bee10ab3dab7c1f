//! The agent example: deployed by its template into an engine, where foreign clients of MCP call its function URL and an agent
//! invokes it; behind a Runtime API whose client context holds an object, as an AgentCore Gateway sends it; and its schemas by
//! botocore's models.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use engines::Engine;
use engines::binary::{self, Guarded};
use lambda_simulator::{InvocationBuilder, InvocationStatus, Simulator};
use serde_json::{Value, json};

/// Far longer than any response takes: only a process that hangs gets here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Invokes a function twice with this client context, and returns both outcomes and whether the process still runs.
async fn invoked(program: &Path, client_context: &str, event: Value) -> (Vec<Option<Value>>, bool) {
    let simulator = Simulator::builder().function_name("agent").build().await.expect("the simulator starts");
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.envs(simulator.lambda_env_vars()).spawn().map(Guarded).expect("the function starts");
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        let invocation = InvocationBuilder::new().payload(event.clone()).client_context(client_context);
        let invocation = invocation.timeout_ms(PATIENCE.as_millis() as u64).build().expect("an invocation");
        let id = simulator.enqueue(invocation).await;
        loop {
            // A process that has ended never answers.
            let waited = simulator.wait_for_invocation_complete(&id, Duration::from_millis(200)).await;
            if let Ok(state) = waited {
                let answer = (state.status == InvocationStatus::Success).then_some(state.response).flatten();
                outcomes.push(answer.map(|response| response.payload));
                break;
            }
            if child.0.try_wait().expect("a state").is_some() {
                outcomes.push(None);
                break;
            }
        }
    }
    let runs = child.0.try_wait().expect("a state").is_none();
    (outcomes, runs)
}

const CONTEXT: &str =
    r#"{"custom":{"bedrockAgentCoreToolName":"rooms___quote","bedrockAgentCorePropagatedHeaders":{"X-User":"ada"}}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn check_34_an_object_in_the_client_context_does_not_end_the_process() {
    let programs = binary::example("agent");
    let (outcomes, runs) = invoked(&programs["agent"], CONTEXT, json!({ "room": "sea", "nights": 2 })).await;
    assert_eq!(outcomes, [Some(json!(28_000)), Some(json!(28_000))]);
    assert!(runs);
}

/// The day on which this fails, `lambda_runtime` is repaired, and `runtime/client_context.rs` can go.
#[tokio::test(flavor = "multi_thread")]
async fn check_34_it_ends_the_loop_of_lambda_runtime() {
    let probe = PathBuf::from(env!("CARGO_BIN_EXE_probe"));
    let (outcomes, runs) = invoked(&probe, CONTEXT, json!({})).await;
    assert_eq!((outcomes, runs), (vec![None, None], false));
}

/// Runs a foreign client of MCP, and returns what it prints.
fn printed(client: &mut Command) -> String {
    let output = client.output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The folder of the scripts and of the clients of MCP.
fn clients() -> (PathBuf, PathBuf) {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp");
    let installed = printed(Command::new(scripts.join("install.sh")).arg("--check"));
    (scripts, installed.trim().into())
}

#[test]
fn an_agent_and_foreign_clients_of_mcp_use_the_deployed_tools() {
    let engine = Engine::shared();
    let report = engine.report_of("agent", "agent.py");
    an_agent_is_answered(&report);

    let everyone = r#""*""#;
    assert_eq!(report["type"], "NONE");
    let public = json!([[everyone, "lambda:InvokeFunction"], [everyone, "lambda:InvokeFunctionUrl"]]);
    assert_eq!(report["allowed"]["Server"], public);
    let url = report["url"].as_str().expect("a URL");
    let (scripts, installed) = clients();
    for (mode, revision) in [("auto", "2026-07-28"), ("legacy", "2025-11-25")] {
        let mut python = Command::new(installed.join("bin/python"));
        let text = printed(python.arg(scripts.join("rooms.py")).args([url, mode]));
        assert!(text.contains("ok") && text.contains(revision), "{mode}: {text}");
    }
    let inspect = |arguments: &[&str]| {
        let mut node = Command::new(installed.join("bin/node"));
        node.arg(fs::canonicalize(installed.join("node_modules/.bin/mcp-inspector")).expect("the inspector"));
        node.args(["--cli", url, "--transport", "http"]).args(arguments).current_dir(&installed);
        let text = printed(&mut node);
        let json = text.find('{').map(|start| &text[start..]).unwrap_or_default();
        let first = serde_json::Deserializer::from_str(json).into_iter::<Value>().next();
        first.expect("a result").expect("JSON")
    };
    assert_eq!(inspect(&["--method", "tools/list"])["tools"][1]["name"], "quote");
    let quote = ["--method", "tools/call", "--tool-name", "quote", "--tool-arg", "room=sea", "nights=2"];
    assert_eq!(inspect(&quote)["structuredContent"], json!({ "result": 28_000 }));
}

/// Checks the responses to an agent.
fn an_agent_is_answered(report: &Value) {
    let agent = json!([[r#"{"Service": "bedrock.amazonaws.com"}"#, "lambda:InvokeFunction"]]);
    assert_eq!(report["allowed"]["Rooms"], agent);
    let rooms = json!({ "rooms": [{ "name": "sea", "guests": 2, "cents": 14_000 }, { "name": "family", "guests": 4, "cents": 19_000 }] });
    let found = &report["found"]["answer"]["response"]["functionResponse"]["responseBody"]["TEXT"]["body"];
    let found = serde_json::from_str::<Value>(found.as_str().unwrap_or_default());
    assert_eq!(found.ok(), Some(rooms), "{:#}", report["log"]);

    // Attributes that no tool changes are not in a response.
    let response = |function: &str, state: Option<&str>, body: &str| {
        let mut of_function = json!({ "responseBody": { "TEXT": { "body": body } } });
        if let Some(state) = state {
            of_function["responseState"] = state.into();
        }
        let group = "VacationsActionGroup";
        let response = json!({ "actionGroup": group, "function": function, "functionResponse": of_function });
        json!({ "error": null, "answer": { "messageVersion": "1.0", "response": response } })
    };
    let mut quoted = response("quote", None, "28000");
    quoted["answer"]["sessionAttributes"] =
        json!({ "employeeId": "EMP123", "department": "Engineering", "room": "sea" });
    assert_eq!(report["quoted"], quoted);
    assert_eq!(report["remembered"], response("quote", None, "42000"));
    let no_room = "there is no such room: find rooms first";
    assert_eq!(report["refused"], response("quote", Some("REPROMPT"), no_room));
    let no_function = "there is no function of this name";
    assert_eq!(report["unknown"], response("submitVacationRequest", Some("REPROMPT"), no_function));
    assert_eq!(report["another event"]["error"], "Unhandled", "{:#}", report["another event"]);
}

#[test]
fn check_35_botocore_accepts_the_exported_schemas() {
    let script = r#"
import json, sys, botocore.session
from botocore.validate import ParamValidator
session = botocore.session.get_session()
def faults(service, shape, value):
    model = session.get_service_model(service)
    return ParamValidator().validate(value, model.shape_for(shape)).generate_report()
agentcore, bedrock = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
found = [faults("bedrock-agentcore-control", "ToolDefinition", tool) for tool in agentcore]
found.append(faults("bedrock-agent", "FunctionSchema", bedrock))
bad = dict(agentcore[0], inputSchema={"type": "object", "$defs": {}})
print(json.dumps([found, faults("bedrock-agentcore-control", "ToolDefinition", bad) != ""]))
"#;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/agent");
    let output = Command::new(engines::programs().join("python"))
        .args(["-c", script, "agentcore-schema.json", "bedrock-schema.json"])
        .current_dir(folder)
        .output()
        .expect("python starts");
    let found: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(found, json!([["", "", ""], true]));
}
