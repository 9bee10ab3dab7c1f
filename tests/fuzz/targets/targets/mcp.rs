#![no_main]

fuzz_targets::target!("mcp");
