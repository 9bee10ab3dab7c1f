//! The binary, called with the sample event: what it writes, and what it sends to a collector.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use serde_json::{Value, json};

/// Returns the body of the first request, which is answered with 200.
fn first_request(collector: &TcpListener) -> Vec<u8> {
    let (mut stream, _) = collector.accept().expect("a request");
    let (mut request, mut buffer) = (Vec::new(), [0; 4_096]);
    loop {
        let head = request.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        let length = head.and_then(|head| {
            let text = String::from_utf8_lossy(&request[..head]).to_lowercase();
            text.split_once("content-length: ")?.1.split("\r\n").next()?.parse::<usize>().ok()
        });
        if let (Some(head), Some(length)) = (head, length)
            && request.len() >= head + length
        {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            return request.split_off(head);
        }
        let read = stream.read(&mut buffer).expect("a body");
        assert_ne!(read, 0, "the request has an end");
        request.extend_from_slice(&buffer[..read]);
    }
}

#[test]
fn one_request_emits_metrics_spans_and_log_lines() {
    let collector = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = collector.local_addr().expect("an address");
    let spans = thread::spawn(move || first_request(&collector));
    let output = Command::new(env!("CARGO_BIN_EXE_observability"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/events/quote.json"))
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}"))
        .envs([
            ("POWERTOOLS_SERVICE_NAME", "quotes"),
            ("POWERTOOLS_LOG_LEVEL", "INFO"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ])
        .env_remove("CATALOGUE_TABLE")
        .output()
        .expect("the binary starts");
    let (response, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{log}");
    assert!(response.contains("17910"), "{response}");

    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect::<Vec<_>>();
    let with = |key: &str| lines.iter().find(|line| line.get(key).is_some()).unwrap_or_else(|| panic!("{key}: {log}"));
    assert_eq!(with("ColdStart")["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Shop");
    assert_eq!(with("Quotes")["Quotes"], json!([1.0]));
    assert!(with("InvocationLatency")["InvocationLatency"][0].is_f64());
    let amount = with("QuotedAmount");
    assert_eq!((&amount["QuotedAmount"], &amount["currency"]), (&json!([17_910.0]), &json!("EUR")));

    let quoted = lines.iter().find(|line| line["message"] == "quoted").unwrap_or_else(|| panic!("no line: {log}"));
    assert_eq!((&quoted["item"], &quoted["amount"]), (&json!("umbrella"), &json!(17_910)));
    let trace = quoted["trace_id"].as_str().expect("the line refers to the trace");
    let spans = spans.join().expect("spans");
    let has = |text: &[u8]| spans.windows(text.len()).any(|part| part == text);
    assert!(has(b"look up") && has(b"discount") && has(b"POST"));
    let trace: Vec<u8> = (0..16).map(|at| u8::from_str_radix(&trace[2 * at..2 * at + 2], 16).expect("hex")).collect();
    assert!(has(&trace), "the spans are of the trace of the line");
}
