//! The page "Five minutes" of the guide, played: its files are written, its commands run in their order, and what they print is
//! compared with what the page shows.
//!
//! In the page, `<!-- file: PATH -->` or `<!-- append: PATH -->` stands before the block of a file, and a `console` block has commands
//! after `$ ` with their output. `…` is output that the page leaves out: the rest of a line, or any lines if it stands alone; empty
//! lines around an output do not count.
//! `cargo run` is the server of the other commands; it listens on a free port instead of 3000. `sh` blocks need an AWS account.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use engines::binary::without_cargo_variables;
use engines::programs;
use serde_json::Value;

const ENGINES: &str = env!("CARGO_MANIFEST_DIR");

/// The address on the page.
const ADDRESS: &str = "127.0.0.1:3000";

/// The time after which a command is killed: far longer than it takes to compile everything on a busy machine.
const PATIENCE: Duration = Duration::from_secs(1200);

/// Runs a command in a process group of its own, which is killed once the input ends: by the test, or with its process.
const KEEPER: &str = r#"exec 3<&0
sh -c "$1" </dev/null 3<&- & command=$!
(read -r _ <&3; kill -s KILL -- "-$$") >/dev/null 2>&1 & guard=$!
wait "$command"; status=$?
kill -s KILL "$guard" 2>/dev/null
exit "$status""#;

/// One thing that a reader of the page does.
#[derive(Debug)]
enum Step {
    Write { file: String, text: String, append: bool },
    Run { command: String, output: Vec<String> },
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = page.lines();
    let mut place = None;
    while let Some(line) = lines.next() {
        if let Some(comment) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            place = comment.split_once(": ");
        } else if let Some(language) = line.strip_prefix("```") {
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            match (place.take(), language) {
                (Some((kind, file)), _) => {
                    assert!(["file", "append"].contains(&kind), "{kind}");
                    let text = block.iter().map(|line| format!("{line}\n")).collect();
                    steps.push(Step::Write { file: file.to_owned(), text, append: kind == "append" });
                }
                (None, "console") => steps.extend(commands(&block)),
                (None, "sh") => {}
                (None, language) => panic!("a block of {language} that is neither a file nor a command"),
            }
        }
    }
    steps
}

fn commands(block: &[&str]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = block.iter();
    while let Some(line) = lines.next() {
        if let Some(first) = line.strip_prefix("$ ") {
            let mut command = first.to_owned();
            while command.ends_with('\\') {
                command = format!("{command}\n{}", lines.next().expect("the rest of the command"));
            }
            steps.push(Step::Run { command, output: Vec::new() });
        } else if let Some(Step::Run { output, .. }) = steps.last_mut() {
            output.push((*line).to_owned());
        }
    }
    steps
}

fn page() -> Vec<Step> {
    let page = Path::new(ENGINES).join("../../sdk/guide/src/five-minutes.md");
    let steps = steps(&fs::read_to_string(page).expect("the page"));
    let files = steps.iter().filter(|step| matches!(step, Step::Write { .. })).count();
    assert!(files >= 4 && steps.len() - files >= 5, "{steps:?}");
    steps
}

/// Returns `true` if a command printed what the page shows.
fn is_shown(shown: &[String], lines: &[String]) -> bool {
    let is_text = |line: &String| !line.trim().is_empty();
    match (lines.iter().position(is_text), lines.iter().rposition(is_text)) {
        (Some(first), Some(last)) => are_same(shown, &lines[first..=last]),
        _ => are_same(shown, &[]),
    }
}

fn are_same(shown: &[String], lines: &[String]) -> bool {
    match shown {
        [] => lines.is_empty(),
        [any, rest @ ..] if any == "…" => (0..=lines.len()).any(|skipped| are_same(rest, &lines[skipped..])),
        [line, rest @ ..] => lines.split_first().is_some_and(|(first, lines)| {
            let is_same = match line.strip_suffix('…') {
                Some(start) => first.starts_with(start),
                None => first.trim_end() == line.trim_end(),
            };
            is_same && are_same(rest, lines)
        }),
    }
}

/// A folder outside of the repository, whose manifests and settings must not apply. It is removed with the handle.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("pilaster-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join(".cargo")).expect("a folder");
        let sdk = Path::new(ENGINES).join("../../sdk").canonicalize().expect("the SDK");
        // As the note on the page says: Pilaster is not on crates.io yet.
        let patch = format!("[patch.crates-io]\npilaster = {{ path = {:?} }}\n", sdk.display().to_string());
        fs::write(folder.join(".cargo/config.toml"), patch).expect("a configuration");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes a file of the page. A manifest gets the versions of this repository, so that nothing is downloaded.
fn write(folder: &Path, file: &str, text: &str, append: bool) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let before = if append { fs::read_to_string(&path).expect("a file") + "\n" } else { String::new() };
    fs::write(&path, before + text).expect("a file");
    if file == "Cargo.toml" {
        fs::copy(Path::new(ENGINES).join("../../Cargo.lock"), folder.join("Cargo.lock")).expect("the versions");
    }
}

/// Sets the environment of a reader without settings, without a network, and with this target folder.
fn prepare<'c>(command: &'c mut Command, target: &Path) -> &'c mut Command {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["AWS_", "PILASTER_", "POWERTOOLS_", "RUST_LOG", "LOG_LEVEL"].iter().any(|own| name.starts_with(own)) {
            command.env_remove(&*name);
        }
    }
    command.env("CARGO_TARGET_DIR", target).env("CARGO_TERM_COLOR", "never").env("CARGO_NET_OFFLINE", "true");
    command.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "false");
    without_cargo_variables(command)
}

enum Output {
    Line(String),
    End(ExitStatus),
}

/// A running command. It is killed with the handle, with all that it has started.
struct Running {
    _input: Option<ChildStdin>,
    output: Receiver<Output>,
    command: String,
    until: Instant,
}

impl Running {
    fn start(command: &str, folder: &Path) -> Self {
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper", command]).current_dir(folder).process_group(0);
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("five-minutes");
        prepare(&mut keeper, &target).env("PILASTER_ADDR", "127.0.0.1:0");
        let mut child = keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("`sh` starts");
        let (input, pipe) = (child.stdin.take(), child.stdout.take().expect("a pipe"));
        let (sender, output) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let _ = sender.send(Output::Line(line));
            }
            if let Ok(status) = child.wait() {
                let _ = sender.send(Output::End(status));
            }
        });
        Self { _input: input, output, command: command.to_owned(), until: Instant::now() + PATIENCE }
    }

    fn next(&self) -> Output {
        let left = self.until.saturating_duration_since(Instant::now());
        self.output.recv_timeout(left).unwrap_or_else(|error| match error {
            RecvTimeoutError::Timeout => panic!("`{}` took longer than {PATIENCE:?}", self.command),
            RecvTimeoutError::Disconnected => panic!("`{}` could not be waited for", self.command),
        })
    }

    /// Returns what a command prints until it ends.
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.next() {
                Output::Line(line) => lines.push(line),
                Output::End(status) if status.success() => return lines,
                Output::End(status) => panic!("`{}`: {status}\n{}", self.command, lines.join("\n")),
            }
        }
    }

    /// Returns the first lines of a server, and its address.
    fn starts_with(&self, count: usize) -> (Vec<String>, String) {
        let line = |_| match self.next() {
            Output::Line(line) => line,
            Output::End(status) => panic!("`{}`: {status}", self.command),
        };
        let lines: Vec<_> = (0..count).map(line).collect();
        let address = lines.iter().find_map(|line| line.split_once("http://")?.1.split_whitespace().next());
        let address = address.unwrap_or_else(|| panic!("no address: {lines:?}")).to_owned();
        (lines, address)
    }
}

#[test]
fn each_command_prints_what_the_page_shows() {
    let home = Folder::new("five-minutes");
    let mut folder = home.0.clone();
    let mut server: Option<(Running, String)> = None;
    for step in page() {
        let (command, output) = match step {
            Step::Write { file, text, append } => {
                write(&folder, &file, &text, append);
                continue;
            }
            Step::Run { command, output } => (command, output),
        };
        if let Some(inner) = command.strip_prefix("cd ") {
            folder.push(inner);
            assert!(folder.is_dir(), "`{command}`");
            continue;
        }
        let mut lines = match command.as_str() {
            "cargo run" => {
                let running = Running::start(&command, &folder);
                let (lines, address) = running.starts_with(output.len());
                server = Some((running, address));
                lines
            }
            command => {
                let address = server.as_ref().map_or(ADDRESS, |(_, address)| address);
                assert!(server.is_some() || !command.contains(ADDRESS), "`{command}` comes before `cargo run`");
                Running::start(&command.replace(ADDRESS, address), &folder).lines()
            }
        };
        if let Some((_, address)) = &server {
            lines = lines.iter().map(|line| line.replace(address, ADDRESS)).collect();
        }
        assert!(is_shown(&output, &lines), "`{command}` prints\n{}\nand not\n{}", lines.join("\n"), output.join("\n"));
    }
    assert!(server.is_some(), "the page runs the function");
}

/// SAM and cargo-lambda are real; cargo only plans the build (`plan/cargo`).
#[test]
fn the_template_is_valid_and_sam_builds_a_function_whose_panics_unwind() {
    let home = Folder::new("five-minutes-sam");
    let folder = home.0.join("quotes");
    for step in page() {
        if let Step::Write { file, text, append } = step {
            write(&folder, &file, &text, append);
        }
    }
    let mut linter = Command::new(programs().join("cfn-lint"));
    let linted = linter.arg("template.yaml").current_dir(&folder).output().expect("cfn-lint starts");
    assert!(linted.status.success(), "{}", String::from_utf8_lossy(&linted.stdout));

    let (target, plans) = (home.0.join("target"), home.0.join("plans"));
    fs::create_dir_all(&plans).expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut sam = Command::new(programs().join("sam"));
    prepare(&mut sam, &target).args(["build", "--no-cached"]).current_dir(&folder).env("SAM_CLI_TELEMETRY", "0");
    sam.env("PATH", format!("{ENGINES}/plan:{}:{path}", programs().display())).env("PLANS", &plans);
    sam.env("REAL_CARGO", std::env::var_os("CARGO").expect("cargo runs the tests")).env_remove("CARGO");
    let built = sam.output().expect("sam starts");
    let text = String::from_utf8_lossy(&built.stdout) + String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{text}");
    let bootstrap = fs::read_to_string(folder.join(".aws-sam/build/Quote/bootstrap")).expect("a bootstrap");
    assert_eq!(bootstrap.trim(), "binary quotes");
    let plans: Vec<_> = fs::read_dir(&plans).expect("the plans").map(|plan| plan.expect("a plan").path()).collect();
    let [plan] = &plans[..] else { panic!("{} builds: {text}", plans.len()) };
    let plan: Value = serde_json::from_slice(&fs::read(plan).expect("a plan")).expect("a plan is JSON");
    let units = plan["plan"]["units"].as_array().expect("the units");
    let function = units.iter().find(|unit| unit["target"]["name"] == "quotes").expect("the function");
    assert_eq!(function["profile"]["panic"], "unwind");
}

#[test]
fn what_the_page_leaves_out_may_be_anything_and_nothing_else_may() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for (shown, printed, same) in [
        ("a\nb", "a\nb", true),
        ("a", "a\nb", false),
        ("a\n\nb", "\na\n\nb\n\n", true),
        ("a\nb", "a\n\nb", false),
        ("a\nb", "a", false),
        ("…\nb", "x\ny\nb", true),
        ("…\nb", "b", true),
        ("…\nb", "b\nc", false),
        ("ok 1; …", "ok 1; in 0.1 s", true),
        ("ok 1; …", "ok 2; in 0.1 s", false),
    ] {
        assert_eq!(is_shown(&lines(shown), &lines(printed)), same, "{shown:?} {printed:?}");
    }
}
