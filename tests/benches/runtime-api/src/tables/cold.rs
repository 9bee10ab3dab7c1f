//! The start of a function with AWS clients, `bench-cold`, beside one without.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::json;

use crate::document::Table;
use crate::measure::{self, Effort, millis};
use crate::process::Pin;
use crate::sample::{Options, block_on};
use crate::size::size;
use crate::statistics::median;
use crate::suite::{Case, Package, Program, Target, http};
use crate::{builds, machine, process};

pub(crate) fn cold(effort: Effort) -> anyhow::Result<String> {
    process::pin(Some(0))?;
    let aws = match Aws::start() {
        Ok(aws) => aws,
        Err(missing) => {
            return Ok(format!(
                "Not measured: the stand-in for AWS did not start (it needs python3 and openssl): {missing:#}."
            ));
        }
    };
    block_on(table(effort, &aws))
}

async fn table(effort: Effort, aws: &Aws) -> anyhow::Result<String> {
    let mut table = Table::new([
        "function",
        "init CPU ms",
        "init ms",
        "first invocation ms",
        "CPU to the first response ms",
        "memory after it MB",
        "binary MB",
        "zip MB",
    ]);
    let (mut rows, mut others) = (Vec::new(), Vec::new());
    let (hello, clients) = (Package::named("bench-large"), Package::named("bench-cold"));
    for (name, package, query, body, warm) in [
        ("without AWS clients", &hello, "bytes=1", None, false),
        ("with DynamoDB and a secret, neither used", &clients, "", Some(0), false),
        ("used by the first request", &clients, "use=1", Some("swordfish".len()), false),
        ("`warm(..)`", &clients, "use=1", Some("swordfish".len()), true),
    ] {
        let mut expect = json!({"status": "200"});
        if let Some(body) = body {
            expect["body"] = body.into();
        }
        let event = http(if body.is_none() { "/download" } else { "/" }, query, "text/plain", "", false)?;
        let case = Case {
            name: name.to_owned(),
            event: event.into(),
            measured: true,
            expect: serde_json::from_value(expect)?,
        };
        let cases = Rc::from([case]);
        let mut env = aws.env();
        if warm {
            env.push(("WARM", "1"));
        }
        let env = env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let target = Target { name: name.to_owned(), program: Program::Pilaster(package.clone()), env, slow: 1 };
        let (of, _) = measure::prepare(&[target], &cases).await?;
        rows.push((name, of, cases));
    }
    // In turn, so that what slows the machine down for a while slows down all of them.
    let options = Options { pin: Pin::Split, ..Options::default() };
    for _ in 0..effort.starts {
        for (_, of, cases) in &mut rows {
            measure::starts(of, cases, Effort { starts: 1, ..effort }, &options).await?;
        }
    }
    for (name, of, _) in &rows {
        let one = &of[0];
        let size = size(&one.runnable.artifacts)?;
        table.row([
            (*name).to_owned(),
            format!("{:.2}", median(one.each_start(|sample| millis(sample.init_cpu)))),
            format!("{:.1}", median(one.each_start(|sample| millis(sample.init)))),
            format!("{:.1}", median(one.each_start(|sample| millis(sample.first)))),
            format!("{:.2}", median(one.each_start(|sample| millis(sample.first_cpu)))),
            format!("{:.1}", median(one.each_start(|sample| sample.first_memory as f64)) / 1024.0),
            format!("{:.2}", size.raw as f64 / 1e6),
            format!("{:.2}", size.deflated as f64 / 1e6),
        ]);
        others.extend(one.each_start(|sample| sample.others));
    }
    Ok(format!("{}\n{} {} starts each.\n", table.markdown(), machine::sentence(&others), effort.starts))
}

/// The stand-in for AWS, which ends when it is dropped.
#[derive(Debug)]
struct Aws {
    process: Child,
    address: Address,
}

#[derive(Debug, Deserialize)]
struct Address {
    url: String,
    certificates: String,
}

impl Aws {
    fn start() -> anyhow::Result<Self> {
        let script = crate::repository().join("tests/benches/peers/aws/mock.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(builds::target_folder().join("benches/aws"));
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let out = process.stdout.take().context("it has no output")?;
        BufReader::new(out).read_line(&mut line)?;
        match serde_json::from_str(&line) {
            Ok(address) => Ok(Self { process, address }),
            Err(error) => {
                drop(process.stdin.take());
                process.wait()?;
                Err(error).context("it printed no address")
            }
        }
    }

    fn env(&self) -> Vec<(&str, &str)> {
        vec![("AWS_ENDPOINT_URL", &self.address.url), ("SSL_CERT_FILE", &self.address.certificates)]
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        // It reads its standard input to the end.
        drop(self.process.stdin.take());
        if let Err(error) = self.process.wait() {
            eprintln!("the stand-in for AWS did not end: {error}");
        }
    }
}
