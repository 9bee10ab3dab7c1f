//! The decoders as targets of cargo-fuzz. `../README.md` says how to run them.
#![allow(clippy::unwrap_used)]

#[path = "../aggregate.rs"]
mod aggregate;
#[path = "../decoders.rs"]
mod decoders;
#[path = "../functions.rs"]
mod functions;
#[path = "../mutate.rs"]
mod mutate;

use std::cell::OnceCell;

#[doc(hidden)]
pub use libfuzzer_sys;

use self::decoders::Decoder;
use self::mutate::{Random, mutated};

/// Makes the binary a target for the decoder of this name.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        use $crate::libfuzzer_sys;
        libfuzzer_sys::fuzz_target!(|input: &[u8]| $crate::call($name, input));
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::change(data, size, max_size, seed)
        });
    };
}

/// Gives the decoder of this name an input.
pub fn call(name: &str, input: &[u8]) {
    thread_local! {
        static DECODER: OnceCell<Decoder> = const { OnceCell::new() };
    }
    DECODER.with(|decoder| decoder.get_or_init(|| Decoder::named(name)).call(input));
}

/// Changes an input: mostly as libFuzzer does, which knows no form; else as the short form does, which keeps JSON JSON.
pub fn change(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random::seeded(seed.into());
    if random.below(3) == 0 {
        let changed = mutated(&mut random, &[data[..size].to_vec()]);
        if changed.len() <= max_size {
            data[..changed.len()].copy_from_slice(&changed);
            return changed.len();
        }
    }
    libfuzzer_sys::fuzzer_mutate(data, size, max_size)
}
