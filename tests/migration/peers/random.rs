//! Random numbers from a seed, so that each run has the same events.

/// SplitMix64.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below this one.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Returns `true` once in this many times.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// Returns digits, at least one.
    pub(super) fn digits(&mut self, most: usize) -> String {
        let length = 1 + self.below(most);
        (0..length).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }
}

/// How often each rule was applied.
pub(super) struct Applied {
    times: Vec<(&'static str, usize)>,
}

impl Applied {
    pub(super) fn new(rules: impl IntoIterator<Item = &'static str>) -> Self {
        Self { times: rules.into_iter().map(|rule| (rule, 0)).collect() }
    }

    /// Counts a rule.
    pub(super) fn count(&mut self, rule: &str) {
        let found = self.times.iter_mut().find(|(name, _)| *name == rule);
        found.unwrap_or_else(|| panic!("there is no rule `{rule}`")).1 += 1;
    }

    /// Fails unless each rule was applied.
    pub(super) fn check(&self) {
        let unused: Vec<_> = self.times.iter().filter(|(_, times)| *times == 0).map(|(rule, _)| rule).collect();
        assert!(unused.is_empty(), "no event shows {unused:?}");
    }
}
