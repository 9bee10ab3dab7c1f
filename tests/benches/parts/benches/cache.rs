//! A value that is kept, by the cache below secrets and parameters, and by a map behind a lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bench_parts::runtime;
use divan::{Bencher, black_box};
use pilaster::config::cache::Cache;

#[divan::bench]
fn hit(bencher: Bencher<'_, '_>) {
    let (runtime, key) = (runtime(), "prod/database".to_owned());
    let cache = Cache::new(|key: String| async move { Ok(key.len()) });
    runtime.block_on(async { cache.get(&key).await.expect("a length") });
    bencher.bench_local(|| runtime.block_on(async { cache.get(black_box(&key)).await.expect("a length") }));
}

#[divan::bench]
fn hit_by_hand(bencher: Bencher<'_, '_>) {
    let (runtime, key) = (runtime(), "prod/database".to_owned());
    let map = Mutex::new(HashMap::from([(key.clone(), (Instant::now(), Arc::new(key.len())))]));
    bencher.bench_local(|| {
        runtime.block_on(async {
            let map = map.lock().expect("no thread panics");
            let (at, value) = &map[black_box(&key)];
            (at.elapsed() < Duration::from_secs(300)).then(|| Arc::clone(value))
        })
    });
}
