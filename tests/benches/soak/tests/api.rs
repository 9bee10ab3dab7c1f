//! The Runtime API, just enough of it: requests are read here, the test writes the responses.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

/// A request of the function.
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// Returns whether it requests an event.
    pub(crate) fn is_next(&self) -> bool {
        self.path == "/2018-06-01/runtime/invocation/next"
    }

    /// Returns the request id of an outcome, and `true` for a response, `false` for an error.
    pub(crate) fn answered(&self) -> Option<(&str, bool)> {
        let (id, how) = self.path.strip_prefix("/2018-06-01/runtime/invocation/")?.split_once('/')?;
        Some((id, how == "response"))
    }
}

/// The next request of a connection; `None` once it is closed.
pub(crate) fn asked(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let (mut line, mut path, mut length, mut chunked) = (String::new(), String::new(), 0, false);
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let text = line.trim_end().to_ascii_lowercase();
        if text.is_empty() {
            break;
        } else if path.is_empty() {
            path = line.split(' ').nth(1)?.to_owned();
        } else if let Some(value) = text.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        } else if text.starts_with("transfer-encoding:") {
            chunked = true;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    while chunked {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let size = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        body.extend(&chunk[..size]);
        chunked = size > 0;
    }
    Some(Asked { path, body })
}

/// Returns the bytes of a response with an event.
pub(crate) fn event(id: &str, trace: Option<&str>, event: &str) -> Vec<u8> {
    let trace = trace.map_or_else(String::new, |trace| format!("Lambda-Runtime-Trace-Id: {trace}\r\n"));
    format!(
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: {id}\r\nLambda-Runtime-Deadline-Ms: 0\r\n{trace}\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:soak\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{event}",
        event.len()
    )
    .into_bytes()
}

/// The bytes of the response to an outcome.
pub(crate) const TAKEN: &[u8] = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

/// Writes it; whether the function was still there.
pub(crate) fn write(mut stream: &TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).is_ok()
}

/// The function, killed with the test.
pub(crate) struct Function(pub(crate) Child);

impl Function {
    /// Starts it against this API.
    pub(crate) fn start(api: &TcpListener, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bench-soak"));
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("AWS_LAMBDA_RUNTIME_API", api.local_addr().expect("its address").to_string());
        command.envs([
            ("AWS_LAMBDA_FUNCTION_NAME", "soak"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ]);
        Self(command.envs(variables.iter().copied()).spawn().expect("it starts"))
    }

    pub(crate) fn process(&self) -> Process {
        Process(self.0.id())
    }
}

/// A function as the system sees it. Threads that outlive the test hold this: one that held the function would keep it alive.
#[derive(Clone, Copy)]
pub(crate) struct Process(u32);

impl Process {
    /// Its anonymous memory, in KB; `None` once it has ended.
    pub(crate) fn memory(self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        line.trim().trim_end_matches(" kB").trim().parse().ok()
    }

    /// Returns the number of its open descriptors; `None` once it has ended.
    pub(crate) fn descriptors(self) -> Option<usize> {
        Some(std::fs::read_dir(format!("/proc/{}/fd", self.0)).ok()?.count())
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
