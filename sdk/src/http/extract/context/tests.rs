use super::*;

#[test]
fn a_value_is_found_by_its_path() {
    let text = ContextText::parse(r#"{"a":{"b":[1]},"http":{"sourceIp":"::1","x":null}}"#).unwrap();
    let context =
        RequestContext { kind: EventKind::HttpApi, text, path: EventPath::default(), stage_variables: Vec::new() };
    assert_eq!(context.get::<String>("http.sourceIp").as_deref(), Some("::1"));
    assert_eq!(context.get::<Vec<u8>>("a.b"), Some(vec![1]));
    assert_eq!(context.get::<String>("http.none"), None);
    assert_eq!(context.get::<u8>("a.b.c"), None);
}
