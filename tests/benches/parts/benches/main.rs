//! Parts of Pilaster, beside the same hand-written: time and allocations.
//!
//! `cargo bench -p bench-parts` runs all, `cargo bench -p bench-parts -- decode` those of one module. Only ratios of the same run
//! count.
#![allow(missing_docs)]

mod batch;
mod cache;
mod decode;
mod json;
mod layers;
mod line;

#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}
