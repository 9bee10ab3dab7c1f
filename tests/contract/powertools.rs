//! The document of `crud` beside the one that Powertools for Python makes of the same routes and types (`powertools.py`): paths, parameters,
//! statuses, media types, and the schemas of bodies with what is required. The differences are in `powertools.toml`, by reason.

use std::collections::BTreeSet;

use regex_lite::Regex;
use serde::Deserialize;

use super::*;

/// What both documents have to say, a line each, whatever the names of their components.
type Facts = BTreeSet<String>;

fn facts(document: &Value) -> Facts {
    let mut facts = Facts::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = format!("{} {path}", method.to_uppercase());
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let of =
                    format!("{name} {} {}", parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap());
                facts.insert(format!("{of} {}", necessity(parameter["required"] == true)));
                schema(document, &of, &parameter["schema"], &mut facts);
            }
            if let Some(body) = operation.get("requestBody") {
                facts.insert(format!("{name} body {}", necessity(body["required"] == true)));
                contents(document, &format!("{name} body"), body, &mut facts);
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                facts.insert(format!("{name} {status}"));
                for header in response["headers"].as_object().into_iter().flatten() {
                    facts.insert(format!("{name} {status} header {}", header.0));
                }
                contents(document, &format!("{name} {status}"), response, &mut facts);
            }
        }
    }
    facts
}

fn necessity(is_required: bool) -> &'static str {
    if is_required { "required" } else { "optional" }
}

fn contents(document: &Value, of: &str, body: &Value, facts: &mut Facts) {
    for (media_type, content) in body["content"].as_object().into_iter().flatten() {
        schema(document, &format!("{of} {media_type}"), &content["schema"], facts);
    }
}

/// Adds the facts of a schema: its type, its bounds, and those of its properties and items. `null` is a type or an alternative.
fn schema(document: &Value, of: &str, schema: &Value, facts: &mut Facts) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).unwrap();
        return self::schema(document, of, target, facts);
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        for alternative in alternatives {
            self::schema(document, of, alternative, facts);
        }
        return;
    }
    let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    facts.extend(types.iter().map(|name| format!("{of}: {}", name.as_str().unwrap_or("any"))));
    for keyword in ["format", "minLength", "maxLength", "pattern", "additionalProperties", "enum", "default"] {
        facts.extend(schema.get(keyword).map(|value| format!("{of}: {keyword} {value}")));
    }
    // Pydantic writes the bounds of an integer as `1.0`.
    for keyword in ["minimum", "maximum"] {
        facts.extend(schema.get(keyword).map(|value| format!("{of}: {keyword} {}", value.as_f64().unwrap())));
    }
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    facts.extend(required.iter().map(|name| format!("{of}/{name} required")));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        facts.insert(format!("{of}/{name} {}", necessity(required.contains(&&**name))));
        self::schema(document, &format!("{of}/{name}"), property, facts);
    }
    if let Some(items) = schema.get("items") {
        self::schema(document, &format!("{of}/*"), items, facts);
    }
}

#[derive(Deserialize)]
struct Listed {
    difference: Vec<Difference>,
}

/// Facts of one document alone, as regular expressions of a whole line.
#[derive(Deserialize)]
struct Difference {
    reason: String,
    #[serde(default)]
    ours: Vec<String>,
    #[serde(default)]
    theirs: Vec<String>,
}

/// Returns the differences that are not listed, and the expressions of the list that match none.
fn surprises(ours: &Value, theirs: &Value) -> Vec<String> {
    let text = fs::read_to_string(root().join("tests/contract/powertools.toml")).unwrap();
    let listed: Listed = toml::from_str(&text).unwrap();
    assert!(listed.difference.iter().all(|difference| !difference.reason.is_empty()));
    let (ours, theirs) = (facts(ours), facts(theirs));
    let alone = |these: &Facts, others: &Facts| these.difference(others).cloned().collect();
    let mut surprises = unlisted("ours", alone(&ours, &theirs), listed.difference.iter().map(|it| &it.ours));
    surprises.extend(unlisted("theirs", alone(&theirs, &ours), listed.difference.iter().map(|it| &it.theirs)));
    surprises
}

fn unlisted<'a>(side: &str, alone: Vec<String>, listed: impl Iterator<Item = &'a Vec<String>>) -> Vec<String> {
    let expressions: Vec<Regex> = listed.flatten().map(|line| Regex::new(&format!("^(?:{line})$")).unwrap()).collect();
    let facts = alone.iter().filter(|fact| !expressions.iter().any(|expression| expression.is_match(fact)));
    let unused = expressions.iter().filter(|expression| !alone.iter().any(|fact| expression.is_match(fact)));
    let unused = unused.map(|expression| format!("{side}: listed, and no difference: {expression}"));
    facts.map(|fact| format!("{side} alone: {fact}")).chain(unused).collect()
}

#[test]
fn powertools_documents_the_same_routes_alike_but_for_listed_differences() {
    let script = root().join("tests/contract/powertools.py");
    let said = succeeds("python", &[script.to_str().unwrap()], &folder("powertools"));
    let theirs: Value = serde_json::from_str(&said).unwrap();
    let surprises_of = |ours: &Value| surprises(ours, &theirs);
    assert!(facts(&theirs).len() > 100 && facts(&theirs).intersection(&facts(&document())).count() > 90);
    assert_eq!(surprises_of(&document()), [""; 0]);

    // A change of any kind is noticed.
    let change = |pointer: &str, value: Value| {
        let mut changed = document();
        *changed.pointer_mut(pointer).unwrap() = value;
        surprises_of(&changed)
    };
    assert_eq!(change("/paths/~1users/get/parameters/1/name", "max".into()).len(), 10);
    assert_eq!(change("/paths/~1users~1{id}/get/parameters/0/required", false.into()).len(), 2);
    assert_eq!(change("/components/schemas/NewUser/required", json!(["email"])).len(), 2);
    assert_eq!(change("/components/schemas/NewUser/properties/name/maxLength", 99.into()).len(), 2);
    let mut other = document();
    let responses = other["paths"]["/users"]["post"]["responses"].as_object_mut().unwrap();
    let created = responses.remove("201").unwrap();
    responses.insert("200".to_owned(), created);
    assert!(surprises_of(&other).iter().any(|line| line == "theirs alone: POST /users 201"));
    // A listed difference that is gone is noticed, too.
    let mut other = document();
    other["paths"]["/users"]["post"]["responses"].as_object_mut().unwrap().remove("409");
    let gone = surprises_of(&other);
    assert!(matches!(&gone[..], [one] if one.contains("listed, and no difference") && one.contains("409")), "{gone:?}");
}
