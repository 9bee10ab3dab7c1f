//! Records that wait among those that do not, that are through at the last moment, and that are cancelled.

use super::*;

/// The work of a record that never waits.
const BUSY: u32 = 500;

#[tokio::test]
async fn a_record_that_waits_has_its_turn_among_those_that_never_do() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let both = Arc::new(Mutex::new((Some(sender), Some(receiver))));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let ship = {
        let seen = Arc::clone(&seen);
        move |order: Sqs<Order>| {
            let (both, seen) = (Arc::clone(&both), Arc::clone(&seen));
            async move {
                if order.id == 0 {
                    let receiver = both.lock().unwrap().1.take().unwrap();
                    receiver.await?;
                } else if order.id == 1 {
                    both.lock().unwrap().0.take().unwrap().send(()).unwrap();
                }
                seen.lock().unwrap().push(order.id);
                Ok::<_, BoxError>(())
            }
        }
    };
    assert_eq!(call_with(handler(ship), orders(0..BUSY), None).await.unwrap(), failures(&[]));
    assert_eq!(seen.lock().unwrap()[..4], [1, 0, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn what_panics_when_it_is_cancelled_fails_alone() {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    async fn ship(order: Sqs<Order>) -> Result<(), BoxError> {
        if order.id % 2 == 1 {
            let _guard = Guard;
            std::future::pending::<()>().await;
        }
        Ok(())
    }
    let answer = call_with(handler(ship), orders(0..5), Some(Duration::from_secs(5))).await;
    assert_eq!(answer.unwrap(), failures(&["m1", "m3"]));
}

#[cfg(feature = "testing")]
#[tokio::test(start_paused = true)]
async fn what_is_through_at_the_very_deadline_is_not_returned() {
    // More than tokio lets a task do in one go.
    const AT_ONCE: u32 = 300;
    async fn ship(invocation: Invocation, order: Sqs<Order>) -> Result<(), BoxError> {
        if order.id == 0 {
            std::future::pending::<()>().await;
        }
        // Until the batch stops, 500 ms before the end.
        let left = invocation.remaining().ok_or("no deadline")?;
        tokio::time::sleep(left - Duration::from_millis(500)).await;
        Ok(())
    }
    let function = handler(ship).concurrency(AT_ONCE as usize);
    let caller = crate::testing::Caller::new(function).with_time_left(Duration::from_secs(5));
    assert_eq!(caller.call(orders(0..AT_ONCE)).await.unwrap(), failures(&["m0"]));
}

#[tokio::test]
async fn a_record_is_discarded_also_by_an_error_that_leaves_its_cause_out() {
    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct NotShipped(RecordError);

    async fn ship(order: Sqs<Order>) -> Result<(), NotShipped> {
        match order.id {
            1 => Err(NotShipped(RecordError::discard("never"))),
            2 => Err(NotShipped(RecordError::retry("later"))),
            _ => Ok(()),
        }
    }
    assert_eq!(call(ship, orders(0..3)).await.unwrap(), failures(&["m2"]));
}
