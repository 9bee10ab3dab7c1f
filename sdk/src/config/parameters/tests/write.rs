//! Writing a parameter, after which it is read anew.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_was_written_is_read_anew() {
    let stub = Stub::with([("/p/k", "v")]);
    let parameters = stub.parameters();
    parameters.get("/p/k").text().await.unwrap();
    parameters.below("/p/").await.unwrap();
    let error = parameters.set("/p/k", "hunter2").await.unwrap_err();
    assert_eq!(chain(&error), ["could not write parameter `/p/k`", "it is there already"]);
    let write = parameters.set("/p/k", "hunter2").overwrite().kind(ParameterKind::SecureString);
    assert!(!format!("{write:?}").contains("hunter2"));
    assert_eq!(write.await.unwrap(), 2);
    assert_eq!(parameters.get("/p/k").text().await.unwrap(), "hunter2");
    assert_eq!(parameters.below("/p/").await.unwrap()["k"].text().unwrap(), "hunter2");
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_read_anew_by_label_version_and_arn_too() {
    const ARN: &str = "arn:aws:ssm:eu-west-1:123456789012:parameter/p/k";
    let names = ["/p/k", "/p/k:prod", "/p/k:3", ARN, "arn:aws:ssm:eu-west-1:123456789012:parameter/p/k:prod"];
    let stub = Stub::with(names.map(|name| (name, "v")));
    stub.put("/p/kk", "other");
    let parameters = stub.parameters();
    let read = async || {
        for name in names.into_iter().chain(["/p/kk"]) {
            parameters.get(name).text().await.unwrap();
        }
        stub.asked().concat()
    };
    read().await;
    assert!(read().await.is_empty());
    parameters.set("/p/k", "w").overwrite().await.unwrap();
    assert_eq!(read().await, names, "and not a parameter whose name only begins so");
}

/// A store of one text that has the new one at once and responds to a write two seconds later.
#[derive(Clone)]
struct Slow(Arc<Mutex<String>>);

impl ParameterSource for Slow {
    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        Ok(ParameterValue::from_text(id, self.0.lock().unwrap().as_str()))
    }
    async fn fetch_below(&self, path: &ParameterPath) -> Result<ParameterValues, BoxError> {
        let id = ParameterId::new(format!("{}/a", path.path()));
        Ok(ParameterValues::from([("a".to_owned(), ParameterSource::fetch(self, &id).await?)]))
    }
    async fn write(&self, write: &ParameterWrite) -> Result<i64, BoxError> {
        *self.0.lock().unwrap() = write.value.clone();
        sleep(SECOND * 2).await;
        Ok(2)
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_is_forgotten_also_where_a_write_is_given_up() {
    let parameters = Parameters::from_source(Slow(Arc::new(Mutex::new("old".to_owned()))));
    assert_eq!(parameters.get("/p/a").text().await.unwrap(), "old");
    assert_eq!(parameters.below("/p").await.unwrap()["a"].text().unwrap(), "old");
    assert!(tokio::time::timeout(SECOND, parameters.set("/p/a", "new").overwrite().send()).await.is_err());
    assert_eq!(parameters.get("/p/a").text().await.unwrap(), "new");
    assert_eq!(parameters.below("/p").await.unwrap()["a"].text().unwrap(), "new");
}
