//! The pages that show crud's document, in Chromium, under the security headers of the function.

use serde_json::Value;

use super::*;

/// Returns Chromium.
fn chromium() -> String {
    let found = env::var("CHROMIUM").ok().or_else(|| {
        let paths = env::var_os("PATH")?;
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let mut found = env::split_paths(&paths).flat_map(|path| names.map(|name| path.join(name)));
        Some(found.find(|path| path.exists())?.to_string_lossy().into_owned())
    });
    found.expect("Chromium is not installed: `apt-get install chromium`, or set CHROMIUM to its path")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Opens a page, and returns what `viewer.mjs` saw.
fn open(url: &str, headers: Value, bucket: u16, plant: &str) -> Value {
    let folder = folder("viewer");
    let script = folder.join(format!("viewer-{bucket}.mjs"));
    fs::copy(root().join("tests/contract/viewer.mjs"), &script).unwrap();
    let modules = format!("file://{}/", tools().join("node_modules").display());
    let mut node = Command::new(tools().join("bin/node"));
    node.arg(&script)
        .args([&chromium(), url, &headers.to_string(), &bucket.to_string(), plant])
        .env("MODULES", modules);
    let output = node.current_dir(&folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{url}: {said}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&said).unwrap()
}

/// Returns the operations of crud's document.
fn operations() -> Vec<String> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, operations)| {
        operations.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    let mut operations: Vec<_> = each.collect();
    operations.sort();
    operations
}

/// Asserts that a page shows each operation, violates no policy and reaches these hosts alone.
fn assert_shown(seen: &Value, hosts: &[&str]) {
    let texts = |name: &str| {
        let mut texts: Vec<_> =
            seen[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
        texts.sort();
        texts
    };
    assert_eq!(seen["status"], 200, "{seen}");
    assert_eq!(texts("operations"), operations(), "{seen}");
    assert_eq!((texts("violations"), texts("console")), (Vec::new(), Vec::new()), "{seen}");
    let mut hosts = hosts.to_vec();
    hosts.sort_unstable();
    assert_eq!(texts("hosts"), hosts, "{seen}");
}

#[test]
#[ignore = "it needs Chromium: see tests/engines/README.md"]
fn crud_shows_each_operation_from_the_files_of_the_cdn() {
    let folder = folder("viewer-crud");
    let crud = Crud::start(&folder);
    let host = crud.url.trim_start_matches("http://");
    for page in ["/docs", "/reference"] {
        let url = format!("{}{page}", crud.url);
        let seen = open(&url, json!({ "x-api-key": KEY }), free_port(), "");
        assert_shown(&seen, &[host, "cdn.jsdelivr.net"]);
        assert!(seen["sent"].as_array().unwrap().contains(&json!("GET /users")), "{seen}");

        let refused = open(&url, json!({}), free_port(), "");
        assert_eq!(refused["status"], 401, "{refused}");
        assert_eq!(refused["hosts"], json!([host]), "{refused}");
    }
}

/// The function `viewed`, whose pages are behind the base path `v1`.
struct Viewed {
    _process: binary::Guarded,
    host: String,
}

impl Viewed {
    fn start(bucket: u16, headers: &str) -> Self {
        Self::with(bucket, headers, "")
    }

    /// With `none` as servers, the list of the document is empty.
    fn with(bucket: u16, headers: &str, servers: &str) -> Self {
        let built = binary::build(&["--workspace", "--test", "tidy", "--bin", "viewed"]);
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(&built["viewed"]);
        command
            .env_remove("AWS_LAMBDA_RUNTIME_API")
            .env("PILASTER_ADDR", &address)
            .env("HEADERS", headers)
            .env("SERVERS", servers);
        command.env("ASSETS", format!("http://127.0.0.1:{bucket}/viewers")).stdout(Stdio::null()).stderr(Stdio::null());
        let process = binary::Guarded(command.spawn().unwrap());
        let started = Instant::now();
        while std::net::TcpStream::connect(&address).is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "viewed does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { _process: process, host: address }
    }
}

const PAGES: [&str; 2] = ["/v1/help/docs", "/v1/help/reference"];

#[test]
#[ignore = "it needs Chromium: see tests/engines/README.md"]
fn files_of_your_own_bucket_are_shown_behind_a_base_path_under_any_security_headers() {
    for headers in ["default", "strict", "report-only"] {
        let bucket = free_port();
        let viewed = Viewed::start(bucket, headers);
        for page in PAGES {
            let seen = open(&format!("http://{}{page}", viewed.host), json!({}), bucket, "");
            assert_shown(&seen, &[&viewed.host, &format!("127.0.0.1:{bucket}")]);
            // The document's server `/` is the base path, and not the root of the host.
            let sent = json!([format!("GET {page}"), "GET /v1/spec/openapi.json", "GET /v1/users"]);
            assert_eq!(seen["sent"], sent, "{seen}");
        }
    }
}

#[test]
#[ignore = "it needs Chromium: see tests/engines/README.md"]
fn an_empty_list_of_servers_is_the_root_behind_a_base_path() {
    let bucket = free_port();
    let viewed = Viewed::with(bucket, "default", "none");
    for page in PAGES {
        let seen = open(&format!("http://{}{page}", viewed.host), json!({}), bucket, "");
        let sent = json!([format!("GET {page}"), "GET /v1/spec/openapi.json", "GET /v1/users"]);
        assert_eq!(seen["sent"], sent, "{seen}");
    }
}

#[test]
#[ignore = "it needs Chromium: see tests/engines/README.md"]
fn a_planted_script_a_planted_host_and_a_changed_file_are_found() {
    let bucket = free_port();
    let viewed = Viewed::start(bucket, "default");
    for page in PAGES {
        let url = format!("http://{}{page}", viewed.host);
        let script = open(&url, json!({}), bucket, "script");
        assert_eq!(script["violations"], json!(["script-src-elem: inline (enforce)"]), "{script}");
        assert_eq!(script["planted"], false, "{script}");
        let host = open(&url, json!({}), bucket, "host");
        assert_eq!(host["violations"], json!(["connect-src: https://foreign.example.com/ (enforce)"]), "{host}");
        let changed = open(&url, json!({}), bucket, "changed-file");
        assert_eq!(changed["operations"], json!([]), "{changed}");
        assert!(changed["text"].as_str().unwrap().contains("The API cannot be shown"), "{changed}");
    }
}
