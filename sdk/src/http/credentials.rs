//! Headers that carry credentials: `Debug` does not print their values.

use http::HeaderMap;

/// Marks each credential as sensitive, so that `Debug` of the headers does not print it.
pub(crate) fn mark(headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        if is_credential(name.as_str()) {
            value.set_sensitive(true);
        }
    }
}

/// Returns `true` if a header of this name, in lower case, usually carries a credential.
pub(crate) fn is_credential(name: &str) -> bool {
    let begins = name.bytes().rposition(|byte| matches!(byte, b'-' | b'_')).map_or(0, |at| at + 1);
    let last = name.get(begins..).unwrap_or(name);
    match last {
        // `authorization`, `x-amz-security-token`, `x-amzn-oidc-accesstoken`, `set-cookie`, …
        "authorization" | "token" | "accesstoken" | "idtoken" | "authtoken" | "jwt" | "assertion" | "cookie"
        | "cookie2" | "secret" | "password" | "passwd" | "passcode" | "credential" | "credentials" | "session"
        | "sessionid" | "apikey" | "otp" | "saml" | "auth" | "dpop" | "signature" => true,
        // `x-api-key`, `x-functions-key`; not `idempotency-key` and `sec-websocket-key`.
        "key" => !matches!(name, "idempotency-key" | "sec-websocket-key" | "x-idempotency-key"),
        // The user claims that an ALB or another proxy adds are tokens, too.
        "data" => name == "x-amzn-oidc-data",
        // The only header in which a browser's WebSocket can send a token.
        "protocol" => name == "sec-websocket-protocol",
        // The secret that CloudFront sends to an origin.
        "verify" => name == "x-origin-verify",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_by_their_names_and_not_printed() {
        for name in [
            "authorization",
            "proxy-authorization",
            "x-forwarded-authorization",
            "x-amzn-remapped-authorization",
            "x-serverless-authorization",
            "cookie",
            "set-cookie",
            "x-api-key",
            "api-key",
            "apikey",
            "x-functions-key",
            "ocp-apim-subscription-key",
            "x-amz-security-token",
            "x-amz-access-token",
            "x-amzn-oidc-accesstoken",
            "x-amzn-oidc-data",
            "x-auth-token",
            "x-csrf-token",
            "x-xsrf-token",
            "x-forwarded-access-token",
            "x-auth-request-access-token",
            "x-ms-token-aad-id-token",
            "x-vault-token",
            "x-gitlab-token",
            "x-goog-iap-jwt-assertion",
            "cf-access-jwt-assertion",
            "x_api_key",
            "x-client-secret",
            "x-session",
            "dpop",
            "sec-websocket-protocol",
            "x-origin-verify",
            "x-amz-server-side-encryption-customer-key",
        ] {
            let mut headers = HeaderMap::new();
            let header = http::HeaderName::from_static(name);
            headers.append(header.clone(), "hunter2".parse().unwrap());
            headers.append(header, "hunter2".parse().unwrap());
            mark(&mut headers);
            assert!(!format!("{headers:?}").contains("hunter2"), "{name}");
        }
    }

    #[test]
    fn other_headers_stay_readable() {
        for name in
            ["content-type", "idempotency-key", "sec-websocket-key", "x-forwarded-for", "user-agent", "x-amzn-trace-id"]
        {
            assert!(!is_credential(name), "{name}");
        }
    }
}
