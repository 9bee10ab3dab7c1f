//! The Runtime API over one `std::net::TcpStream`: no async, no HTTP library. It is the floor of what a function can cost.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// One invocation, borrowed from the buffer of the connection.
#[derive(Debug)]
pub struct Invocation<'a> {
    /// Id of the request.
    pub request_id: &'a str,
    /// ARN of the function, as it was invoked.
    pub arn: &'a str,
    /// Trace header.
    pub trace: &'a str,
    /// The event.
    pub event: &'a [u8],
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
}

fn is_invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Reads one response into the buffer, and returns the ends of its head and of its body.
fn read_response(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<(usize, usize)> {
    let mut filled = 0;
    let mut ends = None;
    loop {
        if filled == buffer.len() {
            buffer.resize(buffer.len() * 2, 0);
        }
        match stream.read(&mut buffer[filled..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => filled += read,
        }
        if ends.is_none()
            && let Some(head) = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n")
        {
            let text = std::str::from_utf8(&buffer[..head]).map_err(is_invalid)?;
            let body: usize = header(text, "content-length").parse().map_err(is_invalid)?;
            ends = Some((head, head + 4 + body));
        }
        if let Some((head, end)) = ends
            && filled >= end
        {
            return Ok((head, end));
        }
    }
}

/// Answers invocations until the Runtime API closes the connection. `answer` writes the response into an empty buffer.
///
/// # Errors
///
/// It is that of the connection, or of a response that is no HTTP.
pub fn run(mut answer: impl FnMut(&Invocation<'_>, &mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(is_invalid)?;
    let mut stream = TcpStream::connect(&api)?;
    stream.set_nodelay(true)?;
    let next = format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: {api}\r\n\r\n");
    let (mut buffer, mut accepted) = (vec![0; 32 << 10], vec![0; 4 << 10]);
    let (mut body, mut message) = (Vec::with_capacity(4 << 10), Vec::with_capacity(8 << 10));
    loop {
        stream.write_all(next.as_bytes())?;
        let (head, end) = read_response(&mut stream, &mut buffer)?;
        let text = std::str::from_utf8(&buffer[..head]).map_err(is_invalid)?;
        let invocation = Invocation {
            request_id: header(text, "lambda-runtime-aws-request-id"),
            arn: header(text, "lambda-runtime-invoked-function-arn"),
            trace: header(text, "lambda-runtime-trace-id"),
            event: &buffer[head + 4..end],
        };
        body.clear();
        answer(&invocation, &mut body)?;
        message.clear();
        write!(
            message,
            "POST /2018-06-01/runtime/invocation/{}/response HTTP/1.1\r\nHost: {api}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            invocation.request_id,
            body.len()
        )?;
        message.extend_from_slice(&body);
        stream.write_all(&message)?;
        read_response(&mut stream, &mut accepted)?;
    }
}
