//! How many repetitions an agent is asked for, learnt from its answers.

/// Octets a binding is taken to have before the agent's first answer.
const FIRST_GUESS_OCTETS: u32 = 24;
/// Octets of a message around its bindings (v3 with digest, salt and engine ids).
const OVERHEAD_OCTETS: u32 = 140;

/// What is known about one agent's appetite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizing {
    /// Repetitions asked for at most; doubles with every answer that is complete.
    repetitions: u32,
    /// False: always the same number, unless the agent answers tooBig.
    adapt: bool,
    /// Octets that an answer shall fill.
    reply_octets: u32,
    /// Octets of a binding, smoothed, in sixteenths.
    binding_octets_16: u32,
}

impl Sizing {
    pub(crate) fn new(max_repetitions: u32, adapt: bool, reply_octets: u32) -> Self {
        Self {
            repetitions: max_repetitions.max(1),
            adapt,
            // RFC 3417 section 3.2.1: what every agent can send.
            reply_octets: reply_octets.max(484),
            binding_octets_16: FIRST_GUESS_OCTETS * 16,
        }
    }

    /// max-repetitions for a request of `columns` columns.
    pub(crate) fn repetitions(&self, columns: u32) -> u32 {
        if !self.adapt {
            return self.repetitions;
        }
        self.repetitions.min((self.fitting() / columns.max(1)).max(1))
    }

    /// Bindings that fill an answer.
    fn fitting(&self) -> u32 {
        (self.reply_octets.saturating_sub(OVERHEAD_OCTETS) * 16 / self.binding_octets_16).max(1)
    }

    /// An answer of `octets` with `bindings` where `asked` were possible and none of them was beyond
    /// the end.
    pub(crate) fn answered(&mut self, asked: u32, bindings: u32, octets: usize) {
        if bindings == 0 || !self.adapt {
            return;
        }
        let octets = u32::try_from(octets).unwrap_or(u32::MAX).min(65_535);
        let each_16 = octets.saturating_sub(OVERHEAD_OCTETS / 2) * 16 / bindings;
        self.binding_octets_16 = ((self.binding_octets_16 * 3 + each_16) / 4).max(16 * 10);
        if bindings >= asked {
            self.repetitions = (self.repetitions * 2).min(self.fitting());
        } else {
            // The agent cut its answer: what it sent is what it can send.
            self.reply_octets = self.reply_octets.min(octets.max(484));
        }
    }

    /// tooBig, or no answer to a large request: half of it. Answers the repetitions from then on.
    pub(crate) fn shrink(&mut self, columns: u32) -> u32 {
        self.repetitions = (self.repetitions(columns) / 2).max(1);
        self.repetitions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_fill_the_message_and_no_further() {
        let mut sizing = Sizing::new(25, true, 1_400);
        assert_eq!(sizing.repetitions(1), 25);
        assert_eq!(sizing.repetitions(5), 10);
        for _ in 0..10 {
            let asked = sizing.repetitions(1);
            sizing.answered(asked, asked, usize::try_from(70 + asked * 20).unwrap());
        }
        assert!((50..70).contains(&sizing.repetitions(1)), "{sizing:?}");
        assert!(sizing.repetitions(4) <= 17);
    }

    #[test]
    fn a_cut_answer_lowers_what_is_asked() {
        let mut sizing = Sizing::new(50, true, 1_400);
        for _ in 0..10 {
            sizing.answered(sizing.repetitions(1), 18, 484);
        }
        assert!(sizing.repetitions(1) <= 20, "{sizing:?}");
    }

    #[test]
    fn shrinks_to_one() {
        for adapt in [true, false] {
            let mut sizing = Sizing::new(25, adapt, 1_400);
            let steps: Vec<u32> = (0..6).map(|_| sizing.shrink(1)).collect();
            assert_eq!(steps, [12, 6, 3, 1, 1, 1]);
        }
    }

    #[test]
    fn fixed_repetitions_are_left_alone() {
        let mut sizing = Sizing::new(20, false, 1_400);
        sizing.answered(20, 20, 400);
        assert_eq!(sizing.repetitions(5), 20);
    }
}
