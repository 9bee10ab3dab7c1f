use super::*;

#[test]
fn a_value_is_found_by_its_path() {
    let context = ContextText::parse(r#"{"a":{"b":[1]},"http":{"sourceIp":"::1","x":null}}"#);
    let event =
        EventParts { kind: EventKind::HttpApi, context, path: EventPath::default(), stage_variables: Vec::new() };
    let context = RequestContext { event };
    assert_eq!(context.get::<String>("http.sourceIp").as_deref(), Some("::1"));
    assert_eq!(context.get::<Vec<u8>>("a.b"), Some(vec![1]));
    assert_eq!(context.get::<String>("http.none"), None);
    assert_eq!(context.get::<u8>("a.b.c"), None);
    let without = RequestContext { event: EventParts { context: None, ..context.event } };
    assert_eq!((without.raw().get(), without.get::<String>("a")), ("{}", None));
}
