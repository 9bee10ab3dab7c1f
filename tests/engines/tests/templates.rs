//! The examples' templates, by AWS's own linter.

use std::fs;
use std::path::Path;
use std::process::Command;

use engines::install;

#[test]
fn every_example_has_a_template_that_cfn_lint_accepts() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let folders = fs::read_dir(&examples).expect("the examples").map(|entry| entry.expect("an entry").path());
    let templates: Vec<_> = folders.filter(|path| path.is_dir()).map(|path| path.join("template.yaml")).collect();
    assert!(templates.len() >= 2, "{templates:?}");
    let output = Command::new(install().join("cfn-lint")).args(&templates).output().expect("cfn-lint starts");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
}
