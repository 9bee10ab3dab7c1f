use std::cell::Cell;

use super::*;

/// 2026-10-22T00:00:00Z, thirty days before the night.
const BEFORE: u64 = 1_792_627_200;
const DATE: &str = "2026-11-21";

async fn with_carts(count: u64) -> Result<Carts, TableError> {
    let carts = Carts::new(Table::in_memory());
    for at in 0..count {
        carts.put(&Cart { id: format!("old-{at}"), touched_at: BEFORE - 1 - at % 7 }).await?;
        carts.put(&Cart { id: format!("new-{at}"), touched_at: BEFORE + at }).await?;
    }
    Ok(carts)
}

impl Carts {
    async fn ids(&self) -> Result<Vec<String>, TableError> {
        let mut ids = Vec::new();
        for shard in 0..SHARDS {
            let found = self.0.query::<Cart>(partition(shard)).index().send().await?;
            ids.extend(found.into_iter().map(|found| found.value.id));
        }
        Ok(ids)
    }
}

#[tokio::test]
async fn a_run_that_stops_is_continued_by_the_next_one_and_each_cart_is_counted_once() -> Result<(), TableError> {
    let carts = with_carts(2_000).await?;
    let mut night = Night::default();
    let mut runs = 0;
    while !night.finished {
        let pages = Cell::new(0);
        // Eight empty pages of finished partitions, and at least three others.
        let may_continue = || pages.replace(pages.get() + 1) < 11;
        let next = carts.remove_untouched(DATE, BEFORE, may_continue).await?;
        assert!(next.removed <= night.removed + 11 * PAGE as u64, "eleven pages in a run");
        (night, runs) = (next, runs + 1);
    }
    assert_eq!(night, Night { removed: 2_000, finished: true });
    assert!(runs > 2, "{runs} runs");
    assert_eq!(carts.ids().await?.len(), 2_000);
    assert!(carts.ids().await?.iter().all(|id| id.starts_with("new-")));
    Ok(())
}

#[tokio::test]
async fn runs_at_the_same_time_count_each_cart_once() -> Result<(), TableError> {
    let carts = with_carts(300).await?;
    let runs: tokio::task::JoinSet<_> = (0..4)
        .map(|_| {
            let carts = carts.clone();
            async move { carts.remove_untouched(DATE, BEFORE, || true).await }
        })
        .collect();
    for night in runs.join_all().await {
        assert!(night?.finished);
    }
    let night = carts.remove_untouched(DATE, BEFORE, || true).await?;
    assert_eq!(night, Night { removed: 300, finished: true });
    Ok(())
}

#[tokio::test]
async fn a_cart_that_is_touched_after_it_was_found_is_kept() -> Result<(), TableError> {
    let carts = with_carts(0).await?;
    let (ada, bob) = (Cart { id: "ada".into(), touched_at: 1 }, Cart { id: "bob".into(), touched_at: 1 });
    carts.put(&Cart { touched_at: BEFORE, ..ada.clone() }).await?;
    carts.put(&bob).await?;
    // The page was read before: the index is updated with a delay.
    let gone = Cart { id: "gone".into(), touched_at: 1 };
    let night = carts.remove(DATE, BEFORE, &[ada, bob, gone]).await?;
    assert_eq!((night.removed, carts.ids().await?), (1, vec!["ada".to_owned()]));
    Ok(())
}
