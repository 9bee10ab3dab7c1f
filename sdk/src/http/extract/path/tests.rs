use super::*;
use serde::Deserialize;

async fn extract<T: DeserializeOwned>(params: &[(&str, &str)]) -> Result<T, Rejection> {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    parts.extensions.insert(PathParams(params.collect()));
    <Path<T> as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await.map(|path| path.0)
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Cat,
    Dog,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Pet {
    kind: Kind,
    id: u32,
    tail: Option<bool>,
}

#[tokio::test]
async fn one_parameter_is_a_plain_value_and_several_are_a_tuple_or_a_struct() {
    assert_eq!(extract::<u64>(&[("id", "7")]).await.unwrap(), 7);
    assert_eq!(extract::<String>(&[("id", "a b")]).await.unwrap(), "a b");
    assert_eq!(extract::<Kind>(&[("kind", "dog")]).await.unwrap(), Kind::Dog);
    assert_eq!(extract::<(String, i8)>(&[("a", "x"), ("b", "-3")]).await.unwrap(), ("x".into(), -3));
    let pet = extract::<Pet>(&[("id", "7"), ("kind", "cat"), ("other", "x")]).await.unwrap();
    assert_eq!(pet, Pet { kind: Kind::Cat, id: 7, tail: None });
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_a_400_that_names_the_parameter() {
    let error = extract::<Pet>(&[("id", "hunter2"), ("kind", "cat")]).await.unwrap_err();
    assert_eq!(error.status(), 400);
    assert_eq!(error.fields(), [FieldError::new("/id", "expected an integer from 0 to 4294967295")]);
    let error = extract::<Pet>(&[("id", "1"), ("kind", "hunter2")]).await.unwrap_err();
    assert_eq!(error.fields(), [FieldError::new("/kind", "expected `cat` or `dog`")]);
    let error = extract::<bool>(&[("tail", "hunter2")]).await.unwrap_err();
    assert_eq!(error.fields(), [FieldError::new("/tail", "expected `true` or `false`")]);
}

#[tokio::test]
async fn a_value_that_the_type_itself_refuses_is_a_400() {
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "String")]
    struct Even(());
    impl TryFrom<String> for Even {
        type Error = String;
        fn try_from(text: String) -> Result<Self, String> {
            if text.len().is_multiple_of(2) { Ok(Self(())) } else { Err(format!("{text} is odd")) }
        }
    }
    #[derive(Debug, Deserialize)]
    struct At {
        #[allow(dead_code)]
        id: Even,
    }
    assert!(extract::<Even>(&[("id", "ab")]).await.is_ok());
    let alone = extract::<Even>(&[("id", "hunter2")]).await.unwrap_err();
    let within = extract::<At>(&[("id", "hunter2"), ("other", "x")]).await.unwrap_err();
    for rejection in [alone, within] {
        assert_eq!(rejection.status(), 400);
        assert!(!rejection.fields()[0].detail().contains("hunter2"));
    }
}

#[tokio::test]
async fn a_route_without_the_parameter_is_the_functions_mistake() {
    assert_eq!(extract::<u64>(&[]).await.unwrap_err().status(), 500);
    assert_eq!(extract::<(u8, u8)>(&[("a", "1")]).await.unwrap_err().status(), 500);
}
