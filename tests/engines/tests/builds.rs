//! What `cargo lambda build` and `sam build` build of each example: in its folder, from the root, in a copy elsewhere.
//!
//! The tools are real. Cargo plans each build and does not run it: `plan/cargo` keeps the plan, which has the features,
//! the profile and the binaries. `.ci/copies` compiles the copies.
//!
//! `EXAMPLE=payments cargo test -p engines --test builds` checks one example only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use engines::binary::without_cargo_variables;
use engines::programs;
use serde_json::Value;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The folders of the examples; by `EXAMPLE`, one of them.
fn examples() -> Vec<PathBuf> {
    let only = std::env::var("EXAMPLE").ok();
    let root = Path::new(HERE).join("../..").canonicalize().expect("the repository");
    let folders =
        fs::read_dir(root.join("examples")).expect("the examples").map(|entry| entry.expect("an entry").path());
    let folders = folders.filter(|path| path.join("Cargo.toml").exists());
    let mut folders: Vec<_> = folders.filter(|path| only.as_ref().is_none_or(|only| path.ends_with(only))).collect();
    assert!(!folders.is_empty(), "there is no such example: {only:?}");
    folders.sort();
    folders
}

fn name(example: &Path) -> String {
    example.file_name().expect("a name").to_string_lossy().into_owned()
}

/// An empty folder under the target folder.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("builds").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A build as cargo would run it.
#[derive(Debug)]
struct Build {
    arguments: String,
    plan: Value,
}

impl Build {
    /// The units of the functions.
    fn functions(&self) -> impl Iterator<Item = &Value> {
        let roots = self.plan["roots"].as_array().into_iter().flatten();
        let units = roots.filter_map(|root| self.plan["units"].get(root.as_u64()? as usize));
        units.filter(|unit| unit["target"]["kind"][0] == "bin")
    }

    fn binaries(&self) -> BTreeSet<&str> {
        self.functions().filter_map(|unit| unit["target"]["name"].as_str()).collect()
    }

    /// The features with which a library or binary of this name is compiled.
    fn features(&self, of: &str) -> BTreeSet<&str> {
        let units = self.plan["units"].as_array().into_iter().flatten();
        let named = units.filter(|unit| unit["target"]["name"] == of);
        named.filter_map(|unit| unit["features"].as_array()).flatten().filter_map(Value::as_str).collect()
    }

    /// What differs from how functions are deployed.
    fn mistakes(&self, manifest: &Manifest) -> Vec<String> {
        let mut mistakes = Vec::new();
        for unit in self.functions() {
            let profile = &unit["profile"];
            for (key, expected) in [("panic", "unwind"), ("lto", "fat"), ("opt_level", "3")] {
                if profile[key] != expected {
                    mistakes.push(format!("{key} is {} and not {expected}", profile[key]));
                }
            }
            if profile["codegen_units"] != 1 || profile["strip"]["resolved"]["Named"] != "symbols" {
                mistakes.push("codegen-units or strip are not those of the workspace".to_owned());
            }
        }
        if !self.arguments.contains("target-cpu=neoverse-n1") {
            mistakes.push("it is not compiled for Lambda's processors".to_owned());
        }
        let features = self.features("pilaster");
        for feature in manifest.pilaster.iter().filter(|name| !features.contains(name.as_str())) {
            mistakes.push(format!("pilaster is compiled without `{feature}`"));
        }
        mistakes.sort();
        mistakes.dedup();
        mistakes
    }
}

/// What the manifest of an example says.
#[derive(Debug)]
struct Manifest {
    binaries: BTreeSet<String>,
    /// The features of pilaster with AWS clients.
    pilaster: BTreeSet<String>,
}

impl Manifest {
    /// Asks cargo.
    fn of(example: &Path) -> Self {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["metadata", "--format-version", "1", "--no-deps"]).current_dir(example);
        let output = cargo.output().expect("cargo starts");
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo's metadata");
        let packages = metadata["packages"].as_array().expect("packages");
        let package = packages.iter().find(|package| package["name"] == *name(example)).expect("the package").clone();
        let targets = package["targets"].as_array().into_iter().flatten();
        let binaries = targets.filter(|target| target["kind"][0] == "bin").filter_map(|target| target["name"].as_str());
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let pilaster =
            dependencies.filter(|dependency| dependency["name"] == "pilaster" && dependency["kind"].is_null());
        let pilaster = pilaster.flat_map(|dependency| dependency["features"].as_array().into_iter().flatten());
        let by_feature = package["features"]["aws"].as_array().into_iter().flatten();
        let pilaster = pilaster.filter_map(Value::as_str);
        let by_feature = by_feature.filter_map(|name| name.as_str()?.strip_prefix("pilaster/"));
        Self {
            binaries: binaries.map(str::to_owned).collect(),
            pilaster: pilaster.chain(by_feature).map(str::to_owned).collect(),
        }
    }
}

/// Runs a tool in a folder with the cargo that only plans. Returns the builds, and what it printed.
fn run(tool: &str, arguments: &[&str], folder: &Path, target: &Path) -> Result<(Vec<Build>, String), String> {
    let plans = target.join("plans");
    let _ = fs::remove_dir_all(&plans);
    fs::create_dir_all(&plans).expect("a folder");
    let cargo = std::env::var("CARGO").expect("cargo runs the tests");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(programs().join(tool));
    without_cargo_variables(&mut command).args(arguments).current_dir(folder);
    command.env("PATH", format!("{HERE}/plan:{}:{path}", programs().display()));
    command.env("REAL_CARGO", cargo).env("PLANS", &plans).env("CARGO_TARGET_DIR", target).env_remove("CARGO");
    command.env("SAM_CLI_TELEMETRY", "0").env("CARGO_TERM_COLOR", "never");
    let output = command.output().expect("the tool starts");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("`{tool} {}`: {text}", arguments.join(" ")));
    }
    let files = fs::read_dir(&plans).expect("the plans").map(|entry| entry.expect("a plan").path());
    let builds = files.map(|file| {
        let json: Value = serde_json::from_slice(&fs::read(file).expect("a plan")).expect("a plan is JSON");
        Build { arguments: json["arguments"].to_string(), plan: json["plan"].clone() }
    });
    Ok((builds.collect(), text.into_owned()))
}

/// Checks one build of all binaries.
fn all(tool: &[&str], folder: &Path, target: &Path, manifest: &Manifest) -> Vec<String> {
    let (builds, text) = match run(tool[0], &tool[1..], folder, target) {
        Ok(ran) => ran,
        Err(error) => return vec![error],
    };
    let [build] = &builds[..] else { return vec![format!("{} builds: {text}", builds.len())] };
    let mut mistakes = build.mistakes(manifest);
    if build.binaries() != manifest.binaries.iter().map(String::as_str).collect() {
        mistakes.push(format!("it builds {:?} and not {:?}", build.binaries(), manifest.binaries));
    }
    mistakes.extend(text.lines().filter(|line| line.contains("warning")).map(str::to_owned));
    mistakes
}

/// The functions of a template with their binaries.
fn functions(template: &Path) -> BTreeMap<String, String> {
    let list = "import json, sys; from samtranslator.yaml_helper import yaml_parse; print(json.dumps({name: \
                resource['Metadata']['BuildProperties']['Binary'] for name, resource in \
                yaml_parse(open(sys.argv[1]).read())['Resources'].items() if resource['Type'] == \
                'AWS::Serverless::Function'}))";
    let mut python = Command::new(programs().join("python"));
    let output = python.args(["-c", list]).arg(template).output().expect("python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the functions")
}

fn report(findings: &[String]) {
    assert!(findings.is_empty(), "{} findings\n{}\n", findings.len(), findings.join("\n"));
}

#[test]
fn cargo_lambda_builds_in_the_folder_and_from_the_root_what_is_deployed() {
    let mut findings = Vec::new();
    for example in examples() {
        let (name, manifest) = (name(&example), Manifest::of(&example));
        let target = scratch(&format!("cargo-lambda/{name}"));
        let root = example.join("../..");
        let build = ["cargo-lambda", "lambda", "build", "--release", "--arm64"];
        let from_root = [&build[..], &["-p", &name]].concat();
        for (place, tool, folder) in [("in its folder", &build[..], &example), ("from the root", &from_root, &root)] {
            let mistakes = all(tool, folder, &target, &manifest);
            findings.extend(mistakes.into_iter().map(|mistake| format!("{name}: built {place}: {mistake}")));
        }
    }
    report(&findings);
}

#[test]
fn sam_builds_every_function_of_a_template() {
    let mut findings = Vec::new();
    for example in examples() {
        let (name, manifest) = (name(&example), Manifest::of(&example));
        let target = scratch(&format!("sam/{name}"));
        let built = target.join("build").display().to_string();
        let arguments = ["build", "--parallel", "--build-dir", &built, "--no-cached"];
        let builds = match run("sam", &arguments, &example, &target) {
            Ok((builds, _)) => builds,
            Err(error) => {
                findings.push(format!("{name}: {error}"));
                continue;
            }
        };
        for mistake in builds.iter().flat_map(|build| build.mistakes(&manifest)).collect::<BTreeSet<_>>() {
            findings.push(format!("{name}: built by sam: {mistake}"));
        }
        for (function, binary) in functions(&example.join("template.yaml")) {
            let bootstrap = fs::read_to_string(target.join("build").join(&function).join("bootstrap"));
            if bootstrap.ok().as_deref().map(str::trim) != Some(&*format!("binary {binary}")) {
                findings.push(format!("{name}: sam does not build {function} from {binary}"));
            }
        }
        let declared = example.join(".aws-sam/build.toml");
        let _ = fs::remove_file(declared);
        let _ = fs::remove_dir(example.join(".aws-sam"));
    }
    report(&findings);
}

/// None of our files is above the copy. The configuration of cargo there only says where pilaster is, since it is not
/// on crates.io.
#[test]
fn a_copy_elsewhere_is_built_as_in_the_workspace() {
    let mut findings = Vec::new();
    let home = std::env::temp_dir().join(format!("pilaster-copies-{}", std::process::id()));
    let sdk = Path::new(HERE).join("../../sdk").canonicalize().expect("the SDK");
    fs::create_dir_all(home.join(".cargo")).expect("a folder");
    let patch = format!("[patch.crates-io]\npilaster = {{ path = {:?} }}\n", sdk.display().to_string());
    fs::write(home.join(".cargo/config.toml"), patch).expect("a configuration");
    for example in examples() {
        let (name, manifest) = (name(&example), Manifest::of(&example));
        let copy = home.join(&name);
        copy_folder(&example, &copy);
        fs::copy(Path::new(HERE).join("../../Cargo.lock"), copy.join("Cargo.lock")).expect("the versions");
        let target = scratch(&format!("copies/{name}"));
        let build = ["cargo-lambda", "lambda", "build", "--release", "--arm64"];
        let mistakes = all(&build, &copy, &target, &manifest);
        findings.extend(mistakes.into_iter().map(|mistake| format!("{name}: built in a copy: {mistake}")));
    }
    fs::remove_dir_all(&home).expect("the copies");
    report(&findings);
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "target" || entry.file_name() == ".aws-sam" {
            continue;
        }
        if path.is_dir() {
            copy_folder(&path, &to);
        } else {
            fs::copy(&path, &to).expect("a copy");
        }
    }
}
