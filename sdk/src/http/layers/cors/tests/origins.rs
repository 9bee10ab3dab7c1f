//! Which origins are allowed, and how they are compared.

use super::*;

#[tokio::test]
async fn without_an_origin_nothing_is_sent() {
    for answer in [
        get_from(&CorsLayer::new(), "https://a.example").await,
        preflight_from(&CorsLayer::new(), "https://a.example").await,
    ] {
        assert_eq!(headers(&answer), [""; 0]);
    }
}

#[tokio::test]
async fn a_listed_origin_and_one_that_fits_a_pattern_are_sent_back() {
    for origin in ["https://app.example.com", "https://x.example.org"] {
        assert_eq!(
            headers(&get_from(&app(), origin).await),
            [format!("access-control-allow-origin: {origin}"), "vary: Origin".into()]
        );
    }
}

#[tokio::test]
async fn a_list_varies_without_a_match_and_without_an_origin() {
    assert_eq!(headers(&get_from(&app(), "https://evil.example").await), ["vary: Origin"]);
    assert_eq!(headers(&call(&app(), "GET", &[]).await), ["vary: Origin"]);
    assert_eq!(headers(&preflight_from(&app(), "https://evil.example").await), ["vary: Origin"]);
}

#[tokio::test]
async fn one_fixed_origin_is_sent_always_and_does_not_vary() {
    let cors = CorsLayer::new().allow_origin("https://app.example.com");
    for answer in [get_from(&cors, "https://evil.example").await, call(&cors, "GET", &[]).await] {
        assert_eq!(headers(&answer), ["access-control-allow-origin: https://app.example.com"]);
    }
}

#[tokio::test]
async fn any_origin_is_a_star_that_does_not_vary() {
    for cors in [CorsLayer::new().allow_origin("*"), CorsLayer::new().allow_origins(["*"])] {
        assert_eq!(headers(&get_from(&cors, "https://a.example").await), ["access-control-allow-origin: *"]);
    }
}

#[tokio::test]
async fn a_rule_decides_by_origin_and_request() {
    let cors =
        CorsLayer::new().allow_origin_if(|origin, parts| origin.starts_with("https://") && parts.method == "GET");
    assert_eq!(
        get_from(&cors, "https://a.example").await.headers()["access-control-allow-origin"],
        "https://a.example"
    );
    assert_eq!(headers(&get_from(&cors, "http://a.example").await), ["vary: Origin"]);
    assert_eq!(headers(&call(&cors, "PUT", &[("origin", "https://a.example")]).await), ["vary: Origin"]);
}

#[tokio::test]
async fn a_rule_never_sees_what_is_no_origin() {
    let cors = CorsLayer::new().allow_origin_if(|_, _| true);
    for origin in
        ["", "*", "evil", "https://evil.com/.example.com", "https://a b.com", "https://u@example.com", "__proto__"]
    {
        assert_eq!(headers(&get_from(&cors, origin).await), ["vary: Origin"], "{origin}");
    }
    let long = format!("https://{}.example.com", "a".repeat(64 * 1024));
    assert_eq!(headers(&get_from(&cors, &long).await), ["vary: Origin"]);
}

#[tokio::test]
async fn odd_spellings_of_an_allowed_origin_are_answered_in_the_canonical_one() {
    for (sent, allowed) in [
        ("HTTPS://App.Example.COM", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("https://X.example.org", "https://x.example.org"),
    ] {
        assert_eq!(get_from(&app(), sent).await.headers()["access-control-allow-origin"], allowed);
    }
    let cors = CorsLayer::new().allow_origins(["https://XN--mnchen-3ya.de"]);
    let allowed = get_from(&cors, "https://xn--mnchen-3ya.de").await;
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://xn--mnchen-3ya.de");
    // No browser sends this.
    assert_eq!(headers(&get_from(&cors, "https://münchen.de").await), ["vary: Origin"]);
}

#[tokio::test]
async fn odd_origins_are_not_allowed_and_do_no_harm() {
    let long = "https://app.example.com".repeat(3000);
    for origin in [
        &b""[..],
        b"null",
        b"NULL",
        b"https://app.example.com/",
        b"https://app.example.com.",
        b"https://app.example.com:444",
        b"https://user@app.example.com",
        b"https://app.example.com, https://evil.example",
        b"https://evil.example,x.example.org",
        b"https://app.example.com\t",
        b"\xff\xfe",
        b"https://\xff.example.org",
        b"https://%2e.example.org",
        b"https://xn--.example.org:99999",
        b"https://[::1",
        b"http://",
        long.as_bytes(),
    ] {
        let answer = call_with(&app(), "GET", &[("origin", origin)], &[]).await;
        assert_eq!(headers(&answer), ["vary: Origin"], "{}", String::from_utf8_lossy(&origin[..origin.len().min(80)]));
        assert_eq!(answer.body(), "handled GET");
    }
}

#[tokio::test]
async fn two_origins_in_one_request_are_none() {
    let answer =
        call(&app(), "GET", &[("origin", "https://app.example.com"), ("origin", "https://evil.example")]).await;
    assert_eq!(headers(&answer), ["vary: Origin"]);
}

#[tokio::test]
async fn null_is_allowed_only_where_it_is_listed() {
    let cors = CorsLayer::new().allow_origins(["null", "https://app.example.com"]);
    assert_eq!(get_from(&cors, "null").await.headers()["access-control-allow-origin"], "null");
    assert_eq!(headers(&get_from(&app(), "null").await), ["vary: Origin"]);
}

#[test]
fn no_text_makes_the_reading_of_an_origin_panic() {
    let pieces = [
        "https", "://", ":", "[", "]", "@", "*", ".", "é", "::1", "443", "\u{0}", "xn--", "%", "/", "a", "\u{202e}",
        "ß",
    ];
    let mut seed = 7_u32;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..8 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(pieces[(seed >> 16) as usize % pieces.len()]);
        }
        if let Ok(origin) = spelling::canonical(&text) {
            assert!(
                origin.is_ascii() && spelling::canonical(&origin).as_deref() == Ok(&*origin),
                "{text:?} {origin:?}"
            );
        }
        let _ = CorsLayer::new().allow_origins([&text]).check();
    }
}
