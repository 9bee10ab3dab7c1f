//! Real inputs, changed at random in ways that keep most of their form.

use serde_json::{Value, json};

/// Random numbers that are the same in each run: splitmix64.
pub(crate) struct Random(u64);

impl Random {
    /// Returns the numbers of this seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x1234_5678_9abc_def1))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % (limit.max(1) as u64)).unwrap()
    }

    pub(crate) fn pick<'p, T>(&mut self, list: &'p [T]) -> &'p T {
        &list[self.below(list.len())]
    }
}

/// Values that are often forgotten.
const TOKENS: [&[u8]; 40] = [
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"\"\"",
    b"-1",
    b"0",
    b"1e999",
    b"-0.0",
    b"18446744073709551616",
    b"9223372036854775808",
    b"1e-400",
    b"0.1e+",
    b"\"\\ud800\"",
    b"\\u0000",
    b"\"",
    b"\\",
    b",",
    b":",
    b"[[[[[[[[",
    b"{\"a\":{\"a\":",
    b"%",
    b"%zz",
    b"%00",
    b"\r\n",
    b"\r\n\r\n",
    b"\0",
    b"\xff\xfe",
    b"\xf0\x9f\xa6\x80",
    b"=",
    b"==",
    b";",
    b"&",
    b"--",
    b"../",
    b"https://",
    b"@",
    b"*",
    b"[::1]",
    b"aws:sqs",
];

/// One more input, made of these.
pub(crate) fn mutated(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = random.pick(seeds).clone();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(12) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8)
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u8::try_from(random.below(256)).unwrap()
                }
            }
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let again = bytes[at..end].repeat(1 + random.below(30));
                bytes.splice(at..at, again);
            }
            5 | 6 => drop(bytes.splice(at..at, random.pick(&TOKENS).iter().copied()).collect::<Vec<_>>()),
            7 => {
                let other = random.pick(seeds);
                let from = random.below(other.len() + 1);
                let piece = other[from..(from + random.below(200)).min(other.len())].to_vec();
                bytes.splice(at..end, piece);
            }
            // The others need JSON, and keep it.
            _ => {
                // A letter before it is the decoder's own.
                let begins = usize::from(bytes.first().is_some_and(u8::is_ascii_lowercase));
                if let Ok(mut value) = serde_json::from_slice::<Value>(&bytes[begins..]) {
                    replace(random, &mut value);
                    bytes.splice(begins.., value.to_string().into_bytes());
                }
            }
        }
    }
    bytes
}

/// Puts something else in place of one value of it.
fn replace(random: &mut Random, value: &mut Value) {
    let deeper = random.below(4) > 0;
    match value {
        Value::Array(list) if deeper && !list.is_empty() => {
            let at = random.below(list.len());
            if random.below(6) == 0 {
                let again = list[at].clone();
                list.extend(std::iter::repeat_n(again, random.below(20)));
            } else {
                replace(random, &mut list[at]);
            }
        }
        Value::Object(map) if deeper && !map.is_empty() => {
            let at = random.below(map.len());
            let key = map.keys().nth(at).unwrap().clone();
            if random.below(8) == 0 {
                map.remove(&key);
            } else {
                replace(random, &mut map[&key]);
            }
        }
        // Text within text is often JSON, or base64 of it.
        Value::String(text) if random.below(2) == 0 => {
            let changed = mutated(random, &[text.clone().into_bytes()]);
            *text = String::from_utf8_lossy(&changed).into_owned();
        }
        _ => {
            *value = match random.below(16) {
                0 => Value::Null,
                1 => json!(true),
                2 => json!([]),
                3 => json!({}),
                4 => json!(""),
                5 => json!(-1),
                6 => json!(u64::MAX),
                7 => json!(i64::MIN),
                8 => json!(1e308),
                9 => json!(0.5),
                10 => json!("a".repeat(random.below(70_000))),
                11 => json!([[[[[[[[["deep"]]]]]]]]]),
                12 => json!("\u{0}\u{7f}\u{ffff}é🦀"),
                13 => json!("9".repeat(random.below(400))),
                14 => json!("-1"),
                _ => json!([null, 1, "a", {}, []]),
            };
        }
    }
}
