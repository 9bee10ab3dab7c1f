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
    match name {
        // Those of nearly every request, which need no look at their words.
        "host" | "accept" | "accept-encoding" | "accept-language" | "content-type" | "content-length"
        | "user-agent" | "origin" | "referer" | "via" | "cache-control" | "connection" | "x-amzn-trace-id"
        | "x-forwarded-for" | "x-forwarded-port" | "x-forwarded-proto" | "sec-fetch-dest" | "sec-fetch-mode"
        | "sec-fetch-site" | "sec-ch-ua" | "sec-ch-ua-mobile" | "sec-ch-ua-platform" => false,
        "idempotency-key" | "x-idempotency-key" | "sec-websocket-key" => false,
        // The user claims that an ALB or another proxy adds are tokens; the only header in which a browser's WebSocket can send a
        // token; the secret that CloudFront sends to an origin.
        "x-amzn-oidc-data" | "sec-websocket-protocol" | "x-origin-verify" => true,
        // `x-api-key`, `x-functions-key`.
        _ => name.ends_with("-key") || name.ends_with("_key") || name.split(['-', '_']).any(names_credential),
    }
}

/// Returns `true` for a part of a name, such as `token` and `accesstoken`, or `session` in `x-session-id`.
fn names_credential(word: &str) -> bool {
    match word.as_bytes() {
        // Also at the end of a longer word: `authtoken`, `clientsecret`, `phpsessid`, `jsessionid`, `apikey`, `accesskey`.
        [.., b't', b'o', b'k', b'e', b'n']
        | [.., b's', b'e', b'c', b'r', b'e', b't']
        | [.., b'p', b'a', b's', b's', b'w', b'o', b'r', b'd']
        | [.., b's', b'e', b's', b's', b'i', b'o', b'n']
        | [.., b's', b'e', b's', b's', b'i', b'o', b'n', b'i', b'd']
        | [.., b's', b'e', b's', b's', b'i', b'd']
        | [.., b'i', b'k', b'e', b'y']
        | [.., b's', b'k', b'e', b'y']
        | [.., b's', b'i', b'g', b'n', b'a', b't', b'u', b'r', b'e'] => true,
        _ => matches!(
            word,
            "authorization"
                | "authentication"
                | "auth"
                | "bearer"
                | "jwt"
                | "saml"
                | "assertion"
                | "dpop"
                | "cookie"
                | "cookie2"
                | "passwd"
                | "passcode"
                | "pin"
                | "otp"
                | "credential"
                | "credentials"
                | "sid"
                | "ticket"
                | "magic"
                | "cert"
                | "clientcert"
                | "certificate"
        ),
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
            "x-session-id",
            "session-id",
            "sid",
            "x-sid",
            "phpsessid",
            "jsessionid",
            "x-pin",
            "x-bearer",
            "authentication",
            "x-authentication",
            "accesskey",
            "x-access-key-id-token",
            "x-ticket",
            "x-magic-link",
            "x-forwarded-client-cert",
            "x-hub-signature-256",
            "x-otp-code",
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
        for name in [
            "content-type",
            "idempotency-key",
            "sec-websocket-key",
            "x-forwarded-for",
            "user-agent",
            "x-amzn-trace-id",
            "www-authenticate",
            "accept-language",
            "access-control-request-headers",
            "x-amz-content-sha256",
            "x-monkey",
            "sec-fetch-mode",
            "x-request-id",
            "x-shopping",
            "host",
            "origin",
            "x-desert-concert-hall",
        ] {
            assert!(!is_credential(name), "{name}");
        }
    }
}
