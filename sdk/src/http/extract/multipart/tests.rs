use super::*;
use axum_core::body::Body;
use axum_core::extract::DefaultBodyLimit;

const TYPE: &str = "multipart/form-data; boundary=x";

async fn extract(content_type: &str, body: impl Into<Body>) -> Result<Multipart, Rejection> {
    let request = http::Request::post("/").header("content-type", content_type);
    <Multipart as FromRequest<()>>::from_request(request.body(body.into()).unwrap(), &()).await
}

fn part(name: &str, content: &str) -> String {
    format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
}

async fn read(mut parts: Multipart) -> Result<Vec<(String, Bytes)>, Rejection> {
    let mut read = Vec::new();
    while let Some(part) = parts.next_field().await? {
        read.push((part.name().unwrap_or_default().to_owned(), part.bytes().await?));
    }
    Ok(read)
}

#[tokio::test]
async fn the_parts_come_one_after_the_other() {
    let file =
        "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"../a.png\"\r\nContent-Type: image/png\r\n\r\n";
    let mut body = part("a", "1").into_bytes();
    body.extend_from_slice(file.as_bytes());
    body.extend_from_slice(b"\xFF\x00\r\n\r\n--x--\r\n");
    let mut parts = extract("Multipart/Form-Data;boundary=\"x\"; charset=utf-8", body).await.unwrap();
    assert_eq!(parts.next_field().await.unwrap().unwrap().text().await.unwrap(), "1");
    let mut file = parts.next_field().await.unwrap().unwrap();
    assert_eq!((file.file_name(), file.content_type()), (Some("a.png"), Some("image/png")));
    assert_eq!(file.raw_file_name(), Some("../a.png"));
    assert_eq!(file.headers().len(), 2);
    assert_eq!(file.chunk().await.unwrap().unwrap(), &b"\xFF\x00\r\n"[..]);
    assert_eq!(file.chunk().await.unwrap(), None);
    drop(file);
    assert!(parts.next_field().await.unwrap().is_none());
}

#[tokio::test]
async fn the_content_type_decides_before_the_body() {
    for (content_type, status) in [
        (TYPE, 200),
        ("multipart/form-data", 400),
        ("multipart/mixed; boundary=x", 415),
        ("multipart/form-data; boundary=x; junk", 415),
        ("application/json", 415),
        ("", 415),
    ] {
        let got = extract(content_type, "").await;
        assert_eq!(got.map_or_else(|r| r.status().as_u16(), |_| 200), status, "{content_type}");
    }
    let compressed = http::Request::post("/").header("content-type", TYPE).header("content-encoding", "gzip");
    let rejection = <Multipart as FromRequest<()>>::from_request(compressed.body(Body::empty()).unwrap(), &()).await;
    assert_eq!(rejection.unwrap_err().status(), 415);
}

#[tokio::test]
async fn a_body_that_is_not_well_formed_is_a_400_that_repeats_nothing() {
    let broken = "--x\r\nContent-Disposition: form-data; name=\"hunter2\"\r\nhunter2\r\n\r\n1\r\n--x--";
    for body in ["", "hunter2", "--x", "--y\r\n", &part("hunter2", "1"), "--x\r\nhunter2", broken] {
        let rejection = read(extract(TYPE, body.to_owned()).await.unwrap()).await.unwrap_err();
        assert_eq!(rejection.status(), 400, "{body}");
        assert!(!rejection.detail().contains("hunter2"));
    }
    for boundary in ["multipart/form-data; boundary=", "multipart/form-data; boundary=\"\""] {
        let status = match extract(boundary, "--\r\n\r\n----").await {
            Ok(parts) => read(parts).await.map(|_| ()).unwrap_err().status(),
            Err(rejection) => rejection.status(),
        };
        assert!(status.is_client_error(), "{boundary}");
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_a_413() {
    let body = part("a", &"1".repeat(2000)) + "--x--";
    let mut request = http::Request::post("/").header("content-type", TYPE).body(Body::from(body)).unwrap();
    DefaultBodyLimit::max(1000).apply(&mut request);
    let parts = <Multipart as FromRequest<()>>::from_request(request, &()).await.unwrap();
    assert_eq!(read(parts).await.unwrap_err().status(), 413);
}

#[tokio::test]
async fn a_file_name_has_no_folders() {
    for (sent, name) in [
        ("../../x", Some("x")),
        ("..\\\\..\\\\x.png", Some("x.png")),
        ("C:/users\\\\ada/ü b.png", Some("ü b.png")),
        ("/etc/", None),
        ("..", None),
        (".", None),
        ("a/.. ", None),
        ("", None),
        ("...", Some("...")),
    ] {
        let body = format!("--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{sent}\"\r\n\r\n1\r\n--x--");
        let mut parts = extract(TYPE, body).await.unwrap();
        assert_eq!(parts.next_field().await.unwrap().unwrap().file_name(), name, "{sent}");
    }
}

#[tokio::test]
async fn a_file_is_one_however_the_client_writes_it() {
    for (headers, name, is_file) in [
        ("; FileName=\"../a.png\"", Some("a.png"), true),
        ("; FILENAME=a.png", Some("a.png"), true),
        ("; FileName = \"a\\\"b.png\"", Some("a\"b.png"), true),
        ("; filename*=UTF-8''a.png", None, true),
        ("; filename*=UTF-8''b.png; filename=\"a.png\"", Some("a.png"), true),
        ("; filename*0=\"a\"", None, true),
        ("; FileName", Some(""), true),
        ("\r\nContent-Type: image/png", None, true),
        ("; x=\"; FileName=a\"", None, false),
        ("; x=\"FileName=a\"", None, false),
        ("", None, false),
    ] {
        let name = name.filter(|name| !name.is_empty());
        let body = format!("--x\r\nContent-Disposition: form-data; name=\"filename\"{headers}\r\n\r\n1234\r\n--x--");
        let mut parts = extract(TYPE, body).await.unwrap().file_limit(3);
        let part = parts.next_field().await.unwrap().unwrap();
        assert_eq!((part.name(), part.file_name()), (Some("filename"), name), "{headers}");
        assert_eq!(part.bytes().await.is_err(), is_file, "{headers}");
    }
    let mut body = b"--x\r\nContent-Disposition: form-data; name=f; filename=\"\xFF\"\r\n\r\n1234\r\n--x--".to_vec();
    for _ in 0..2 {
        let mut parts = extract(TYPE, body.clone()).await.unwrap().file_limit(3);
        let part = parts.next_field().await.unwrap().unwrap();
        assert_eq!(part.file_name(), Some("\u{fffd}"));
        assert_eq!(part.bytes().await.unwrap_err().status(), 413);
        // The other form of the same parameter.
        body = b"--x\r\nContent-Disposition: form-data; FILENAME=\xFF\r\n\r\n1234\r\n--x--".to_vec();
    }
}

#[tokio::test]
async fn a_part_above_its_own_limit_is_a_413_that_names_it() {
    let file = |name: &str, size: usize| {
        let content = "1".repeat(size);
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a\"\r\n\r\n{content}\r\n")
    };
    for (body, status, field) in [
        (
            file("any", 10) + &file("a/b", 20) + &part("note", &"1".repeat(5)) + &part("free", &"1".repeat(99)),
            200,
            None,
        ),
        (file("any", 11), 413, None),
        (file("a/b", 21), 413, Some("/a~1b")),
        (part("note", "123456"), 413, Some("/note")),
        (file("note", 6), 413, Some("/note")),
    ] {
        for as_text in [false, true] {
            let parts = extract(TYPE, body.clone() + "--x--").await.unwrap();
            let mut parts = parts.file_limit(10).field_limit("a/b", 20).field_limit("note", 7).field_limit("note", 5);
            let mut refused = None;
            while let Some(part) = parts.next_field().await.unwrap() {
                let read = if as_text { part.text().await.map(|_| ()) } else { part.bytes().await.map(|_| ()) };
                refused = refused.or(read.err());
            }
            let pointer = refused.as_ref().and_then(|rejection| Some(rejection.fields().first()?.pointer()));
            assert_eq!((refused.as_ref().map_or(200, |r| r.status().as_u16()), pointer), (status, field), "{body}");
        }
    }
}

#[tokio::test]
async fn more_than_a_thousand_parts_are_a_413() {
    let body = |count| part("a", "1").repeat(count) + "--x--";
    assert_eq!(read(extract(TYPE, body(PARTS)).await.unwrap()).await.unwrap().len(), PARTS);
    assert_eq!(read(extract(TYPE, body(PARTS + 1)).await.unwrap()).await.unwrap_err().status(), 413);
}

#[tokio::test]
async fn no_body_at_all_is_none() {
    let request = http::Request::post("/").body(Body::empty()).unwrap();
    assert!(<Multipart as OptionalFromRequest<()>>::from_request(request, &()).await.unwrap().is_none());
    let request = http::Request::post("/").body(Body::from("x")).unwrap();
    let rejection = <Multipart as OptionalFromRequest<()>>::from_request(request, &()).await.unwrap_err();
    assert_eq!(rejection.status(), 415);
}
