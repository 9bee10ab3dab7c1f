//! The tables of `BENCHMARKS.md`.

mod build_times;
mod cold;
mod concurrency;
mod counted;
mod features;
pub(crate) mod large;
mod modules;
mod parts;
mod sizes;
mod suites;

use crate::measure::Effort;

/// A table, by the name of its markers in the file.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Whether it takes so long that it is made only when it is named.
    pub(crate) is_slow: bool,
    pub(crate) make: fn(Effort) -> anyhow::Result<String>,
}

pub(crate) const TABLES: &[Named] = &[
    Named { name: "counted", about: "what gate.sh counted last", is_slow: false, make: counted::counted },
    Named {
        name: "http",
        about: "an HTTP function: time, instructions, start, memory, size",
        is_slow: false,
        make: suites::http,
    },
    Named { name: "sqs", about: "the same of a batch of a queue", is_slow: false, make: suites::sqs },
    Named {
        name: "concurrency",
        about: "1, 8 and 64 invocations at a time, on one core and on all",
        is_slow: false,
        make: concurrency::concurrency,
    },
    Named {
        name: "large",
        about: "bodies of 6 MB, 10,000 records, a stream of 200 MB",
        is_slow: false,
        make: large::large,
    },
    Named {
        name: "modules",
        about: "the code of the binaries by crate and module",
        is_slow: false,
        make: modules::modules,
    },
    Named { name: "cold", about: "the start of a function with AWS clients", is_slow: false, make: cold::cold },
    Named { name: "parts", about: "`cargo bench -p bench-parts`", is_slow: false, make: parts::parts },
    Named { name: "build", about: "build times and numbers of crates", is_slow: true, make: build_times::build },
    Named {
        name: "features",
        about: "what a feature costs that is on and not used",
        is_slow: true,
        make: features::features,
    },
    Named { name: "sizes", about: "the examples", is_slow: true, make: sizes::sizes },
];
