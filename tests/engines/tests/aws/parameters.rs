//! Parameters of SSM, AppConfig and a table, and feature flags, on the engine.

use std::io::Write;
use std::process::{Command, Stdio};

use engines::Engine;
use serde_json::{Value, json};

use super::run;

/// Deploys a configuration to everyone at once, as an operator does it.
fn deploy(program: &str, profile: &str, content: &Value) {
    let mut python = Command::new(program)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/deploy_configuration.py"))
        .args(["shop", "prod", profile])
        .stdin(Stdio::piped())
        .spawn()
        .expect("python starts");
    write!(python.stdin.take().expect("a pipe"), "{content}").expect("it reads");
    assert!(python.wait().expect("its end").success(), "the configuration is deployed");
}

#[test]
fn ssm_keeps_texts_lists_and_ciphertexts_by_name_path_and_version() {
    run("parameters::inside::reads_and_writes_ssm", Engine::shared().environment());
}

#[test]
fn a_table_keeps_values_by_key_and_below_a_key() {
    run("parameters::inside::reads_a_table", Engine::shared().environment());
}

#[test]
fn app_config_is_polled_when_it_wants_to_and_its_flags_follow() {
    let engine = Engine::shared();
    let mut environment = Vec::from(engine.environment());
    environment.push(("ENGINE_PYTHON", engine.program("python").display().to_string()));
    run("parameters::inside::follows_app_config", environment);
}

#[test]
fn the_extension_is_given_the_session_token() {
    let mut environment = Vec::from(engines::environment(engines::free_port()));
    environment.push(("AWS_SESSION_TOKEN", "the-token".to_owned()));
    run("parameters::inside::asks_the_extension", environment);
}

mod inside {
    use std::time::Duration;

    use aws_sdk_dynamodb::types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    };
    use pilaster::config::extension::ParametersExtension;
    use pilaster::config::flags::Flags;
    use pilaster::config::parameters::{AppConfig, ParameterId, ParameterKind, Table};
    use pilaster::config::secrets::ExposeSecret;
    use pilaster::{BoxError, Clients, FromParameter, Parameters, Secrets};
    use serde::Deserialize;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::{advance, pause, resume};

    use super::{Value, deploy, json};

    /// Moves the clock of the cache while everything else goes on in real time.
    async fn later(time: Duration) {
        pause();
        advance(time).await;
        resume();
    }

    #[derive(Debug, Deserialize, FromParameter)]
    #[parameter(name = "/engines/limits")]
    struct Limits {
        items: u32,
    }

    #[derive(FromParameter)]
    #[parameter(name = "/engines/token", decrypt, text)]
    struct Token(String);

    /// `AWS_REGION` stands for a variable that names a parameter: the environment has it, and a parameter may have any name.
    #[derive(FromParameter)]
    #[parameter(env = "AWS_REGION", binary)]
    struct Key(Vec<u8>);

    #[tokio::test]
    #[ignore = "started by its namesake with the engine's environment"]
    async fn reads_and_writes_ssm() -> Result<(), BoxError> {
        let parameters: Parameters = Clients::new().get().await?;
        assert_eq!(parameters.set("/engines/limits", r#"{"items": 20}"#).await?, 1);
        assert_eq!(parameters.typed::<Limits>().await?.items, 20);
        assert!(parameters.set("/engines/limits", "{}").await.is_err(), "it is there already");
        assert_eq!(parameters.set("/engines/limits", r#"{"items": 40}"#).overwrite().await?, 2);
        assert_eq!(parameters.typed::<Limits>().await?.items, 40, "what was written is read anew");
        assert_eq!(parameters.get("/engines/limits:1").text().await?, r#"{"items": 20}"#);

        parameters.set("/engines/token", "hunter2").kind(ParameterKind::SecureString).await?;
        assert_eq!(parameters.typed::<Token>().await?.0.0, "hunter2");
        parameters.set("us-east-1", "aGVsbG8=").await?;
        assert_eq!(parameters.typed::<Key>().await?.0.0, b"hello");
        parameters.set("/engines/list", "a,b").kind(ParameterKind::StringList).await?;
        assert_eq!(parameters.get("/engines/list").value().await?.list()?, ["a", "b"]);

        // Thirteen names and one that is not there, in two calls.
        for n in 0..12 {
            parameters.set(format!("/engines/many/deep/{n}"), n.to_string()).await?;
        }
        let mut ids: Vec<ParameterId> = (0..12).map(|n| format!("/engines/many/deep/{n}").into()).collect();
        ids.extend(["/engines/limits:1".into(), "/engines/nowhere".into()]);
        let values = parameters.named(ids).await;
        assert_eq!(values["/engines/many/deep/11"].as_ref().unwrap().text()?, "11");
        assert_eq!(values["/engines/limits:1"].as_ref().unwrap().text()?, r#"{"items": 20}"#);
        let error = values["/engines/nowhere"].as_ref().unwrap_err();
        assert_eq!(error.to_string(), "could not get parameter `/engines/nowhere`");

        let below = parameters.below("/engines/many").recursive().await?;
        assert_eq!((below.len(), below["deep/7"].text()?), (12, "7"), "more than one page");
        assert!(parameters.below("/engines/many").await?.is_empty());
        Ok(())
    }

    #[tokio::test]
    #[ignore = "started by its namesake with the engine's environment"]
    async fn reads_a_table() -> Result<(), BoxError> {
        let dynamodb: aws_sdk_dynamodb::Client = Clients::new().get().await?;
        let text =
            |name| AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build();
        let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
        for (table, sorted) in [("settings", false), ("groups", true)] {
            let attributes = if sorted { vec![text("id")?, text("sk")?] } else { vec![text("id")?] };
            let mut keys = vec![key("id", KeyType::Hash)?];
            keys.extend(sorted.then(|| key("sk", KeyType::Range)).transpose()?);
            let create = dynamodb.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
            create.set_attribute_definitions(Some(attributes)).set_key_schema(Some(keys)).send().await?;
        }
        let s = |text: &str| AttributeValue::S(text.to_owned());
        let put = dynamodb.put_item().table_name("settings").item("id", s("limit"));
        put.item("value", AttributeValue::N("20".to_owned())).send().await?;
        for (name, value) in [("a", "1"), ("b", "2")] {
            let put = dynamodb.put_item().table_name("groups").item("id", s("shop")).item("sk", s(name));
            put.item("value", s(value)).send().await?;
        }
        let settings = Parameters::from_source(Table::new(dynamodb.clone(), "settings").consistent());
        assert_eq!(settings.get("limit").json::<u32>().await?, 20);
        assert!(settings.get("nowhere").json::<u32>().await.unwrap_err().is_unavailable());
        let groups = Parameters::from_source(Table::new(dynamodb, "groups"));
        let shop = groups.below("shop").await?;
        assert_eq!((shop["a"].text()?, shop["b"].text()?), ("1", "2"));
        Ok(())
    }

    #[tokio::test]
    #[ignore = "started by its namesake with the engine's environment"]
    async fn follows_app_config() -> Result<(), BoxError> {
        let python = std::env::var("ENGINE_PYTHON")?;
        let features = |discount: f64| -> Value {
            json!({ "features": { "discount": { "default": 0, "boolean_type": false, "rules": { "premium": {
                "when_match": discount,
                "conditions": [{ "action": "EQUALS", "key": "tier", "value": "premium" }],
            } } } } })
        };
        deploy(&python, "features", &features(0.1));
        let clients = Clients::new();
        let source = AppConfig::new(clients.get().await?, "shop", "prod").poll_interval(Duration::from_secs(60));
        let flags = Flags::new(source.clone(), "features").envelope("features");
        let premium = json!({ "tier": "premium" });
        assert_eq!(flags.evaluate("discount", &premium, 9.0).await, 0.1);
        assert_eq!(flags.evaluate("discount", &(), 9.0).await, 0.0);

        deploy(&python, "features", &features(0.2));
        later(Duration::from_secs(30)).await;
        assert_eq!(flags.evaluate("discount", &premium, 9.0).await, 0.1, "a minute is asked for");
        later(Duration::from_secs(31)).await;
        assert_eq!(flags.evaluate("discount", &premium, 9.0).await, 0.2);
        later(Duration::from_secs(61)).await;
        assert_eq!(flags.evaluate("discount", &premium, 9.0).await, 0.2, "an empty poll");

        // The first source's poll is within its interval, so a read of the same session is equal.
        let parameters = Parameters::from_source(source);
        assert_eq!(parameters.get("features").json::<Value>().await?, features(0.2));
        let nowhere = Flags::new(AppConfig::new(clients.get().await?, "shop", "nowhere"), "features");
        assert!(nowhere.evaluate("discount", &(), true).await, "the caller's default");
        Ok(())
    }

    #[tokio::test]
    #[ignore = "started by its namesake with the engine's environment"]
    async fn asks_the_extension() -> Result<(), BoxError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let server = tokio::spawn(async move {
            let mut seen = Vec::new();
            for answer in [
                r#"{"Parameter":{"Name":"/a b","Type":"String","Value":"20","Version":3},"ResultMetadata":{}}"#,
                r#"{"Name":"db","SecretString":"hunter2","VersionId":"v1"}"#,
            ] {
                let (mut stream, _) = listener.accept().await?;
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).await?;
                seen.push(String::from_utf8_lossy(&request[..read]).into_owned());
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len());
                stream.write_all([&head, answer].concat().as_bytes()).await?;
            }
            Ok::<_, std::io::Error>(seen)
        });
        let parameters = Parameters::from_source(ParametersExtension::new().port(port));
        assert_eq!(parameters.get("/a b").decrypt(true).json::<u8>().await?, 20);
        let secrets = Secrets::from_source(ParametersExtension::new().port(port));
        assert_eq!(secrets.get("db").stage("AWSPENDING").text().await?.expose_secret(), "hunter2");
        let seen = server.await??;
        for (request, path) in seen.iter().zip([
            "GET /systemsmanager/parameters/get?name=%2Fa%20b&withDecryption=true HTTP/1.1\r\n",
            "GET /secretsmanager/get?secretId=db&versionStage=AWSPENDING HTTP/1.1\r\n",
        ]) {
            assert!(request.starts_with(path), "{request}");
            assert!(request.contains("x-aws-parameters-secrets-token: the-token\r\n"), "{request}");
        }
        Ok(())
    }
}
