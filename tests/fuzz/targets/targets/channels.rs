#![no_main]

fuzz_targets::target!("channels");
