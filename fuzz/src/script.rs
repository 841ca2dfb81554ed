//! An input read as a script: small decisions first to last, zeros where it has ended, so that any octets
//! mean something and a seed can be written by hand.

/// What is left of the input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script<'a>(pub(crate) &'a [u8]);

impl<'a> Script<'a> {
    /// True where nothing is left.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    /// The next octet.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// The next octets, at most `most`.
    pub(crate) fn take(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Octets with their number (one octet) before them.
    pub(crate) fn octets(&mut self) -> &'a [u8] {
        let length = self.byte();
        self.take(usize::from(length))
    }

    /// Four octets as a number.
    pub(crate) fn number(&mut self) -> u32 {
        self.take(4).iter().fold(0, |number, octet| number << 8 | u32::from(*octet))
    }

    /// Eight octets as a number.
    pub(crate) fn long(&mut self) -> u64 {
        u64::from(self.number()) << 32 | u64::from(self.number())
    }

    /// A text with its number of octets before it.
    pub(crate) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.octets()).into_owned()
    }

    /// A text, or nothing.
    pub(crate) fn text_if(&mut self) -> Option<String> {
        let text = self.text();
        (!text.is_empty()).then_some(text)
    }

    /// One of these.
    pub(crate) fn choose<'c, T>(&mut self, of: &'c [T]) -> &'c T {
        &of[usize::from(self.byte()) % of.len()]
    }
}
