//! What the hand-written functions share: the work itself and its log line.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The origin that may call.
pub const ORIGIN: &str = "https://app.example.com";

#[derive(Deserialize)]
struct NewUser {
    email: String,
    name: String,
}

#[derive(Serialize)]
struct User<'a> {
    id: &'a str,
    email: &'a str,
    name: &'a str,
}

/// What becomes of a request to create a user.
#[derive(Debug)]
pub enum Outcome {
    /// The user as JSON.
    Created(Vec<u8>),
    /// The body is not JSON of a user.
    Malformed,
    /// This member has no valid value.
    Invalid(&'static str),
    /// The cause, which the client must not see.
    Failed(String),
}

impl Outcome {
    /// Status of the response.
    pub fn status(&self) -> u16 {
        match self {
            Outcome::Created(_) => 201,
            Outcome::Malformed => 400,
            Outcome::Invalid(_) => 422,
            Outcome::Failed(_) => 500,
        }
    }

    /// The cause of a failure, for the log line.
    pub fn error(&self) -> Option<&str> {
        match self {
            Outcome::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Body of the response, JSON.
    pub fn body(self) -> Vec<u8> {
        match self {
            Outcome::Created(b) => b,
            Outcome::Malformed => br#"{"message":"malformed JSON"}"#.to_vec(),
            Outcome::Invalid(f) => format!(r#"{{"message":"invalid {f}"}}"#).into_bytes(),
            Outcome::Failed(_) => br#"{"message":"Internal Server Error"}"#.to_vec(),
        }
    }
}

/// Parses and validates the body. `id` is that of the request, which the user gets.
pub fn create_user(body: &[u8], id: &str) -> Outcome {
    let Ok(u) = serde_json::from_slice::<NewUser>(body) else { return Outcome::Malformed };
    if !u.email.contains('@') || u.email.len() > 254 {
        return Outcome::Invalid("email");
    }
    if u.name.is_empty() || u.name.len() > 100 {
        return Outcome::Invalid("name");
    }
    if u.email == "boom@example.com" {
        return Outcome::Failed("db password is hunter2".into());
    }
    let out = User { id, email: &u.email, name: &u.name };
    serde_json::to_vec(&out).map_or_else(|error| Outcome::Failed(error.to_string()), Outcome::Created)
}

/// The body of a message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Id of the order.
    pub order_id: String,
    /// What it costs.
    pub amount: f64,
}

struct Env {
    function_name: String,
    memory: u32,
    service: String,
}

static ENV: OnceLock<Env> = OnceLock::new();
static COLD: AtomicBool = AtomicBool::new(true);

fn env() -> &'static Env {
    ENV.get_or_init(|| {
        let var = |name| std::env::var(name).unwrap_or_default();
        Env {
            function_name: var("AWS_LAMBDA_FUNCTION_NAME"),
            memory: var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").parse().unwrap_or(0),
            service: "users".into(),
        }
    })
}

#[derive(Serialize)]
struct Line<'a> {
    level: &'a str,
    message: &'a str,
    timestamp: &'a str,
    service: &'a str,
    cold_start: bool,
    function_name: &'a str,
    function_memory_size: u32,
    function_arn: &'a str,
    function_request_id: &'a str,
    xray_trace_id: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Writes one JSON line by one call.
pub fn log(message: &str, arn: &str, request_id: &str, trace: &str, status: u16, error: Option<&str>) {
    let cold_start = COLD.load(Ordering::Relaxed) && COLD.swap(false, Ordering::Relaxed);
    let env = env();
    let mut timestamp = [0; 24];
    let line = Line {
        level: if error.is_some() { "ERROR" } else { "INFO" },
        message,
        timestamp: now(&mut timestamp),
        service: &env.service,
        cold_start,
        function_name: &env.function_name,
        function_memory_size: env.memory,
        function_arn: arn,
        function_request_id: request_id,
        xray_trace_id: trace,
        status,
        error,
    };
    let mut buf = Vec::with_capacity(512);
    let _ = serde_json::to_writer(&mut buf, &line);
    buf.push(b'\n');
    let _ = std::io::stdout().lock().write_all(&buf);
}

/// `2026-03-12T19:03:58.123Z`
fn now(out: &mut [u8; 24]) -> &str {
    let d = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (secs, ms) = (d.as_secs(), d.subsec_millis());
    let (days, rem) = ((secs / 86_400) as i64, secs % 86_400);
    // The date of a number of days, by Howard Hinnant's `civil_from_days`.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    let mut w: &mut [u8] = out;
    let _ =
        write!(w, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{ms:03}Z", rem / 3600, rem % 3600 / 60, rem % 60);
    std::str::from_utf8(out).unwrap_or("")
}
