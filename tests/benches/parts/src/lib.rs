//! Benchmarks of parts; see `benches/`.
