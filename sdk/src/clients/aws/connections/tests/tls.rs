//! Which certificates of a server are accepted. They are for `localhost`, sign themselves, and share a key.

use std::io::{Read, Write};
use std::net::TcpListener;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::*;
use crate::clients::https::roots;

const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqHEpJyMpB3jp9VneBCsqOlyHSUEy+lzhmsmMf0Xa2guhRANCAARg6CJFRMKTRSHi2PTiD0kETT0+X38uQRHQ97yGCe+1JpHyAV04omOZb7CUYhpXqcgXFXY3+OlEhcdpqS8jZnR9";

/// Valid from 2020 to 2120.
const VALID: &str = "MIIBYTCCAQegAwIBAgIUGygpbSxiU0zLZRPbb78OmLQytV8wCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowDDEKMAgGA1UEAwwBdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGDoIkVEwpNFIeLY9OIPSQRNPT5ffy5BEdD3vIYJ77UmkfIBXTiiY5lvsJRiGlepyBcVdjf46USFx2mpLyNmdH2jRTBDMAwGA1UdEwEB/wQCMAAwFAYDVR0RBA0wC4IJbG9jYWxob3N0MB0GA1UdDgQWBBRJJtEIIPUs5CO3A01o/ySsxQk28TAKBggqhkjOPQQDAgNIADBFAiAma6PGIVBa9s/EeOJYnIMsrYC90PbDdv1CbHa1ldmc1QIhALzTUUTNPvkza3yg83OHtPb+Vt+vrtm8MrUrPCEi27ta";

/// Expired in 2021.
const EXPIRED: &str = "MIIBYDCCAQWgAwIBAgIUcjzmurjHqhmuJCzJu8+LNPl3bxEwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBdDAeFw0yMDAxMDEwMDAwMDBaFw0yMTAxMDEwMDAwMDBaMAwxCjAIBgNVBAMMAXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARg6CJFRMKTRSHi2PTiD0kETT0+X38uQRHQ97yGCe+1JpHyAV04omOZb7CUYhpXqcgXFXY3+OlEhcdpqS8jZnR9o0UwQzAMBgNVHRMBAf8EAjAAMBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAdBgNVHQ4EFgQUSSbRCCD1LOQjtwNNaP8krMUJNvEwCgYIKoZIzj0EAwIDSQAwRgIhAJniTXJjg7DpKaI7zrEFvd+MnNcYWxJ32RtHA9yKWRFoAiEAsRCAk1lPXrapy5QLKtEqPa8XLABirsf9PkTmKELCqGE=";

fn pem(label: &str, base64: &str) -> Vec<u8> {
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n").into_bytes()
}

fn certificate(base64: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(&pem("CERTIFICATE", base64)).unwrap()
}

/// Runs a server with this certificate, and returns its port.
fn serve_tls(base64: &str) -> u16 {
    let key = PrivateKeyDer::from_pem_slice(&pem("PRIVATE KEY", KEY)).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate(base64)], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream.unwrap());
            while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {
                stream.write_all(OK).unwrap();
            }
        }
    });
    port
}

async fn call(roots: RootCertStore, host: &str, port: u16) -> Result<u16, String> {
    let pool = Connections::new(Tls::with_roots(roots).unwrap()).pool(TimeOuts::default());
    match pool.call(get(&format!("https://{host}:{port}/"))).await {
        Ok(response) => Ok(response.status().as_u16()),
        Err(error) => Err(causes(&error).map(ToString::to_string).collect::<Vec<_>>().join(": ")),
    }
}

fn trusting(base64: &str) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(base64)).unwrap();
    roots
}

#[tokio::test]
async fn a_server_needs_a_valid_certificate_of_a_known_issuer_for_its_host() {
    let valid = serve_tls(VALID);
    assert_eq!(call(trusting(VALID), "localhost", valid).await, Ok(200));
    for (roots, host, port, why) in [
        (roots::system(), "localhost", valid, "UnknownIssuer"),
        (RootCertStore::empty(), "localhost", valid, "UnknownIssuer"),
        (trusting(VALID), "127.0.0.1", valid, "not valid for name"),
        (trusting(EXPIRED), "localhost", serve_tls(EXPIRED), "expired"),
    ] {
        let error = call(roots, host, port).await.unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}
