//! [`assert_schema`]: the schema of the tools in the repository is that of the function.

use std::path::Path;

use serde_json::Value;

use super::document::assert_current;
use crate::tools::SchemaFaults;

/// Checks that a file is the schema of tools, which is deployed with the function. Cargo runs a test in the folder of its
/// package, so `tool-schema.json` is beside `Cargo.toml`. With `PILASTER_SCHEMA=overwrite` in the environment, it writes
/// the file.
///
/// # Example
///
/// ```no_run
/// # use pilaster::tools::Tools;
/// # fn tools() -> Tools { Tools::new() }
/// #[test]
/// # fn shown() {}
/// fn the_schema_is_current() {
///     pilaster::testing::assert_schema("tool-schema.json", tools().agentcore_schema());
/// }
/// # the_schema_is_current();
/// ```
///
/// # Panics
///
/// The file is missing or differs, or the dialect cannot express a tool.
#[track_caller]
pub fn assert_schema(file: impl AsRef<Path>, schema: Result<Value, SchemaFaults>) {
    let schema = schema.unwrap_or_else(|faults| panic!("the schema has faults:\n{faults}"));
    assert_current(file.as_ref(), &format!("{schema:#}\n"), "the schema of the tools", "PILASTER_SCHEMA");
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use super::*;
    use crate::tools::{Definition, Input, Tool, Tools};

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Ask {
        #[allow(dead_code)]
        city: String,
    }

    impl Tool for Ask {
        const DEFINITION: Definition = Definition::new("ask", "Asks.");
    }

    #[test]
    fn a_file_that_differs_is_named_with_the_difference() {
        let file = env::temp_dir().join(format!("pilaster-schema-{}.json", std::process::id()));
        let schema = || Tools::new().add(async |_: Input<Ask>| "").agentcore_schema();
        let text = format!("{:#}\n", schema().unwrap());
        fs::write(&file, &text).unwrap();
        assert_schema(&file, schema());
        fs::write(&file, text.replace("city", "town")).unwrap();
        let failed = std::panic::catch_unwind(|| assert_schema(&file, schema())).unwrap_err();
        let failed = failed.downcast_ref::<String>().unwrap();
        assert!(failed.contains("PILASTER_SCHEMA=overwrite") && failed.contains("\"town\""), "{failed}");
        fs::remove_file(&file).unwrap();
    }
}
