//! Numbers that look random and are the same in every load, so that an interrupted load can be
//! continued from its plan alone.

/// SplitMix64: a counter and a mixing function, enough for sample data and for nothing else.
#[derive(Debug, Clone)]
pub(super) struct Generator(u64);

impl Generator {
    /// The generator of one topic. Each topic has numbers of its own, so that a change to one
    /// list leaves the others as they are.
    pub(super) fn of(topic: &str) -> Self {
        // FNV-1a.
        let seed = topic
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included. Slightly uneven, which nobody sees here.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = low.abs_diff(high).saturating_add(1);
        low.saturating_add_unsigned(self.next() % width)
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn percent(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// A place in a list of `length` things; 0 in an empty one.
    pub(super) fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % length).unwrap_or(0)
    }

    /// One of several things.
    pub(super) fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.index(things.len())]
    }

    /// A place in a list of weights; heavier ones come up more often.
    pub(super) fn weighted(&mut self, weights: &[u64]) -> usize {
        let total: u64 = weights.iter().sum();
        let mut rest = self.next() % total.max(1);
        for (index, weight) in weights.iter().enumerate() {
            if rest < *weight {
                return index;
            }
            rest -= weight;
        }
        0
    }

    /// Brings a list into another order.
    pub(super) fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.index(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_topic_gives_the_same_numbers_and_another_topic_others() {
        let numbers = |topic: &str| -> Vec<i64> {
            let mut generator = Generator::of(topic);
            (0..20).map(|_| generator.between(0, 1_000_000)).collect()
        };
        assert_eq!(numbers("trades"), numbers("trades"));
        assert_ne!(numbers("trades"), numbers("payments"));
    }

    #[test]
    fn numbers_stay_in_their_range_and_reach_both_ends() {
        let mut generator = Generator::of("range");
        let numbers: Vec<i64> = (0..500).map(|_| generator.between(-3, 3)).collect();
        assert!(numbers.iter().all(|number| (-3..=3).contains(number)));
        assert!(numbers.contains(&-3) && numbers.contains(&3));
        assert_eq!(generator.between(5, 5), 5);
    }

    #[test]
    fn weights_decide_how_often_and_zero_means_never() {
        let mut generator = Generator::of("weights");
        let mut counts = [0_u32; 3];
        for _ in 0..1000 {
            counts[generator.weighted(&[1, 0, 9])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!(counts[2] > 6 * counts[0], "{counts:?}");
    }

    #[test]
    fn shuffling_loses_nothing() {
        let mut generator = Generator::of("shuffle");
        let mut list: Vec<u32> = (0..50).collect();
        generator.shuffle(&mut list);
        assert_ne!(list, (0..50).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..50).collect::<Vec<_>>());
    }
}
