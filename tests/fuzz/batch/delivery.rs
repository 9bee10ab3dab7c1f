//! The checks of one delivery: which records are begun, in which order, and how often.

use super::callers::Origin;
use super::{Outcome, Planned, Settings, Step};

/// Checks one delivery; `delivered` are its records in the order of the event, `unread` those that cannot be decoded.
pub(super) fn check(
    from: Origin,
    settings: &Settings,
    all: &[Planned],
    delivered: &[usize],
    steps: &[Step],
    unread: &[usize],
) {
    let begun = |at: usize| steps.iter().filter(|step| **step == Step::Begun(at)).count();
    let ended = |at: usize| {
        steps.iter().find_map(|step| match step {
            Step::Ended(of, outcome) if *of == at => Some(*outcome),
            _ => None,
        })
    };
    for &at in delivered {
        assert!(begun(at) <= 1, "{at} is handled twice in one delivery");
        let is_held = delivered.iter().take_while(|other| **other != at).any(|&earlier| {
            let lane = settings.lane(from, &all[at]);
            lane.is_some()
                && lane == settings.lane(from, &all[earlier])
                && !ended(earlier).is_some_and(Outcome::is_handled)
        });
        assert!(!is_held || begun(at) == 0, "{at} is begun behind one of its lane that failed or has not ended");
        if settings.deadline.is_none()
            && !unread.contains(&at)
            && !is_held
            && (settings.continue_on_failure || !from.is_shard())
        {
            assert_eq!(begun(at), 1, "{at} is not begun, and nothing holds it");
        }
    }
    let fails = |at: usize| unread.contains(&at) || ended(at).is_some_and(|outcome| !outcome.is_handled());
    for &at in delivered.iter().take_while(|at| !fails(**at)).filter(|_| settings.deadline.is_none()) {
        assert_eq!(begun(at), 1, "{at} is not begun, and no record before it failed");
    }
    for (now, step) in steps.iter().enumerate() {
        let Step::Begun(at) = step else { continue };
        let place = |of: usize| delivered.iter().position(|other| *other == of);
        let lane = settings.lane(from, &all[*at]);
        // One at a time, in the order of the event.
        let in_lane = |of: usize| lane.is_some() && settings.lane(from, &all[of]) == lane;
        for before in delivered.iter().filter(|before| place(**before) < place(*at) && in_lane(**before)) {
            let has_ended = steps[..now].iter().any(|step| matches!(step, Step::Ended(of, _) if of == before));
            assert!(has_ended, "{at} is begun before {before}, which comes before it, has ended");
        }
        if from.is_shard() && !settings.continue_on_failure {
            let failed = steps[..now].iter().find(
                |step| matches!(step, Step::Ended(of, outcome) if !outcome.is_handled() && place(*of) < place(*at)),
            );
            assert_eq!(failed, None, "{at} is begun behind a failure of its shard");
        }
    }
}
