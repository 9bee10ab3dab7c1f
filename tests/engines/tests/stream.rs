//! The stream example: in a local run, whose client reads each event while the response is open, and goes away; and deployed by its
//! template into an engine with function URLs and DynamoDB.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use engines::Engine;
use engines::binary::{self, Guarded};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a request to the local run, and returns the connection.
fn request(address: &str, request: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream.write_all(request.as_bytes()).expect("it reads");
    BufReader::new(stream)
}

fn append(address: &str, status: &str) {
    let body = format!("{{\"status\":\"{status}\"}}");
    let head = format!(
        "POST /?order=o-1 HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut response = String::new();
    request(address, &(head + &body)).read_to_string(&mut response).expect("a response");
    assert!(response.starts_with("HTTP/1.0 201"), "{response}");
}

/// Reads lines up to one that starts so.
fn read_to(lines: &mut impl BufRead, start: &str) -> String {
    loop {
        let mut line = String::new();
        assert_ne!(lines.read_line(&mut line).expect("a line"), 0, "the end comes before {start:?}");
        if line.starts_with(start) {
            return line;
        }
    }
}

#[test]
fn a_client_of_the_local_run_reads_each_event_at_once_and_may_go_away() {
    let built = binary::example("stream");
    let mut command = Command::new(&built["stream"]);
    command.env_clear().env("PILASTER_ADDR", "127.0.0.1:0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().map(Guarded).expect("it starts");
    let mut output = BufReader::new(process.0.stdout.take().expect("a pipe"));
    let listening = read_to(&mut output, "listening on");
    let address = listening.split_once("http://").and_then(|(_, rest)| rest.split(' ').next()).expect("an address");
    let address = address.to_owned();
    let mut log = BufReader::new(process.0.stderr.take().expect("a pipe"));

    append(&address, "placed");
    let mut client = request(&address, &format!("GET /?order=o-1 HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    assert!(read_to(&mut client, "content-type: ").contains("text/event-stream"));
    assert!(read_to(&mut client, "data: ").contains("placed"));
    append(&address, "paid");
    assert!(read_to(&mut client, "data: ").contains("paid"), "the response is still open");
    drop(client);
    // The line comes at the latest when the response would have ended by itself, and then says something else.
    let ended = loop {
        let line = read_to(&mut log, "");
        if line.contains("the stream ended") {
            break line;
        }
    };
    assert!(ended.contains("is_early=true"), "{ended}");
}

#[test]
fn a_signed_request_follows_an_order_through_the_function_url_and_continues_where_it_was() {
    let engine = Engine::shared();
    let report = engine.report_of("stream", "stream.py");
    assert_eq!(report["mode"], "RESPONSE_STREAM");
    assert_eq!((&report["unsigned"]["status"], &report["unknown"]["status"]), (&json!(403), &json!(404)));
    assert_eq!(report["appended"], json!([201, 201, 201, 201]));
    let ids = |name: &str| {
        let response = &report[name];
        assert_eq!((&response["status"], &response["type"]), (&json!(200), &json!("text/event-stream")), "{response}");
        let text = response["text"].as_str().expect("text").to_owned();
        text.lines().filter_map(|line| line.strip_prefix("id: ")?.parse().ok()).collect::<Vec<u32>>()
    };
    assert_eq!(ids("followed"), [1, 2, 3, 4], "{:#}", report["log"]);
    assert_eq!(ids("continued"), [3, 4]);
    assert_eq!(report["at the end"]["status"], 204);
}
