//! The agent example behind a Runtime API whose client context holds an object, as an AgentCore Gateway sends it, and its schemas
//! by botocore's models.

use std::process::{Command, Stdio};
use std::time::Duration;

use engines::binary::{self, Guarded};
use lambda_simulator::{InvocationBuilder, InvocationStatus, Simulator};
use serde_json::{Value, json};

/// Far longer than any response takes: only a process that hangs gets here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Invokes a function twice with this client context, and returns both outcomes and whether the process still runs.
async fn invoked(program: &std::path::Path, client_context: &str, event: Value) -> (Vec<Option<Value>>, bool) {
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
    let probe = std::path::PathBuf::from(env!("CARGO_BIN_EXE_probe"));
    let (outcomes, runs) = invoked(&probe, CONTEXT, json!({})).await;
    assert_eq!((outcomes, runs), (vec![None, None], false));
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
