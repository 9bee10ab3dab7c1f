//! The vectors of project Wycheproof: <https://github.com/C2SP/wycheproof>.

use super::*;
use crate::jwt::key_set::KeySet;
use crate::jwt::token::Token;

const UNUSABLE: &str = "the key set has no key that can verify a supported signature";

/// Returns the reason for which the keys do not verify a signature, or `None`.
fn refused(keys: &Value, jws: &str) -> Option<String> {
    let keys = match KeySet::read(keys.to_string().as_bytes()).and_then(KeySet::usable) {
        Ok(keys) => keys,
        Err(why) => return Some(why.to_owned()),
    };
    let token = match Token::parse(jws) {
        Ok(token) => token,
        Err(reason) => return Some(format!("{reason:?}")),
    };
    match keys.has_signed(&token) {
        Ok(true) => None,
        Ok(false) => Some("Signature".to_owned()),
        Err(reason) => Some(format!("{reason:?}")),
    }
}

/// Returns the cases on which Wycheproof and this code differ: its id, what Wycheproof says, and our reason.
fn differences(file: &str) -> (usize, Vec<(u64, String, Option<String>)>) {
    let (vectors, mut all, mut differing) = (fixture(file), 0, Vec::new());
    for group in vectors["testGroups"].as_array().unwrap() {
        let keys = group.get("public").unwrap_or(&group["private"]);
        let keys = if keys.get("keys").is_some() { keys.clone() } else { json!({ "keys": [keys] }) };
        for test in group["tests"].as_array().unwrap() {
            all += 1;
            // Some cases have the JSON form, which is no compact token.
            let jws = test["jws"].as_str().map_or_else(|| test["jws"].to_string(), str::to_owned);
            let reason = refused(&keys, &jws);
            let result = texts(test, "result");
            if (result == "valid") != reason.is_none() {
                differing.push((test["tcId"].as_u64().unwrap(), result.to_owned(), reason));
            }
        }
    }
    (all, differing)
}

fn differing(cases: &[(u64, &str, Option<&str>)]) -> Vec<(u64, String, Option<String>)> {
    cases.iter().map(|(id, result, reason)| (*id, (*result).to_owned(), reason.map(str::to_owned))).collect()
}

#[test]
fn each_difference_of_signatures_is_explained() {
    let explained = differing(&[
        // 346 and 350: PS384 with a key whose `alg` is PS256 (https://www.rfc-editor.org/rfc/rfc7517#section-4.4).
        // 347 and 351: P-521, which ring does not have.
        (346, "valid", Some("Unfit")),
        (347, "valid", Some(UNUSABLE)),
        (350, "valid", Some("Unfit")),
        (351, "valid", Some(UNUSABLE)),
        // Byte for byte the valid token of case 357: the padding that was to be refused is lost in the file.
        (367, "invalid", None),
        (370, "invalid", None),
        // A `?` in the header or the payload, with the signature of the text without it.
        (372, "valid", Some("Malformed")),
        (373, "valid", Some("Malformed")),
    ]);
    assert_eq!(differences("json_web_signature_test.json"), (401, explained));

    let vectors = fixture("json_web_signature_test.json");
    let groups = vectors["testGroups"].as_array().unwrap();
    let jws = |id: u64| {
        let mut tests = groups.iter().flat_map(|group| group["tests"].as_array().unwrap());
        texts(tests.find(|test| test["tcId"] == id).unwrap(), "jws").to_owned()
    };
    assert_eq!((jws(367), jws(370)), (jws(357), jws(357)));
}

#[test]
fn each_difference_of_keys_is_explained() {
    // A weak key whose weakness is in its primes (ROCA, CVE-2017-15361), which only its factors or a fingerprint show.
    let explained = differing(&[(7, "invalid", None)]);
    assert_eq!(differences("json_web_key_test.json"), (26, explained));
}
