//! The root certificates of Linux, from the files that `rustls-native-certs` would read.
//!
//! That crate reads PEM byte by byte, with 8 million instructions for the 146 certificates of a system: two thirds of
//! the start of a function with AWS clients. Decoded with SIMD, they take a twentieth of that.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// Returns the certificates in DER, each once.
pub(super) fn certificates() -> Vec<Vec<u8>> {
    let (file, folders) = places();
    read_all(file, &folders)
}

fn read_all(file: Option<PathBuf>, folders: &[PathBuf]) -> Vec<Vec<u8>> {
    let files = file.into_iter().chain(folders.iter().flat_map(|folder| files(folder)));
    let mut read = HashSet::new();
    let mut certificates = Vec::new();
    for file in files {
        let pem = fs::metadata(&file).and_then(|metadata| {
            // A folder usually has several links to a file.
            let is_new = read.insert((metadata.dev(), metadata.ino()));
            if is_new { fs::read(&file) } else { Ok(Vec::new()) }
        });
        match pem {
            Ok(pem) => decode(&pem, &mut certificates),
            Err(error) => tracing::warn!(file = %file.display(), %error, "root certificates cannot be read"),
        }
    }
    certificates.sort_unstable();
    certificates.dedup();
    certificates
}

/// Returns the file, and the folders, that have the certificates.
fn places() -> (Option<PathBuf>, Vec<PathBuf>) {
    let file = env::var_os(openssl_probe::ENV_CERT_FILE).map(PathBuf::from);
    let folders = env::var_os(openssl_probe::ENV_CERT_DIR).unwrap_or_default();
    let folders: Vec<_> = env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty()).collect();
    if file.is_some() || !folders.is_empty() {
        return (file, folders);
    }
    let found = openssl_probe::probe();
    (found.cert_file, found.cert_dir)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    match fs::read_dir(folder) {
        // Without links to a file that does not exist, and pipes, whose read would not end.
        Ok(entries) => entries.flatten().map(|entry| entry.path()).filter(|file| file.is_file()).collect(),
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "root certificates cannot be read");
            Vec::new()
        }
    }
}

/// Adds the certificates of a PEM file. Lines between them are comments.
fn decode(pem: &[u8], certificates: &mut Vec<Vec<u8>>) {
    let mut body = Vec::with_capacity(4096);
    let mut is_in_body = false;
    let mut start = 0;
    for end in memchr::memchr2_iter(b'\n', b'\r', pem).chain([pem.len()]) {
        let mut line = pem[start..end].trim_ascii_end();
        start = end + 1;
        if is_in_body && let Some(rest) = line.strip_prefix(END) {
            is_in_body = false;
            // Files that were joined without a line break have the next certificate on this line.
            line = rest;
            // The strict decoder does not accept spaces, as in an indented file, and needs the padding.
            match base64_simd::STANDARD.decode_to_vec(&body).or_else(|_| base64_simd::forgiving_decode_to_vec(&body)) {
                Ok(certificate) => certificates.push(certificate),
                Err(error) => tracing::warn!(%error, "a root certificate is not valid PEM and is ignored"),
            }
        }
        if line == BEGIN {
            body.clear();
            is_in_body = true;
        } else if is_in_body {
            body.extend_from_slice(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(base64: &str) -> String {
        let [begin, end] = [BEGIN, END].map(String::from_utf8_lossy);
        format!("# The name of a certificate\n{begin}\n{base64}\n{end}\n")
    }

    #[test]
    fn sections_are_decoded_and_what_is_not_pem_is_ignored() {
        let file = ["b25l", "dHdv\r\ndHdv", "!!!", "dGhyZWU="].map(pem).concat() + &String::from_utf8_lossy(BEGIN);
        let mut certificates = Vec::new();
        decode(file.as_bytes(), &mut certificates);
        assert_eq!(certificates, [b"one".to_vec(), b"twotwo".to_vec(), b"three".to_vec()]);
    }

    #[test]
    fn what_other_readers_of_pem_accept_is_decoded() {
        let [begin, end] = [BEGIN, END].map(|line| String::from_utf8_lossy(line).into_owned());
        for file in [
            format!("{begin}\r b25l \r{end}\r{begin}\rdH dv\r{end}"),
            format!("{begin}\nb25l\n{end}{begin}\ndHdv\n{end} # two"),
            format!("{begin}\nb25l\n\n{end}\n{begin}\n\tdHdv\n{end}\n"),
            format!("{begin}\nb25\n{begin}\nb25l\n{end}\n{begin}\ndHdv\n{end}\n"),
        ] {
            let mut certificates = Vec::new();
            decode(file.as_bytes(), &mut certificates);
            assert_eq!(certificates, [b"one", b"two"], "{file:?}");
        }
        let mut unpadded = Vec::new();
        decode(pem("dHdvdHc").as_bytes(), &mut unpadded);
        assert_eq!(unpadded, [b"twotw"]);
    }

    #[test]
    fn a_certificate_in_several_places_is_returned_once() {
        let folder = env::temp_dir().join(format!("pilaster-roots-{}", std::process::id()));
        fs::create_dir_all(folder.join("sub")).unwrap();
        fs::write(folder.join("bundle.pem"), pem("b25l") + &pem("dHdv")).unwrap();
        fs::write(folder.join("copy.pem"), pem("b25l")).unwrap();
        for (to, link) in [("bundle.pem", "link"), ("missing.pem", "dangling")] {
            let _ = std::os::unix::fs::symlink(folder.join(to), folder.join(link));
        }
        let pipe = std::process::Command::new("mkfifo").arg(folder.join("pipe")).status();
        assert!(pipe.unwrap().success());
        let certificates = read_all(Some(folder.join("bundle.pem")), std::slice::from_ref(&folder));
        let only_missing = read_all(Some(folder.join("missing.pem")), &[]);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(certificates, [b"one", b"two"]);
        assert_eq!(only_missing.len(), 0);
    }
}
