use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::json;
use tokio::time::{advance, sleep};

use super::*;
use crate::clients::Variables;
use crate::core::error::{BoxError, chain};

#[cfg(all(feature = "parameters", feature = "appconfig", feature = "dynamodb"))]
mod refusals;
#[cfg(all(feature = "parameters", feature = "appconfig"))]
mod services;
#[cfg(all(feature = "parameters", feature = "appconfig"))]
mod ssm;
#[cfg(feature = "parameters")]
mod typed;
mod write;

const SECOND: Duration = Duration::from_secs(1);

/// A source that holds texts by name, takes three names a call, and keeps what it was asked for.
#[derive(Clone, Default)]
struct Stub {
    values: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Stub {
    fn with<const N: usize>(values: [(&str, &str); N]) -> Self {
        let stub = Self::default();
        values.into_iter().for_each(|(name, value)| stub.put(name, value));
        stub
    }

    fn put(&self, name: &str, value: &str) {
        self.values.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    fn read(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        match self.values.lock().unwrap().get(id.name()) {
            Some(text) => Ok(ParameterValue::from_text(id, text.as_str())),
            None => Err("there is no such parameter".into()),
        }
    }

    fn ask(&self, names: &[&ParameterId]) {
        let marked = |id: &&ParameterId| [id.name(), if id.is_decrypted() { "!" } else { "" }].concat();
        self.asked.lock().unwrap().push(names.iter().map(marked).collect());
    }

    fn asked(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn parameters(&self) -> Parameters {
        Parameters::from_source(self.clone())
    }
}

impl ParameterSource for Stub {
    const BATCH: usize = 3;

    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        self.ask(&[id]);
        sleep(SECOND).await;
        self.read(id)
    }

    async fn fetch_batch(&self, ids: &[ParameterId]) -> Vec<Result<ParameterValue, BoxError>> {
        self.ask(&ids.iter().collect::<Vec<_>>());
        sleep(SECOND).await;
        ids.iter().map(|id| self.read(id)).collect()
    }

    async fn fetch_below(&self, path: &ParameterPath) -> Result<ParameterValues, BoxError> {
        self.asked.lock().unwrap().push(vec![path.path().to_owned()]);
        let ids: Vec<_> = self.values.lock().unwrap().keys().map(|name| ParameterId::from(name.as_str())).collect();
        let below =
            ids.iter().filter_map(|id| Some((id.name().strip_prefix(path.path())?.to_owned(), self.read(id).ok()?)));
        Ok(below.collect())
    }

    async fn write(&self, write: &ParameterWrite) -> Result<i64, BoxError> {
        if self.values.lock().unwrap().contains_key(&write.name) && !write.overwrite {
            return Err("it is there already".into());
        }
        self.put(&write.name, &write.value);
        Ok(2)
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_is_kept_for_five_minutes_unless_it_is_asked_for_anew() {
    let stub = Stub::with([("/k", "v")]);
    let parameters = stub.parameters();
    assert_eq!(parameters.get("/k").text().await.unwrap(), "v");
    advance(Duration::from_secs(200)).await;
    assert_eq!(parameters.get("/k").text().await.unwrap(), "v");
    assert_eq!(stub.asked(), [["/k"]]);
    stub.put("/k", "w");
    assert_eq!(parameters.get("/k").text().await.unwrap(), "v");
    assert_eq!(parameters.get("/k").force().text().await.unwrap(), "w");
    assert_eq!(parameters.get("/k").max_age(Duration::ZERO).text().await.unwrap(), "w");
    assert_eq!(stub.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_variables_set_the_age_and_the_decryption_and_a_read_says_otherwise() {
    let stub = Stub::with([("/k", "v")]);
    let variables = [("POWERTOOLS_PARAMETERS_MAX_AGE", "20"), ("POWERTOOLS_PARAMETERS_SSM_DECRYPT", "True")];
    let parameters = Parameters::from_variables(stub.clone(), &Variables::from_iter(variables));
    parameters.get("/k").text().await.unwrap();
    advance(SECOND * 21).await;
    parameters.get("/k").text().await.unwrap();
    assert_eq!(stub.asked(), [["/k!"], ["/k!"]]);
    parameters.get(ParameterId::new("/k").decrypt(false)).text().await.unwrap();
    assert_eq!(stub.asked(), [["/k"]]);
    parameters.get("/k").decrypt(false).force().text().await.unwrap();
    assert_eq!(stub.asked(), [["/k"]], "also where the variable says that it is decrypted");
}

#[test]
fn a_variable_that_cannot_be_read_has_no_effect() {
    let stub = Stub::with([("/k", "v")]);
    let read = |age: &'static str, decrypt: &'static str| {
        let variables = Variables::from_iter([(MAX_AGE, age), (DECRYPT, decrypt)]);
        let parameters = Parameters::from_variables(stub.clone(), &variables);
        (format!("{:?}", parameters.one), parameters.decrypt)
    };
    let unset = read("", "");
    for value in ["soon", "NaN", "-nan", "inf", "1e300"] {
        assert_eq!(read(value, "perhaps"), unset, "{value}");
    }
    assert!(read("0.5", "on").0.contains("500ms"));
    assert!(read("0.5", "on").1);
}

#[tokio::test(start_paused = true)]
async fn names_asked_for_together_share_calls_and_each_has_its_own_failure() {
    let stub = Stub::with([("/a", "1"), ("/b", "2"), ("/c", "3"), ("/d", "4")]);
    let parameters = stub.parameters();
    let values = parameters.named(["/a", "/b", "/nowhere", "/c", "/d"]).await;
    assert_eq!(stub.asked(), [vec!["/a", "/b", "/nowhere"], vec!["/c", "/d"]]);
    assert_eq!(values["/d"].as_ref().unwrap().text().unwrap(), "4");
    let error = values["/nowhere"].as_ref().unwrap_err();
    assert_eq!(chain(error), ["could not get parameter `/nowhere`", "there is no such parameter"]);

    parameters.named(["/a", "/b", "/nowhere"]).await;
    assert_eq!(stub.asked(), [["/nowhere"]], "the others are kept");
    assert!(parameters.named(Vec::<String>::new()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_decrypted_and_what_is_not_are_two_calls_and_two_values() {
    let stub = Stub::with([("/a", "1"), ("/b", "2")]);
    let parameters = stub.parameters();
    let ids = [ParameterId::new("/a"), ParameterId::new("/b").decrypt(true), ParameterId::new("/a").decrypt(true)];
    let mut values = parameters.named(ids.clone()).await;
    assert_eq!(stub.asked(), [vec!["/a"], vec!["/b!", "/a!"]]);
    assert_eq!(values.len(), 3);
    let is_decrypted = |found: &Result<ParameterValue, _>| found.as_ref().unwrap().id().is_decrypted();
    assert!(!is_decrypted(&values["/a"]));
    for id in &ids {
        assert_eq!(is_decrypted(values.of(id).unwrap()), id.is_decrypted());
    }
    assert!(values.remove("/a").is_some_and(|found| !is_decrypted(&found)));
    assert!(is_decrypted(&values["/a"]), "the other one");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_readers_are_one_call_and_who_gives_up_does_not_end_it_for_the_others() {
    let stub = Stub::with([("/k", "v")]);
    let parameters = stub.parameters();
    assert!(tokio::time::timeout(SECOND / 2, parameters.get("/k").text()).await.is_err());
    let all = future::join_all((0..100).map(|_| parameters.get("/k").text())).await;
    assert!(all.into_iter().all(|value| value.unwrap() == "v"));
    assert_eq!(stub.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_path_is_kept_as_a_whole_also_where_it_is_empty() {
    let stub = Stub::with([("/p/a", "1"), ("/p/b.json", "{}"), ("/q", "2")]);
    let parameters = stub.parameters();
    let values = parameters.below("/p/").await.unwrap();
    assert_eq!(values.keys().collect::<Vec<_>>(), ["a", "b.json"]);
    assert_eq!(values["b.json"].auto().unwrap(), AutoValue::Json(json!({})));
    parameters.below("/p/").await.unwrap();
    assert!(parameters.below("/nothing/").await.unwrap().is_empty());
    parameters.below("/nothing/").await.unwrap();
    assert_eq!(stub.asked(), [["/p/"], ["/nothing/"]]);
}

#[tokio::test(start_paused = true)]
async fn which_call_is_made_depends_on_the_read_and_not_on_what_is_kept() {
    let stub = Stub::with([("/a", "1"), ("/b", "2")]);
    let shared = Arc::new(Mutex::new(Vec::new()));
    struct Marked(Stub, Arc<Mutex<Vec<usize>>>);
    impl ParameterSource for Marked {
        const BATCH: usize = 10;
        async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
            ParameterSource::fetch(&self.0, id).await
        }
        async fn fetch_batch(&self, ids: &[ParameterId]) -> Vec<Result<ParameterValue, BoxError>> {
            self.1.lock().unwrap().push(ids.len());
            ParameterSource::fetch_batch(&self.0, ids).await
        }
    }
    let parameters = Parameters::from_source(Marked(stub.clone(), Arc::clone(&shared)));
    let batches = || std::mem::take(&mut *shared.lock().unwrap());
    let (one, two) = tokio::join!(parameters.get("/a").text(), parameters.get("/b").text());
    assert_eq!((one.unwrap(), two.unwrap()), ("1".to_owned(), "2".to_owned()));
    assert!(batches().is_empty(), "two reads at once are two calls for one name each");
    parameters.clear();
    parameters.named(["/a"]).await;
    assert_eq!(batches(), [1], "a name alone, by the call for several");
    parameters.named(["/a", "/b"]).await;
    assert_eq!(batches(), [1], "whatever is kept");
}

#[tokio::test(start_paused = true)]
async fn a_value_is_what_is_asked_for_or_an_error_that_does_not_tell_it() {
    let stub = Stub::with([("/a.json", r#"{"n": 3}"#), ("/b.binary", "aGVsbG8="), ("/c", "hunter2"), ("/l", "a,b")]);
    let parameters = stub.parameters();
    assert_eq!(parameters.get("/a.json").auto().await.unwrap(), AutoValue::Json(json!({ "n": 3 })));
    assert_eq!(parameters.get("/b.binary").auto().await.unwrap(), AutoValue::Binary(b"hello".to_vec()));
    assert_eq!(parameters.get("/c").auto().await.unwrap(), AutoValue::Text("hunter2".to_owned()));
    assert_eq!(parameters.get("/l").value().await.unwrap().list().unwrap(), ["a", "b"]);
    for error in [
        parameters.get("/c").json::<u32>().await.unwrap_err(),
        parameters.get("/c").binary().await.unwrap_err(),
        parameters.get("/a.json").json::<HashMap<String, String>>().await.unwrap_err(),
    ] {
        assert!(error.is_malformed() && !format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let value = parameters.get("/c").value().await.unwrap();
    assert!(!format!("{value:?} {parameters:?}").contains("hunter2"));
}

#[test]
fn a_value_that_was_read_by_its_suffix_does_not_print() {
    for (name, text) in [("/a", "hunter2"), ("/a.json", r#"{"password": "hunter2"}"#), ("/a.binary", "aHVudGVyMg==")] {
        let value = ParameterValue::from_text(&ParameterId::new(name), text).with_kind(ParameterKind::SecureString);
        let transformed = value.auto().unwrap();
        let printed = format!("{transformed:?} {transformed:#?}");
        assert!(printed.contains("[REDACTED]"), "{printed}");
        assert!(!printed.contains("hunter2") && !printed.contains("104"), "{printed}");
    }
}

#[tokio::test]
async fn fixed_parameters_are_read_by_name_and_below_a_path() {
    let parameters = Parameters::fixed([("/shop/limit", "20"), ("/shop/eu/limit", "10"), ("/other", "1")]);
    assert_eq!(parameters.get("/shop/limit").json::<u8>().await.unwrap(), 20);
    let below = parameters.below("/shop/").await.unwrap();
    assert_eq!(below.keys().collect::<Vec<_>>(), ["limit"]);
    let below = parameters.below("/shop").recursive().await.unwrap();
    assert_eq!(below.keys().collect::<Vec<_>>(), ["eu/limit", "limit"]);
    let error = parameters.get("/nowhere").text().await.unwrap_err();
    assert!(error.is_refused(), "{error:?}");
}
