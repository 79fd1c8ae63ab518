//! Numbers that look random and are the same for the same seed.

use super::history::Minor;

/// splitmix64.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).unwrap()
    }

    /// One of these.
    pub fn pick<T>(&mut self, mut among: Vec<T>) -> T {
        let index = self.below(among.len());
        among.swap_remove(index)
    }

    /// An amount of which two or three fill a limit.
    pub fn amount(&mut self) -> Minor {
        Minor::try_from(5 + self.below(56)).unwrap() * 100
    }

    /// An amount, or all that is left.
    pub fn maybe_amount(&mut self) -> Option<Minor> {
        (self.below(2) == 0).then(|| self.amount())
    }

    /// Days until something is due; often the same.
    pub fn term(&mut self) -> i64 {
        [10, 20, 20][self.below(3)]
    }
}
