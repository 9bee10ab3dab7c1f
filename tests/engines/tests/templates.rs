//! The examples' templates, by AWS's own linter and a rule of our own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use engines::programs;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn lint(templates: &[PathBuf]) -> Output {
    let mut linter = Command::new(programs().join("cfn-lint"));
    linter.env("PYTHONDONTWRITEBYTECODE", "1").args(["--append-rules", &format!("{HERE}/python/rules")]);
    linter.args(["--format", "parseable"]).args(templates).output().expect("cfn-lint starts")
}

#[test]
fn every_example_has_a_template_that_cfn_lint_accepts() {
    let examples = Path::new(HERE).join("../../examples");
    let folders = fs::read_dir(&examples).expect("the examples").map(|entry| entry.expect("an entry").path());
    let templates: Vec<_> = folders.filter(|path| path.is_dir()).map(|path| path.join("template.yaml")).collect();
    assert!(templates.len() >= 2, "{templates:?}");
    let output = lint(&templates);
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_mapping_that_does_not_read_partial_answers_is_found_in_a_template_with_sam_and_without() {
    for (template, wrong) in [
        (
            "sam",
            &["Queue", "Empty", "Stream", "Table", "Kafka", "OwnKafka"].map(|name| format!("Orders/Wrong{name}"))[..],
        ),
        ("plain", &["WrongQueue".to_owned(), "WrongStream".to_owned()]),
    ] {
        let output = lint(&[Path::new(HERE).join(format!("../fixtures/templates/partial-answers-{template}.yaml"))]);
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success(), "{template}: {}", String::from_utf8_lossy(&output.stderr));
        // FILE:LINE:COLUMN:LINE:COLUMN:RULE:WHAT needs …
        let found = report.lines().filter_map(|line| line.split_once(":E9001:")?.1.split_once(" needs "));
        let found = found.map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(found, wrong, "{report}");
        assert_eq!(found.len(), report.lines().count(), "nothing else is wrong there: {report}");
    }
}
