//! The client context of an invocation, in the form that `lambda_runtime` 1.5.0 reads: values are text, and `client` has all
//! of its members. The runtime and a local run repair it by one function.

use serde_json::{Map, Value};

/// The members of `client`, and their other names.
const APPLICATION: [[&str; 2]; 5] = [
    ["installationId", "installation_id"],
    ["appTitle", "app_title"],
    ["appVersionName", "app_version_name"],
    ["appVersionCode", "app_version_code"],
    ["appPackageName", "app_package_name"],
];

/// Replaces values that are not text by their JSON text, and removes those that are null. A part that is not an object
/// becomes an empty one.
pub(crate) fn repair(context: &mut Map<String, Value>) {
    for (part, values) in context {
        if !["client", "custom", "environment"].contains(&&**part) {
            continue;
        }
        if !values.is_object() {
            // `null` or another value: as if it were absent.
            *values = Value::Object(Map::new());
        }
        if let Value::Object(values) = values {
            values.retain(|_, value| !value.is_null());
            values.values_mut().filter(|value| !value.is_string()).for_each(|value| *value = value.to_string().into());
            if part == "client" {
                // `lambda_runtime` requires all of them.
                for [name, alias] in APPLICATION {
                    if !values.contains_key(alias) {
                        values.entry(name).or_insert_with(|| "".into());
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_become_text_and_a_part_that_is_not_an_object_is_empty() {
        let whole = json!({
            "installationId": "i", "app_title": "a", "appVersionName": "", "appVersionCode": "", "appPackageName": "",
        });
        let empty = json!({
            "installationId": "", "appTitle": "", "appVersionName": "", "appVersionCode": "", "appPackageName": "",
        });
        for (sent, repaired) in [
            (
                json!({ "custom": { "a": "b", "n": 5, "none": null, "o": { "p": [1] } } }),
                json!({ "custom": { "a": "b", "n": "5", "o": r#"{"p":[1]}"# } }),
            ),
            (json!({ "custom": null, "environment": [1] }), json!({ "custom": {}, "environment": {} })),
            (json!({ "client": null }), json!({ "client": empty })),
            (json!({ "client": { "app_title": null } }), json!({ "client": empty })),
            (json!({ "client": whole }), json!({ "client": whole })),
            (json!({ "services": null }), json!({ "services": null })),
            (json!({}), json!({})),
        ] {
            let mut context = sent.as_object().unwrap().clone();
            repair(&mut context);
            assert_eq!(Value::Object(context), repaired, "{sent}");
        }
    }
}
