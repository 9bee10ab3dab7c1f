//! Feature flags judged by Powertools for Python: thousands of documents, right and wrong, evaluated by both.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use pilaster::config::flags::Document;
use serde_json::{Value, json};

/// A reproducible sequence of numbers (Knuth's linear congruence, upper bits).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }

    fn one_of<'a>(&mut self, options: &[&'a str]) -> &'a str {
        options[self.roll(options.len())]
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.roll(times) == 0
    }
}

const KEYS: [&str; 4] = ["tier", "age", "groups", "name"];
const VALUES: [&str; 24] = [
    "1",
    "1.0",
    "0",
    "-3",
    "5",
    "5.5",
    "true",
    "false",
    "null",
    r#""""#,
    r#""premium""#,
    r#""prem""#,
    r#""a@x.com""#,
    r#""5""#,
    "[]",
    r#"["a"]"#,
    r#"["a","b"]"#,
    "[1,2]",
    "[1,2.0,true]",
    r#"["premium",5,null]"#,
    r#"{"a":1}"#,
    "{}",
    "100000000000000000000",
    "-7.5",
];
const COMPARISONS: [&str; 17] = [
    "EQUALS",
    "NOT_EQUALS",
    "KEY_GREATER_THAN_VALUE",
    "KEY_GREATER_THAN_OR_EQUAL_VALUE",
    "KEY_LESS_THAN_VALUE",
    "KEY_LESS_THAN_OR_EQUAL_VALUE",
    "STARTSWITH",
    "ENDSWITH",
    "IN",
    "NOT_IN",
    "KEY_IN_VALUE",
    "KEY_NOT_IN_VALUE",
    "VALUE_IN_KEY",
    "VALUE_NOT_IN_KEY",
    "ALL_IN_VALUE",
    "ANY_IN_VALUE",
    "NONE_IN_VALUE",
];
const ZONES: [&str; 7] = [
    "",
    r#","TIMEZONE":"UTC""#,
    r#","TIMEZONE":"Europe/Berlin""#,
    r#","TIMEZONE":"America/New_York""#,
    r#","TIMEZONE":"Asia/Kolkata""#,
    r#","TIMEZONE":"Australia/Lord_Howe""#,
    r#","TIMEZONE":"Pacific/Kiritimati""#,
];

fn condition(dice: &mut Dice) -> String {
    if dice.one_in(60) {
        let wrong = [
            "{}",
            "5",
            r#"{"action":"EQUALS","key":"tier"}"#,
            r#"{"action":"EQUALS","key":"","value":1}"#,
            r#"{"action":"IS","key":"tier","value":1}"#,
            r#"{"action":"MODULO_RANGE","key":"age","value":{"BASE":10,"START":5,"END":4}}"#,
            r#"{"action":"MODULO_RANGE","key":"age","value":{"BASE":10,"START":0,"END":1.0}}"#,
            r#"{"action":"SCHEDULE_BETWEEN_TIME_RANGE","key":"tier","value":{"START":"09:00","END":"10:00"}}"#,
            r#"{"action":"SCHEDULE_BETWEEN_TIME_RANGE","key":"CURRENT_TIME","value":{"START":"24:00","END":"10:00"}}"#,
            r#"{"action":"SCHEDULE_BETWEEN_TIME_RANGE","key":"CURRENT_TIME","value":{"START":"9:00","END":"10:00"}}"#,
            r#"{"action":"SCHEDULE_BETWEEN_TIME_RANGE","key":"CURRENT_TIME","value":{"START":"09:00","END":"10:00","TIMEZONE":"Mars/Olympus"}}"#,
            r#"{"action":"SCHEDULE_BETWEEN_DATETIME_RANGE","key":"CURRENT_DATETIME","value":{"START":"2026-01-01T00:00:00Z","END":"2026-01-02T00:00:00"}}"#,
            r#"{"action":"SCHEDULE_BETWEEN_DATETIME_RANGE","key":"CURRENT_DATETIME","value":{"START":"2026-02-30T00:00:00","END":"2026-03-02T00:00:00"}}"#,
            r#"{"action":"SCHEDULE_BETWEEN_DAYS_OF_WEEK","key":"CURRENT_DAY_OF_WEEK","value":{"DAYS":["Monday"]}}"#,
            r#"{"action":"SCHEDULE_BETWEEN_DAYS_OF_WEEK","key":"CURRENT_DAY_OF_WEEK","value":{"DAYS":"MONDAY"}}"#,
        ];
        return dice.one_of(&wrong).to_owned();
    }
    let zone = dice.one_of(&ZONES);
    match dice.roll(6) {
        0 => {
            let (base, start) = (1 + dice.roll(20), dice.roll(20));
            let (start, end) = (start % base, start % base + dice.roll(base - start % base));
            let key = dice.one_of(&KEYS);
            format!(
                r#"{{"action":"MODULO_RANGE","key":"{key}","value":{{"BASE":{base},"START":{start},"END":{end}}}}}"#
            )
        }
        1 => {
            let mut time = || format!("{:02}:{:02}", dice.roll(24), dice.roll(60));
            let (start, end) = (time(), time());
            format!(
                r#"{{"action":"SCHEDULE_BETWEEN_TIME_RANGE","key":"CURRENT_TIME","value":{{"START":"{start}","END":"{end}"{zone}}}}}"#
            )
        }
        2 => {
            let mut moment = || match dice.roll(3) {
                0 => format!("2026-{:02}-{:02}", 1 + dice.roll(12), 1 + dice.roll(28)),
                1 => format!("2026-{:02}-{:02} {:02}:00:00", 1 + dice.roll(12), 1 + dice.roll(28), dice.roll(24)),
                _ => format!("2026-{:02}-{:02}T{:02}:30:15.25", 1 + dice.roll(12), 1 + dice.roll(28), dice.roll(24)),
            };
            let (start, end) = (moment(), moment());
            format!(
                r#"{{"action":"SCHEDULE_BETWEEN_DATETIME_RANGE","key":"CURRENT_DATETIME","value":{{"START":"{start}","END":"{end}"{zone}}}}}"#
            )
        }
        3 => {
            let all = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
            let days = serde_json::to_string(&all[dice.roll(7)..]).expect("JSON");
            format!(
                r#"{{"action":"SCHEDULE_BETWEEN_DAYS_OF_WEEK","key":"CURRENT_DAY_OF_WEEK","value":{{"DAYS":{days}{zone}}}}}"#
            )
        }
        _ => {
            let (action, key, mut value) = (dice.one_of(&COMPARISONS), dice.one_of(&KEYS), dice.one_of(&VALUES));
            // Mostly what passes the check.
            let wants_list = ["ALL_IN_VALUE", "ANY_IN_VALUE", "NONE_IN_VALUE"].contains(&action);
            if (value == "null" || wants_list) && !dice.one_in(20) {
                value = dice.one_of(&["[]", r#"["a"]"#, r#"["premium",5,null]"#, "[1,2.0,true]"]);
            }
            format!(r#"{{"action":"{action}","key":"{key}","value":{value}}}"#)
        }
    }
}

/// As text, since the order of rules counts.
fn document(dice: &mut Dice) -> String {
    let mut features = Vec::new();
    for name in ["zeta", "alpha", "mid"] {
        if dice.one_in(80) {
            let wrong =
                ["{}", "5", "null", r#"{"default":null}"#, r#"{"default":"no"}"#, r#"{"default":true,"rules":[1]}"#];
            features.push(format!(r#""{name}":{}"#, dice.one_of(&wrong)));
            continue;
        }
        let is_boolean = !dice.one_in(3);
        let value = |dice: &mut Dice| match is_boolean {
            true => dice.one_of(&["true", "false"]),
            false => dice.one_of(&["0", "5", r#""x""#, "[]", r#"{"b":1,"a":2}"#, "true", r#""""#]),
        };
        let mut rules = Vec::new();
        for rule in ["third", "a first", "z", "0"].into_iter().take(dice.roll(5)) {
            let conditions: Vec<_> = (0..=dice.roll(2)).map(|_| condition(dice)).collect();
            let conditions = if dice.one_in(100) { String::new() } else { conditions.join(",") };
            rules.push(format!(r#""{rule}":{{"when_match":{},"conditions":[{conditions}]}}"#, value(dice)));
        }
        let mut text = format!(r#""{name}":{{"default":{}"#, value(dice));
        match (is_boolean, dice.one_in(2)) {
            (true, true) => text.push_str(r#","boolean_type":true"#),
            (true, false) => {}
            (false, _) => text.push_str(r#","boolean_type":false"#),
        }
        if !rules.is_empty() {
            let _ = write!(text, r#","rules":{{{}}}"#, rules.join(","));
        } else if dice.one_in(3) {
            // An empty list or null passes its check; then `get_enabled_features` raises `AttributeError`.
            text.push_str(r#","rules":{}"#);
        }
        text.push('}');
        features.push(text);
    }
    format!("{{{}}}", features.join(","))
}

#[test]
fn powertools_for_python_says_the_same_of_five_thousand_documents() {
    let mut dice = Dice(20_261_121);
    let mut cases = Vec::new();
    let mut own = Vec::new();
    for _ in 0..5_000 {
        let text = document(&mut dice);
        let name = dice.one_of(&["zeta", "alpha", "mid", "nowhere"]).to_owned();
        let context = KEYS.iter().filter_map(|key| {
            let value = (!dice.one_in(4)).then(|| dice.one_of(&VALUES))?;
            Some(((*key).to_owned(), serde_json::from_str(value).expect("JSON")))
        });
        let context = Value::Object(context.collect());
        // Any second of 2026.
        let seconds = u64::try_from(dice.roll(365 * 86_400)).expect("small");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600 + seconds);
        own.push(match text.parse::<Document>() {
            Ok(document) => {
                let value = document.evaluate(&name, &context, now).cloned();
                let enabled: Vec<_> = document.enabled(&context, now).collect();
                json!({ "value": value.unwrap_or_else(|| "the caller's default".into()), "enabled": enabled })
            }
            Err(_) => json!({ "invalid": true }),
        });
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        cases.push(json!({ "document": text, "name": name, "context": context, "day": days, "second": rest }));
    }
    let programs = engines::programs();
    let mut python = Command::new(programs.join("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/flags.py"))
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut stdin = python.stdin.take().expect("a pipe");
    stdin.write_all(json!(cases).to_string().as_bytes()).expect("it reads");
    drop(stdin);
    let output = python.wait_with_output().expect("its end");
    assert!(output.status.success());
    let theirs: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(own.len(), theirs.len());
    let apart = cases.iter().zip(own.iter().zip(&theirs)).filter(|(_, (own, theirs))| own != theirs);
    let apart: Vec<_> = apart.map(|(case, (own, theirs))| format!("{case}\n  here {own}\n  there {theirs}")).collect();
    assert!(apart.is_empty(), "{} differ, such as\n{}", apart.len(), apart[..apart.len().min(5)].join("\n"));
    let count = |test: fn(&Value) -> bool| theirs.iter().filter(|answer| test(answer)).count();
    let (invalid, on) = (count(|a| a.get("invalid").is_some()), count(|a| a["value"] == true));
    assert!((200..2_500).contains(&invalid) && on > 500, "the documents are of all kinds: {invalid} invalid, {on} on");
}
