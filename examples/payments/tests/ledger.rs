//! The ledger in random runs with a provider that forgets its keys, against the rules that a customer and a bank expect.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use payments::money::{Currency, Money};
use payments::provider::{DECLINED, FAILS, Outcome};
use payments::{Order, Payment, PaymentError, Payments};
use pilaster::table::Table;
use sha2::{Digest, Sha256};

type TestResult = Result<(), pilaster::BoxError>;

const ORDER: (&str, &str) = ("customer#ada", "order#1");
const DAY: u64 = 24 * 3600;

/// xorshift64: the runs are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

/// The calls that the provider has had, also those of keys that it has forgotten.
#[derive(Default)]
struct Calls {
    charged: Vec<String>,
    provider_is_empty: bool,
}

impl Calls {
    /// Lets the provider forget all that it knows.
    async fn forget(&mut self, ledger: &Table) -> TestResult {
        for charge in ledger.query::<BTreeMap<String, Outcome>>("provider").send().await? {
            if charge.value["outcome"] == Outcome::Charged {
                self.charged.push(charge.key.sort().to_owned());
            }
            ledger.delete(charge.key).await?;
        }
        self.provider_is_empty = true;
        Ok(())
    }

    /// Returns the keys that the provider knows.
    async fn known(&mut self, ledger: &Table) -> Result<BTreeSet<String>, pilaster::BoxError> {
        let charges = ledger.query::<BTreeMap<String, Outcome>>("provider").send().await?;
        self.provider_is_empty &= charges.is_empty();
        Ok(charges.iter().map(|charge| charge.key.sort().to_owned()).collect())
    }
}

/// Returns the id that the provider gets for an attempt.
fn charge_id(attempt: &str) -> String {
    Sha256::digest(format!("here/{attempt}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Puts an intent into the ledger as a process leaves it that ends before its call, unless there is an order to wait for.
async fn interrupt(payments: &Payments, id: &str, amount: i64) -> Result<bool, pilaster::BoxError> {
    let found = payments.0.get::<Payment>(ORDER).await?;
    let is_declined = |found: &Payment| found.outcome == Some(Outcome::Declined);
    if !found.as_ref().is_none_or(|found| is_declined(found) && !found.attempts.iter().any(|attempt| attempt == id)) {
        return Ok(false);
    }
    let (total, charge_id) = (Money::new(amount, Currency::Eur), id.to_owned());
    let intended_at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let attempts = [found.map_or_else(Vec::new, |found| found.attempts), vec![charge_id.clone()]].concat();
    payments.0.put(ORDER, &Payment { order_id: 1, total, charge_id, intended_at, outcome: None, attempts }).await?;
    Ok(true)
}

#[tokio::test]
async fn an_order_is_charged_at_most_once_and_a_declined_id_is_never_sent_again() -> TestResult {
    let mut seen = BTreeMap::<_, usize>::new();
    for seed in 1..=500 {
        let (mut random, mut calls, mut log) = (Random(seed), Calls::default(), Vec::new());
        let payments = Payments(Table::in_memory(), "here".to_owned());
        let mut declined = BTreeSet::new();
        let mut paid: Option<Payment> = None;
        for _ in 0..40 {
            // Keys over HTTP, and that of the queue.
            let key = ["a", "b", "c", "d", "e", "ada/1"][random.below(6)];
            let id = charge_id(key);
            let amount = [1000, DECLINED, DECLINED, DECLINED, FAILS][random.below(5)];
            match random.below(10) {
                // A day passes, after which the provider forgets its keys. Before that it forgets none.
                0 => {
                    if let Some(entry) = payments.0.get::<Payment>(ORDER).await? {
                        let intended_at = entry.intended_at.saturating_sub(DAY);
                        payments.0.put(ORDER, &Payment { intended_at, ..entry }).await?;
                    }
                    calls.forget(&payments.0).await?;
                    log.push("a day".to_owned());
                }
                1 if interrupt(&payments, &id, amount).await? => log.push(format!("intent of {key} for {amount}")),
                // A person asks the provider for an old charge, and writes the outcome.
                2 => {
                    let is_old = |entry: &Payment| entry.outcome.is_none() && calls.provider_is_empty;
                    if let Some(entry) = payments.0.get::<Payment>(ORDER).await?.filter(is_old) {
                        let is_charged = calls.charged.contains(&entry.charge_id);
                        let outcome = Some(if is_charged { Outcome::Charged } else { Outcome::Declined });
                        log.push(format!("reconciled: {outcome:?}"));
                        payments.0.put(ORDER, &Payment { outcome, ..entry }).await?;
                    }
                }
                _ => {
                    let before = calls.known(&payments.0).await?;
                    let order = Order { order_id: 1, total: Money::new(amount, Currency::Eur) };
                    let result = payments.pay("ada", order, key).await;
                    let after = calls.known(&payments.0).await?;
                    let new: Vec<_> = after.difference(&before).collect();
                    log.push(format!("{key} of {amount}: {result:?}, new charges: {new:?}"));
                    let context = || format!("seed {seed}: {log:#?}");
                    // A declined key may continue the attempt of another key, and never makes its own again.
                    assert!(!new.iter().any(|id| declined.contains(*id)), "{}", context());
                    assert!(new.is_empty() || paid.is_none(), "{}", context());
                    let error = result.as_ref().err().map(|error| error.downcast_ref::<PaymentError>());
                    let answer = match (&result, error.flatten()) {
                        (Ok(payment), _) => {
                            assert_eq!(payment.outcome, Some(Outcome::Charged), "{}", context());
                            let earlier = paid.replace(payment.clone());
                            assert!(earlier.is_none_or(|it| it.charge_id == payment.charge_id), "{}", context());
                            "paid"
                        }
                        (_, Some(PaymentError::Declined)) => {
                            assert!(paid.is_none(), "what is paid is not declined: {}", context());
                            if declined.insert(id) { "declined" } else { "declined again" }
                        }
                        (_, Some(PaymentError::OtherTotal)) => "other total",
                        (_, Some(PaymentError::Unknown)) => {
                            assert!(new.is_empty(), "{}", context());
                            "unknown"
                        }
                        (_, Some(PaymentError::Provider(_))) => "failed",
                        other => panic!("{other:?}: {}", context()),
                    };
                    *seen.entry(answer).or_default() += 1;
                }
            }
        }
        calls.forget(&payments.0).await?;
        assert!(calls.charged.len() <= 1, "charged {:?}, seed {seed}: {log:#?}", calls.charged);
        assert!(paid.is_none_or(|paid| calls.charged == [paid.charge_id]), "seed {seed}: {log:#?}");
    }
    // Each answer was seen often.
    assert!(seen.len() == 6 && seen.values().all(|count| *count > 50), "{seen:?}");
    Ok(())
}
