//! Medians, and ratios of each round.

/// The median; `NaN` of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values = Vec::from_iter(values);
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => (values[count / 2 - 1] + values[count / 2]) / 2.0,
    }
}

/// The median of the ratios of each round: what slows down both in a round cancels out.
pub(crate) fn ratio(values: &[f64], baseline: &[f64]) -> f64 {
    median(values.iter().zip(baseline).map(|(value, baseline)| value / baseline))
}

/// The median with the least and the greatest, as `77 (75 to 80)`.
pub(crate) fn spread(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{:.0} ({least:.0} to {greatest:.0})", median(values.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_between_the_middle_values() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median([]).is_nan());
        assert_eq!(spread(&[80.0, 75.0, 77.4]), "77 (75 to 80)");
    }

    #[test]
    fn a_slow_round_changes_no_ratio() {
        assert_eq!(ratio(&[1.0, 10.0, 1.0], &[2.0, 20.0, 2.0]), 0.5);
    }
}
