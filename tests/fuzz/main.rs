//! Every decoder under hostile inputs: it returns a value or an error, and never panics. README.md says how to run it
//! for long.
#![allow(clippy::unwrap_used)]

mod aggregate;
mod batch;
mod decoders;
mod functions;
mod hostile;
mod http_cache;
mod inverse;
mod merge;
mod mutate;
#[cfg(test)]
mod tools;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use self::decoders::{Decoder, block_on};
use self::functions::{Function, Kind};
use self::mutate::{Random, mutated};

fn folder(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of)
}

/// The files below a folder, in an order that is always the same.
fn files(root: PathBuf) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![root], Vec::new());
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> =
            std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

/// Returns the recorded events, without insignificant whitespace.
fn events() -> Vec<Vec<u8>> {
    let files =
        files(folder("fixtures/events")).into_iter().filter(|path| path.extension().is_some_and(|e| e == "json"));
    let compact = |text: Vec<u8>| match serde_json::from_slice::<Value>(&text) {
        Ok(value) => value.to_string().into_bytes(),
        Err(_) => text,
    };
    let events: Vec<_> = files.map(|path| compact(std::fs::read(path).unwrap())).collect();
    assert!(events.len() > 150, "{}", events.len());
    events
}

/// Returns the seeds of a decoder, the real events that it takes, and its corpus.
fn inputs(decoder: &Decoder) -> Vec<Vec<u8>> {
    let mut inputs = decoder.seeds().to_vec();
    for event in if decoder.functions > 0 { events() } else { Vec::new() } {
        let given = (b'a'..).take(decoder.functions.into()).map(|letter| [&[letter], event.as_slice()].concat());
        inputs.extend(given.filter(|input| decoder.call(input)));
    }
    let corpus = files(folder("fuzz/targets/corpus").join(decoder.name));
    inputs.extend(corpus.into_iter().map(|path| std::fs::read(path).unwrap()));
    inputs
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Calls a decoder with all of its inputs, then with changed ones: 300, or for the seconds of `PILASTER_FUZZ`.
fn short(decoder: fn() -> Decoder) {
    let decoder = decoder();
    let inputs = inputs(&decoder);
    let (long, from) =
        (variable("PILASTER_FUZZ").map(Duration::from_secs), variable("PILASTER_FUZZ_SEED").unwrap_or(0));
    let (began, mut count, mut slowest) = (Instant::now(), 0_u64, Duration::ZERO);
    let taken = inputs.iter().filter(|input| decoder.call(input)).count();
    assert!(taken > 0, "{}: no input is taken", decoder.name);
    while long.map_or(count < 300, |long| began.elapsed() < long) {
        let input = mutated(&mut Random::seeded(from + count), &inputs);
        let since = Instant::now();
        decoder.call(&input);
        slowest = slowest.max(since.elapsed());
        count += 1;
    }
    let (name, all) = (decoder.name, inputs.len());
    println!("{name}: {count} inputs from {all} ({taken} taken) in {:.1?}, the slowest {slowest:.1?}", began.elapsed());
}

/// A test for each decoder, so that they run beside each other.
macro_rules! each_decoder {
    ($($name:ident),* $(,)?) => {
        mod a_decoder_returns_for_any_input {
            $(
                #[test]
                fn $name() {
                    super::short(super::decoders::$name);
                }
            )*
        }

        const TESTED: &[&str] = &[$(stringify!($name)),*];
    };
}

each_decoder!(
    http, records, events, json, form, multipart, head, origin, cors, key, logs, aggregated, cursor, tools, mcp
);

#[test]
fn each_decoder_is_a_target_of_cargo_fuzz() {
    let manifest = std::fs::read_to_string(folder("fuzz/targets/Cargo.toml")).unwrap();
    let targets: Vec<_> =
        manifest.split("[[bin]]\nname = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let names = decoders::ALL.map(|(name, _)| name);
    assert_eq!((targets.as_slice(), TESTED), (&names[..], &names[..]));
    let workflow = std::fs::read_to_string(folder("../.github/workflows/fuzz.yml")).unwrap();
    assert!(workflow.contains(&format!("target: [{}]", names.join(", "))), "{workflow}");
    for (name, decoder) in decoders::ALL {
        let file = std::fs::read_to_string(folder(&format!("fuzz/targets/targets/{name}.rs"))).unwrap();
        assert!(file.contains(&format!("target!({name:?})")), "{file}");
        assert_eq!(decoder().name, name);
    }
}

/// Writes the seeds with which cargo-fuzz starts a new corpus.
#[test]
#[ignore = "it writes into the project"]
fn write_seeds() {
    for (name, decoder) in decoders::ALL {
        let folder = folder("fuzz/targets/corpus").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (at, input) in inputs(&decoder()).iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{at}")), input).unwrap();
        }
    }
}

/// Each beginning of an event, and each byte of it changed.
fn cut_and_changed(function: &Function, event: &str, step: usize) {
    for end in (0..event.len()).step_by(step).filter(|end| event.is_char_boundary(*end)) {
        let cut = block_on(function.call(&event[..end]));
        assert_eq!(cut.map_err(|error| error.error_type().to_owned()), Err("InvalidJson".to_owned()));
    }
    for at in (0..event.len()).step_by(step) {
        for to in [b'0', b'"', b'{', b']', b'\\', b'z', 0x7f, b' '] {
            let mut bytes = event.as_bytes().to_vec();
            bytes[at] = to;
            if let Ok(text) = String::from_utf8(bytes) {
                let _ = block_on(function.call(&text));
            }
        }
    }
}

#[test]
fn each_beginning_of_an_event_and_each_byte_changed() {
    let step = if std::env::var_os("PILASTER_FUZZ").is_some() { 1 } else { 7 };
    let mut of: HashMap<&str, usize> = HashMap::new();
    for function in functions::all() {
        let events = events().into_iter().filter_map(|event| String::from_utf8(event).ok());
        let mut seeds: Vec<_> = events.filter(|event| block_on(function.call(event)).is_ok()).collect();
        assert!(!seeds.is_empty(), "{}: no event is its own", function.name);
        seeds.sort_by_key(String::len);
        for seed in seeds.iter().take(if function.kind == Kind::Http { 3 } else { 1 }) {
            cut_and_changed(&function, seed, step);
            *of.entry(function.name).or_default() += seed.len() / step * 9;
        }
    }
    println!("cut and changed: {of:?}");
}
