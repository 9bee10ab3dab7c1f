//! Action groups of Bedrock Agents.

mod random;

use axum::Router;
use axum::routing::{get, post};
use pilaster::http::{self, HttpError, Json, Path, Query};
use pilaster::observe::metrics::CapturedMetrics;
use pilaster::testing::Caller;
use pilaster::tools::{Session, ToolError, Tools, tool};
use pilaster::{BoxError, bedrock};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{answers, listed};
use crate::case::Case;
use crate::meaning::Outcome;
use crate::peer;

/// The events of Bedrock Agents that Powertools' repositories have.
const RECORDED: [&str; 5] = [
    "python-later/bedrockAgentFunctionEvent.json",
    "python-later/bedrockAgentResponseEvent.json",
    "python/bedrockAgentEvent.json",
    "python/bedrockAgentEventWithPathParams.json",
    "python/bedrockAgentPostEvent.json",
];

#[tokio::test]
async fn check_33_action_groups_are_answered_as_by_powertools_but_for_listed_differences() {
    listed::has_recorded("bedrock", &RECORDED);
    let cases = answers::listed("bedrock");
    let mut ours = Vec::new();
    for (case, _) in &cases {
        ours.push(answer(case).await);
    }
    listed::check("bedrock", &answers::answers("bedrock", cases, ours));
}

async fn answer(case: &Case) -> Outcome {
    let metrics = CapturedMetrics::default();
    match case.function.as_str() {
        "agent" => peer::pilaster(Caller::new(tools().for_bedrock()), &metrics, &case.event).await,
        "api" => {
            let api = bedrock::openapi(routes()).layer(http::Stack::new());
            peer::pilaster(Caller::new(api), &metrics, &case.event).await
        }
        other => panic!("there is no function {other}"),
    }
}

/// Defines tools that return what they got.
macro_rules! returning {
    ($($name:ident: $type:ty),*) => {$(
        /// Returns its value.
        #[tool]
        async fn $name(value: $type) -> Value {
            json!({ "value": value })
        }
    )*};
}

returning! {
    text: String, integer: i64, unsigned: u64, number: f64, boolean: bool, integers: Vec<i64>, words: Vec<String>, items: Vec<Item>,
    optional: Option<i64>
}

#[derive(Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    item_name: String,
    quantity: i64,
}

/// Requests vacation.
#[tool(name = "submitVacationRequest")]
async fn submit_vacation_request(
    #[serde(rename = "startDate")] start_date: String,
    #[serde(rename = "endDate")] end_date: String,
) -> Value {
    json!({ "from": start_date, "to": end_date })
}

/// Runs.
#[tool]
async fn none() -> Value {
    json!({ "ran": true })
}

/// Greets.
#[tool]
async fn greet() -> String {
    "hello".to_owned()
}

/// Returns nothing.
#[tool]
async fn nothing() {}

/// Fails.
#[tool]
async fn fails() -> Result<Value, BoxError> {
    Err("secret db host".into())
}

/// Refuses.
#[tool]
async fn refuses() -> Result<Value, ToolError> {
    Err(ToolError::new("no days are left"))
}

/// Fails, so that the user's request fails.
#[tool]
async fn fails_for_good() -> Result<Value, BoxError> {
    Err("no days are left".into())
}

/// Asks the model.
#[tool]
async fn asks() -> Result<Value, ToolError> {
    Err(ToolError::new("which days?"))
}

/// Sets an attribute of the session.
#[tool]
async fn remembers(#[extract] session: Session) -> Value {
    session.set_attribute("last", "vacation");
    json!({ "ran": true })
}

/// Clears the attributes.
#[tool]
async fn forgets(#[extract] session: Session) -> Value {
    session.clear_attributes();
    session.clear_prompt_attributes();
    json!({ "ran": true })
}

/// Configures a knowledge base.
#[tool]
async fn looks_up(#[extract] session: Session) -> Value {
    let results = json!({ "vectorSearchConfiguration": { "numberOfResults": 3 } });
    session.set_knowledge_bases(json!([{ "knowledgeBaseId": "KB1", "retrievalConfiguration": results }]));
    json!({ "ran": true })
}

fn tools() -> Tools {
    let typed = Tools::new().add(text::tool()).add(integer::tool()).add(unsigned::tool()).add(number::tool());
    let typed = typed.add(boolean::tool()).add(integers::tool()).add(words::tool()).add(items::tool());
    let failing = typed.add(optional::tool()).add(fails::tool()).add(refuses::tool()).add(fails_for_good::tool());
    let texts = failing.add(asks::tool()).add(greet::tool()).add(nothing::tool()).add(none::tool());
    let sessions = texts.add(remembers::tool()).add(forgets::tool()).add(looks_up::tool());
    sessions.add(submit_vacation_request::tool())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reminder {
    claim_id: String,
    pending_documents: String,
}

#[derive(Deserialize)]
struct Search {
    text: String,
    limit: Option<u32>,
}

async fn claim(Path(id): Path<String>) -> Result<Json<Value>, HttpError> {
    match id.as_str() {
        "nope" => Err(HttpError::not_found("there is no such claim")),
        "boom" => Err(std::io::Error::other("secret db host").into()),
        _ => Ok(Json(json!({ "id": id }))),
    }
}

async fn send_reminders(Json(reminder): Json<Reminder>) -> Json<Value> {
    Json(json!({ "claim": reminder.claim_id, "documents": reminder.pending_documents }))
}

async fn search(Query(search): Query<Search>) -> Json<Value> {
    Json(json!({ "text": search.text, "limit": search.limit.unwrap_or(10) }))
}

async fn session(session: Session) -> Json<Value> {
    session.set_attribute("last", "claim");
    Json(json!({ "ran": true }))
}

fn routes() -> Router {
    Router::new()
        .route("/claims", get(async || Json(["1", "2"])))
        .route("/claims/{claim_id}", get(claim))
        .route("/send-reminders", post(send_reminders))
        .route("/search", get(search))
        .route("/session", post(session))
}
