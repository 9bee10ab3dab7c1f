//! Cargo.toml and samconfig.toml: a copy of the example outside of the repository builds and deploys.

use toml::{Table, Value};

use super::Example;

/// The settings with which `cargo lambda build` compiles a copy as the workspace's `[profile.release]` does.
const BUILD_VARIABLES: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_STRIP", "true"),
    ("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS", "-Ctarget-cpu=neoverse-n1"),
];

pub(super) fn check(example: &mut Example, workspace: &Table) {
    if let Some(text) = example.read("Cargo.toml", "add it") {
        match text.parse::<Table>() {
            Ok(manifest) => check_manifest(example, &manifest, workspace),
            Err(error) => example.wrong(format_args!("Cargo.toml: {error}"), "correct it"),
        }
    }
    if let Some(text) = example.read("samconfig.toml", "add it, so that `sam build && sam deploy` asks nothing") {
        match text.parse::<Table>() {
            Ok(config) => check_samconfig(example, &config),
            Err(error) => example.wrong(format_args!("samconfig.toml: {error}"), "correct it"),
        }
    }
}

/// What users require of Pilaster, such as "0.1": the minor version of the workspace, which `.ci/release` changes with it.
pub(super) fn requirement(workspace: &Table) -> String {
    let version = at(workspace, &["workspace", "package", "version"]).and_then(Value::as_str).unwrap_or_default();
    version.rsplit_once('.').map(|(minor, _)| minor.to_owned()).unwrap_or_default()
}

/// The value at a path of keys.
fn at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = table.get(*first)?;
    if rest.is_empty() { Some(value) } else { at(value.as_table()?, rest) }
}

fn check_manifest(example: &mut Example, manifest: &Table, workspace: &Table) {
    let inherited = inherits(manifest);
    for path in &inherited {
        example.wrong(format_args!("Cargo.toml: `{path}` is inherited"), "write the value: a copy has no workspace");
    }
    for (key, value) in [("edition", "edition"), ("rust-version", "rust-version"), ("license", "license")] {
        let expected = at(workspace, &["workspace", "package", value]);
        if !inherited.contains(&format!("package.{key}")) && at(manifest, &["package", key]) != expected {
            let expected = expected.and_then(Value::as_str).unwrap_or_default();
            example.wrong(format_args!("Cargo.toml: `{key}` is not the workspace's"), format_args!("set {expected:?}"));
        }
    }
    if at(manifest, &["package", "publish"]).and_then(Value::as_bool) != Some(false) {
        example.wrong("Cargo.toml: it can be published", "set `publish = false`");
    }
    if at(manifest, &["package", "description"]).is_none() {
        example.wrong("Cargo.toml: there is no description", "add one sentence");
    }
    if at(manifest, &["lints", "rust", "unsafe_code"]).and_then(Value::as_str) != Some("forbid") {
        example.wrong("Cargo.toml: unsafe code is allowed", "add `[lints.rust]` with `unsafe_code = \"forbid\"`");
    }
    if manifest.contains_key("profile") {
        example.wrong("Cargo.toml: cargo ignores a member's `[profile]`", "remove it");
    }
    check_build(example, manifest);
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for (name, value) in manifest.get(section).and_then(Value::as_table).into_iter().flatten() {
            check_dependency(example, name, value, workspace);
        }
    }
}

/// The paths of the keys that a workspace would fill.
fn inherits(manifest: &Table) -> Vec<String> {
    fn look(value: &Value, path: &str, found: &mut Vec<String>) {
        let Some(table) = value.as_table() else { return };
        if table.get("workspace").and_then(Value::as_bool) == Some(true) {
            found.push(path.to_owned());
        }
        for (key, value) in table {
            look(value, &if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, found);
        }
    }
    let mut found = Vec::new();
    look(&Value::Table(manifest.clone()), "", &mut found);
    found
}

fn check_build(example: &mut Example, manifest: &Table) {
    let build = ["package", "metadata", "lambda", "build"];
    let build = at(manifest, &build).and_then(Value::as_table).cloned().unwrap_or_default();
    if build.contains_key("features") {
        let fix = "remove them, and put the feature into `default`";
        example.wrong("Cargo.toml: `cargo lambda build` does not read its features in this folder", fix);
    }
    if build.get("disable_optimizations").and_then(Value::as_bool) != Some(true) {
        let fix = "set `disable_optimizations = true` in `[package.metadata.lambda.build]`";
        example.wrong("Cargo.toml: `cargo lambda build` sets `panic = \"abort\"` in a copy", fix);
    }
    for (name, value) in BUILD_VARIABLES {
        if at(&build, &["env", name]).and_then(Value::as_str) != Some(value) {
            let fix = format_args!("set `{name} = \"{value}\"` in `[package.metadata.lambda.build.env]`");
            example.wrong("Cargo.toml: a copy is built without the optimizations of the workspace", fix);
        }
    }
    if let Some(features) = manifest.get("features").and_then(Value::as_table) {
        let by_default = features.get("default").and_then(Value::as_array);
        let by_default = by_default.is_some_and(|names| names.iter().any(|name| name.as_str() == Some("aws")));
        if features.contains_key("aws") && !by_default {
            example.wrong("Cargo.toml: AWS clients are off by default", "set `default = [\"aws\"]`");
        }
    }
}

fn check_dependency(example: &mut Example, name: &str, value: &Value, workspace: &Table) {
    let part = |key| value.as_table().and_then(|table| table.get(key));
    if part("workspace").is_some() {
        return;
    }
    if part("path").is_some() {
        let fix = "name the version; the workspace's `[patch.crates-io]` has the path";
        example.wrong(format_args!("Cargo.toml: `{name}` has a path"), fix);
    }
    let version = value.as_str().or_else(|| part("version").and_then(Value::as_str));
    if name == "pilaster" {
        let own = requirement(workspace);
        if version != Some(&own) {
            example.wrong("Cargo.toml: another version of pilaster", format_args!("set `version = {own:?}`"));
        }
        return;
    }
    let Some(shared) = at(workspace, &["workspace", "dependencies", name]) else { return };
    let shared_part = |key| shared.as_table().and_then(|table| table.get(key));
    let shared_version = shared.as_str().or_else(|| shared_part("version").and_then(Value::as_str));
    if version != shared_version {
        let fix = format_args!("set {:?}, as in the workspace", shared_version.unwrap_or_default());
        example.wrong(format_args!("Cargo.toml: another version of `{name}`"), fix);
    }
    if shared_part("default-features") != part("default-features") {
        let fix = "as in the workspace, or all members get the other's features";
        example.wrong(format_args!("Cargo.toml: another `default-features` of `{name}`"), fix);
    }
}

fn check_samconfig(example: &mut Example, config: &Table) {
    let stack = format!("pilaster-{}", example.name);
    for (key, expected) in [
        ("stack_name", Value::from(stack)),
        ("capabilities", Value::from("CAPABILITY_IAM")),
        ("resolve_s3", Value::from(true)),
    ] {
        let of = |command| at(config, &["default", command, "parameters", key]);
        if of("deploy").or_else(|| of("global")) != Some(&expected) {
            let expected = expected.as_str().map_or("true".to_owned(), |text| format!("{text:?}"));
            let fix = format_args!("set `{key} = {expected}` in `[default.deploy.parameters]`");
            example.wrong(format_args!("samconfig.toml: `sam deploy` would ask for `{key}`"), fix);
        }
    }
    if at(config, &["default", "deploy", "parameters", "stack_name"]).is_some() {
        let fix = "move it to `[default.global.parameters]`";
        example.wrong("samconfig.toml: `sam delete` does not know the stack's name", fix);
    }
}
