//! Builds the functions that take part, one package after the other, and copies them to `benches` in the target folder: a later build
//! with other features replaces what cargo left.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::process::{self, Start};
use crate::suite::{Package, Program, Target};

/// A function that can be started.
#[derive(Debug, Clone)]
pub(crate) struct Runnable {
    pub(crate) start: Start,
    /// What would be deployed.
    pub(crate) artifacts: Vec<PathBuf>,
}

/// What became of a target.
#[derive(Debug)]
pub(crate) enum Built {
    Ready(Runnable),
    /// A sentence: which tool is missing, or why it failed.
    Missing(String),
}

impl Runnable {
    /// A program that is built already.
    pub(crate) fn program(program: &Path) -> Self {
        let start = Start {
            command: vec![program.into()],
            folder: program.parent().map(Path::to_owned).unwrap_or_default(),
            handler: "bootstrap".to_owned(),
            env: BTreeMap::new(),
        };
        Self { start, artifacts: vec![program.to_owned()] }
    }
}

/// Builds a target. A package of Rust that does not build is an error; of another language it is missing.
pub(crate) fn build(target: &Target) -> anyhow::Result<Built> {
    let mut runnable = match &target.program {
        Program::Pilaster(package) => Runnable::program(&cargo(package, false, false)?),
        Program::Peer(package) => Runnable::program(&cargo(package, true, false)?),
        Program::Node(module) => match installed_by_script("node") {
            Ok(folder) => node(&folder, module),
            Err(missing) => return Ok(Built::Missing(format!("{missing:#}"))),
        },
        Program::Python(module) => match installed_by_script("python") {
            Ok(folder) => python(&folder, module),
            Err(missing) => return Ok(Built::Missing(format!("{missing:#}"))),
        },
        Program::Go(module) => match go(module) {
            Ok(program) => Runnable::program(&program),
            Err(missing) => return Ok(Built::Missing(format!("{missing:#}"))),
        },
    };
    runnable.start.env.extend(target.env.clone());
    Ok(Built::Ready(runnable))
}

/// The target folder.
pub(crate) fn target_folder() -> PathBuf {
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| crate::repository().join("target"), PathBuf::from);
    std::path::absolute(&folder).unwrap_or(folder)
}

/// Builds a binary, with its symbols or stripped as the profile says, and returns the path of its copy.
pub(crate) fn cargo(package: &Package, is_peer: bool, with_symbols: bool) -> anyhow::Result<PathBuf> {
    let Package { package: name, binary, features, without_defaults } = package;
    let (target, peers) = (target_folder(), crate::repository().join("tests/benches/peers"));
    let folder = if is_peer { target.join("peers") } else { target.clone() };
    let mut command = Command::new("cargo");
    command.args([
        if with_symbols { "rustc" } else { "build" },
        "--release",
        "--quiet",
        "--package",
        name,
        "--bin",
        binary,
    ]);
    command.current_dir(if is_peer { peers } else { crate::repository() }).env("CARGO_TARGET_DIR", &folder);
    if !features.is_empty() {
        command.args(["--features", features]);
    }
    if *without_defaults {
        command.arg("--no-default-features");
    }
    if with_symbols {
        // Not by the profile, with which all dependencies would be compiled again. Names of version 0 have the types of a generic
        // function, which is compiled here whatever crate it is of.
        command.args(["--", "-C", "strip=none", "-C", "symbol-mangling-version=v0"]);
    }
    eprintln!("building {binary}");
    // A measurement may have held this thread on one core.
    process::pin(None)?;
    ensure!(command.status()?.success(), "{name} was not built");
    let copies = target.join("benches");
    fs::create_dir_all(&copies)?;
    let features = features.replace(['/', ' ', ','], "-");
    let mut name = if with_symbols { format!("{binary}-with-symbols") } else { binary.clone() };
    if !features.is_empty() {
        name = format!("{name}-{features}");
    }
    let copy = copies.join(name);
    fs::copy(folder.join("release").join(binary), &copy).with_context(|| format!("{binary} was not copied"))?;
    Ok(copy)
}

/// Runs `tests/benches/peers/install.sh`, and returns the folder of what it installed.
fn installed_by_script(what: &str) -> anyhow::Result<PathBuf> {
    let script = crate::repository().join("tests/benches/peers/install.sh");
    let mut command = Command::new("bash");
    let output = command.arg(script).args([what.into(), target_folder().join("benches")]).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}", errors.trim().lines().last().unwrap_or("the installation failed"));
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}

fn node(folder: &Path, module: &str) -> Runnable {
    let client = folder.join("node_modules/aws-lambda-ric/index.mjs");
    let start = Start {
        command: vec![folder.join("bin/node").into(), client.into()],
        folder: folder.join("dist"),
        handler: format!("{module}.handler"),
        env: BTreeMap::new(),
    };
    Runnable { start, artifacts: vec![folder.join(format!("dist/{module}.mjs"))] }
}

fn python(folder: &Path, module: &str) -> Runnable {
    let source = crate::repository().join("tests/benches/peers/python");
    let path = [folder.join("layer"), folder.join("client")].map(|path| path.display().to_string()).join(":");
    let handler = format!("{module}.handler");
    let start = Start {
        command: vec![folder.join("bin/python3").into(), "-m".into(), "awslambdaric".into(), handler.clone().into()],
        folder: source.clone(),
        handler,
        env: BTreeMap::from([("PYTHONPATH".to_owned(), path), ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned())]),
    };
    Runnable { start, artifacts: vec![source.join(format!("{module}.py")), folder.join("layer")] }
}

fn go(module: &str) -> anyhow::Result<PathBuf> {
    let go = installed("go").context("`go` is not installed")?;
    let (sources, copies) = (crate::repository().join("tests/benches/peers/go"), target_folder().join("benches"));
    fs::create_dir_all(&copies)?;
    // Go writes its checksums beside the file of modules.
    let modules = copies.join("go.mod");
    fs::copy(sources.join("go.mod"), &modules)?;
    let copy = copies.join(format!("go-{module}"));
    let mut command = Command::new(go);
    command.args(["build", "-mod=mod", "-modfile"]).arg(modules).args(["-tags", "lambda.norpc", "-ldflags", "-s -w"]);
    command.arg("-o").arg(&copy).arg(format!("./{module}")).current_dir(sources).env("CGO_ENABLED", "0");
    ensure!(command.status()?.success(), "it was not built, for which it needs the proxy of Go's modules");
    Ok(copy)
}

/// The path of a program that is installed.
pub(crate) fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|program| program.is_file())
}
