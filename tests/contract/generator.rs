//! `openapi-generator`: it finds the document valid, and the Rust client that it makes calls the function.

use super::*;

/// Makes a client of the document, builds the program that calls through it, and returns that program or what the compiler says. The
/// dependencies are those that `install.sh` has fetched, compiled once for all runs.
fn client(name: &str, document: &Value) -> Result<PathBuf, String> {
    // The same folders in each run, or the target folder would grow; and apart from it, since cargo does not see that files in it change.
    let (folder, target) = (&tools().join("../client").join(name), tools().join("../client/target"));
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("openapi.json"), document.to_string()).unwrap();
    let options = "packageName=crud-client";
    let arguments =
        ["generate", "-i", "openapi.json", "-g", "rust", "-o", "generated", "--additional-properties", options];
    succeeds("openapi-generator-cli", &arguments, folder);
    for file in ["Cargo.toml", "Cargo.lock", "main.rs"] {
        fs::copy(root().join("tests/contract/client").join(file), folder.join(file)).unwrap();
    }
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    binary::without_cargo_variables(&mut cargo);
    let output = cargo.args(["build", "--offline", "--locked", "--target-dir"]).arg(&target);
    let output = output.current_dir(folder).output().unwrap();
    match output.status.success() {
        true => Ok(target.join("debug/calls-crud")),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn openapi_generator_finds_the_document_valid_and_its_rust_client_calls_the_function() {
    let folder = folder("generator");
    let mut wrong = document();
    fs::write(folder.join("openapi.json"), wrong.to_string()).unwrap();
    let said = succeeds("openapi-generator-cli", &["validate", "-i", "openapi.json"], &folder);
    assert!(said.contains("No validation issues detected."), "{said}");
    wrong["paths"]["/users"]["get"].as_object_mut().unwrap().remove("responses");
    fs::write(folder.join("wrong.json"), wrong.to_string()).unwrap();
    let (is_valid, said) = run("openapi-generator-cli", &["validate", "-i", "wrong.json"], &folder);
    assert!(!is_valid && said.contains("responses is missing"), "{said}");

    let program = client("right", &document()).unwrap();
    let crud = Crud::start(&folder);
    let output = Command::new(program).args([&crud.url, KEY]).output().unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success() && said.contains("every call is as the document says"), "{said}");

    // The same program does not compile with the client of a document whose user has no version.
    let mut wrong = document();
    let user = &mut wrong["components"]["schemas"]["User"];
    user["properties"].as_object_mut().unwrap().remove("version");
    user["required"].as_array_mut().unwrap().retain(|name| name != "version");
    let said = client("wrong", &wrong).unwrap_err();
    assert!(said.contains("no field `version` on type `User`"), "{said}");
}
