//! An issuer for local runs: prints the token of a user of each tenant, and serves its keys until Ctrl-C.

use std::io::{Read, Write};

use pilaster::{BoxError, testing::TokenIssuer};
use serde_json::json;

fn main() -> Result<(), BoxError> {
    let listener = std::net::TcpListener::bind("127.0.0.1:9000")?;
    let address = "http://127.0.0.1:9000";
    let issuer = TokenIssuer::new(address)?;
    for tenant in ["acme", "globex"] {
        println!("{}={}", tenant.to_uppercase(), issuer.token(json!({ "aud": "notes", "custom:tenant": tenant })));
    }
    // Each path has this document: the keys, and where they are.
    let mut document = issuer.jwks();
    (document["issuer"], document["jwks_uri"]) = (json!(address), json!(address));
    for stream in listener.incoming() {
        let mut stream = stream?;
        let _ = stream.read(&mut [0; 4096])?;
        write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{document}")?;
    }
    Ok(())
}
