//! The files that every example has, and what the README says.

use std::fs;

use super::Example;

const SECTIONS: [&str; 5] = ["## Run", "## Test", "## Deploy", "## Try", "## Delete"];

/// One screen.
const README_LINES: usize = 60;

pub(super) fn check(example: &mut Example, list: &str) {
    check_events(example);
    check_gitignore(example);
    let template = example.read("template.yaml", "add it").unwrap_or_default();
    let first = template.lines().next().unwrap_or_default();
    if !first.starts_with('#') || !first.contains("sam build && sam deploy") || template.contains("--guided") {
        example.wrong("template.yaml: the first line is not how to deploy", "write `# sam build && sam deploy`");
    }
    if let Some(readme) = example.read("README.md", "add it") {
        check_readme(example, &readme, &template);
    }
    if !list.lines().any(|line| line.contains(&format!("]({})", example.name))) {
        let fix = format!("add one line with the link `[{0}]({0})`", example.name);
        example.wrong("examples/README.md does not list it", fix);
    }
}

fn check_events(example: &mut Example) {
    let stray =
        fs::read_dir(&example.folder).unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    let mut stray: Vec<_> = stray.filter(|name| name.starts_with("event") && name.ends_with(".json")).collect();
    stray.sort();
    for name in stray {
        example.wrong(format_args!("{name} is not in events/"), "move it there");
    }
    let files = fs::read_dir(example.folder.join("events")).into_iter().flatten().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    if files.is_empty() {
        example.wrong("there is no events/*.json", "add a real event of each of its sources");
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        if serde_json::from_str::<serde_json::Value>(&text).is_err() {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            example.wrong(format_args!("events/{name} is not JSON"), "correct it");
        }
    }
}

fn check_gitignore(example: &mut Example) {
    let Some(text) = example.read(".gitignore", "add it with `/target` and `.aws-sam/`") else { return };
    for line in ["/target", ".aws-sam/"] {
        if !text.lines().any(|own| own == line) {
            example.wrong(format_args!(".gitignore does not have {line}"), "add the line");
        }
    }
}

fn check_readme(example: &mut Example, readme: &str, template: &str) {
    let lines: Vec<_> = readme.lines().collect();
    if lines.len() > README_LINES {
        example.wrong(format_args!("README.md has {} lines", lines.len()), format_args!("at most {README_LINES}"));
    }
    let intro = lines.iter().skip(1).find(|line| !line.is_empty()).copied().unwrap_or_default();
    if !lines.first().is_some_and(|line| line.starts_with("# ")) || !intro.starts_with(char::is_alphanumeric) {
        example.wrong("README.md does not start with what it shows", "a title `# NAME`, then a paragraph");
    }
    let sections = lines.iter().filter(|line| SECTIONS.contains(line));
    if !sections.eq(SECTIONS.iter()) {
        let fix = format_args!("in this order: {}", SECTIONS.join(", "));
        example.wrong("README.md does not have the five sections", fix);
    }
    if !readme.contains("sam build && sam deploy") || readme.contains("--guided") {
        example.wrong("README.md does not say how to deploy", "write `sam build && sam deploy`, without `--guided`");
    }
    if !readme.contains("sam delete") {
        example.wrong("README.md does not say how to delete", "write `sam delete`, and what is retained");
    }
    let has_aws = fs::read_to_string(example.folder.join("Cargo.toml")).is_ok_and(|text| text.contains("\naws = ["));
    if has_aws && !readme.contains("--no-default-features") {
        let fix = format!("write `cargo run -p {} --no-default-features`", example.name);
        example.wrong("README.md does not name the quick run without AWS clients", fix);
    }
    for output in outputs(template) {
        let named = readme.split(|c: char| !c.is_alphanumeric()).any(|word| word == output);
        if !named {
            example.wrong(format_args!("README.md does not name the output `{output}`"), "say what it is for");
        }
    }
}

/// The names of the outputs: a template has each on a line of its own, indented by two spaces.
fn outputs(template: &str) -> Vec<&str> {
    let section = template.lines().skip_while(|line| *line != "Outputs:").skip(1);
    let section = section.take_while(|line| line.is_empty() || line.starts_with(' ') || line.starts_with('#'));
    let names = section.filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
    names.filter(|name| name.chars().all(char::is_alphanumeric)).collect()
}
