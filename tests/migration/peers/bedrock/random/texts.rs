//! Texts of parameters, and the values that they are.

use serde_json::{Value, json};

use crate::peers::random::Random;

/// Words that one of the languages takes for a value.
const WORDS: [&str; 22] = [
    "",
    " ",
    "true",
    "TRUE",
    "True",
    " true ",
    "false",
    "FALSE",
    "fAlSe",
    "yes",
    "1",
    "null",
    "NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "inf",
    "0x1F",
    "0b101",
    "1_000",
    "twelve",
    "\u{661}\u{662}",
];

/// Returns a word, or a text of random characters.
pub(super) fn word(random: &mut Random) -> String {
    if !random.once_in(3) {
        return random.pick(&WORDS).to_owned();
    }
    let length = random.below(8);
    (0..length)
        .map(|_| random.pick(&["a", "T", "0", " ", "\"", "\\", "\n", "\u{fc}", "\u{1f600}", "{", "=", "'"]))
        .collect()
}

/// Returns the text of something like a number.
pub(super) fn number(random: &mut Random) -> String {
    if random.once_in(6) {
        return random.pick(&WORDS).to_owned();
    }
    let sign = random.pick(&["", "", "", "-", "-", "+"]);
    let whole = match random.below(8) {
        0 => format!("00{}", random.digits(3)),
        1 => "9007199254740993".to_owned(),
        2 => random.digits(21),
        3 => format!("{}_{}", random.digits(2), random.digits(3)),
        4 => String::new(),
        _ => random.digits(6),
    };
    let fraction = match random.below(5) {
        0 => format!(".{}", random.digits(4)),
        1 => ".0".to_owned(),
        2 if random.once_in(3) => ".".to_owned(),
        _ => String::new(),
    };
    let exponent = match random.below(6) {
        0 => format!("{}{}{}", random.pick(&["e", "E"]), random.pick(&["", "+", "-"]), random.digits(1)),
        1 if random.once_in(3) => "e400".to_owned(),
        _ => String::new(),
    };
    let space = random.pick(&["", "", "", " ", "\n"]);
    format!("{space}{sign}{whole}{fraction}{exponent}{space}")
}

/// Returns the text of a list, and its value. It is JSON or Java's text, and may be broken, or have items of another type.
pub(super) fn list(random: &mut Random, of_words: bool) -> (String, Option<Value>) {
    let length = random.below(4);
    let items: Vec<Value> = (0..length)
        .map(|_| match of_words {
            true => json!(random.pick(&["a", "Berlin", "new york", "x-1"])),
            false => json!(random.below(1_000)),
        })
        .collect();
    let java = || {
        let items = items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
        format!("[{}]", items.collect::<Vec<_>>().join(", "))
    };
    let text = if random.once_in(2) { java() } else { json!(items).to_string() };
    match random.below(6) {
        0 => (text[1..].to_owned(), None),
        1 => (format!("{text}]"), None),
        2 if !of_words => ("[1, two]".to_owned(), None),
        3 => (random.pick(&["", "1", "{}", "[1", "{a=b}", "[,]"]).to_owned(), None),
        _ => (text, Some(json!(items))),
    }
}

/// Returns `true` for a number by the grammar of JSON.
pub(super) fn is_json_number(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text)
        .is_ok_and(|json| json.get() == text && text.starts_with(|c: char| c == '-' || c.is_ascii_digit()))
}

/// Returns the integer that a number is exactly, if it is one between these.
pub(super) fn exact_integer(text: &str, least: i128, most: i128) -> Option<Value> {
    if !is_json_number(text) {
        return None;
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let power = exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
    let factor = 10_i128.checked_pow(power.unsigned_abs());
    let integer = match factor {
        _ if digits == 0 => 0,
        Some(factor) if power >= 0 => digits.checked_mul(factor)?,
        Some(factor) if digits % factor == 0 => digits / factor,
        _ => return None,
    };
    let is_within = (least..=most).contains(&integer);
    is_within.then(|| i64::try_from(integer).map_or_else(|_| json!(integer as u64), |integer| json!(integer)))
}
