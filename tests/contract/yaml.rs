//! `openapi --yaml` by two parsers of YAML that are not ours: of YAML 1.1 (PyYAML) and 1.2 (the npm package yaml).
//!
//! `YAML_SEEDS=1..50 cargo test -p engines --test contract yaml` makes more documents.

use super::*;

/// Runs crud with these arguments, and writes what it prints into a file.
fn print(arguments: &[&str], folder: &Path, file: &str) {
    let output = Command::new(&binary::example("crud")["crud"]).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    fs::write(folder.join(file), output.stdout).unwrap();
}

/// Compares a document in JSON and in YAML by both parsers; returns what they say if one of them finds a difference.
fn compare(json: &str, yaml: &str, folder: &Path) -> Result<(), String> {
    for name in ["yaml_values.py", "yaml_values.mjs"] {
        fs::copy(root().join("tests/contract").join(name), folder.join(name)).unwrap();
    }
    for (program, script) in [("python", "yaml_values.py"), ("node", "yaml_values.mjs")] {
        let arguments =
            if program == "python" { vec![script, "compare", json, yaml] } else { vec![script, json, yaml] };
        let (is_same, said) = run(program, &arguments, folder);
        if !is_same {
            return Err(format!("{program}: {said}"));
        }
    }
    Ok(())
}

#[test]
fn each_document_in_yaml_is_the_one_in_json() {
    let folder = folder("yaml");
    for (name, arguments) in [("own", &["openapi"][..]), ("aws", &["openapi", "--aws", "Users"])] {
        let (json, yaml) = (format!("{name}.json"), format!("{name}.yaml"));
        print(arguments, &folder, &json);
        print(&[arguments, &["--yaml"]].concat(), &folder, &yaml);
        compare(&json, &yaml, &folder).unwrap();
        if name == "own" {
            succeeds("python", &["-m", "openapi_spec_validator", &yaml], &folder);
            succeeds("npm:redocly", &["lint", &yaml], &folder);
        }
    }
}

#[test]
fn random_texts_are_the_same_in_yaml_and_a_planted_difference_is_found() {
    let folder = folder("yaml-random");
    fs::copy(root().join("tests/contract/yaml_values.py"), folder.join("yaml_values.py")).unwrap();
    let seeds = env::var("YAML_SEEDS").unwrap_or_else(|_| "1..4".to_owned());
    let (first, last) = seeds.split_once("..").unwrap();
    for seed in first.parse::<u32>().unwrap()..last.parse().unwrap() {
        let mut made = Command::new(tools().join("bin/python"));
        made.args(["yaml_values.py", "make", &seed.to_string()]).current_dir(&folder);
        let made = made.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::write(folder.join("made.json"), made.stdout).unwrap();
        print(&["openapi", "merge", "made.json"], &folder, "random.json");
        print(&["openapi", "merge", "made.json", "--yaml"], &folder, "random.yaml");
        compare("random.json", "random.yaml", &folder).unwrap_or_else(|said| panic!("seed {seed}: {said}"));
    }

    // PyYAML reads `no` as a boolean, and both read `1e3` or `1.5` as a number.
    let document = |yaml: &str| format!("openapi: 3.1.0\ninfo:\n  title: {yaml}\n  version: '1'\npaths: {{}}\n");
    for planted in ["no", "1.5"] {
        let value = json!({ "openapi": "3.1.0", "info": { "title": planted, "version": "1" }, "paths": {} });
        fs::write(folder.join("planted.json"), value.to_string()).unwrap();
        fs::write(folder.join("planted.yaml"), document(planted)).unwrap();
        assert!(compare("planted.json", "planted.yaml", &folder).is_err(), "{planted}");
        fs::write(folder.join("planted.yaml"), document(&format!("'{planted}'"))).unwrap();
        compare("planted.json", "planted.yaml", &folder).unwrap();
    }
}
