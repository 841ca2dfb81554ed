//! Sets of ports, and PortList (RFC 4363): bit 1 of octet 1 is the most significant and stands for port 1.

use super::device::PortNo;

/// A set of a device's ports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PortSet(Vec<u64>);

impl PortSet {
    /// The empty set.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// True where `port` is a member.
    pub fn contains(&self, port: PortNo) -> bool {
        let (word, bit) = place(port);
        self.0.get(word).is_some_and(|w| w & bit != 0)
    }

    /// Makes `port` a member.
    pub fn insert(&mut self, port: PortNo) {
        let (word, bit) = place(port);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(w) = self.0.get_mut(word) {
            *w |= bit;
        }
    }

    /// Takes `port` out.
    pub fn remove(&mut self, port: PortNo) {
        let (word, bit) = place(port);
        if let Some(w) = self.0.get_mut(word) {
            *w &= !bit;
        }
    }

    /// The members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = PortNo> + '_ {
        self.0.iter().enumerate().flat_map(|(word, bits)| {
            (0..64u32)
                .filter(move |bit| bits >> bit & 1 == 1)
                .filter_map(move |bit| u16::try_from(word * 64 + bit as usize).ok().map(PortNo))
        })
    }

    /// True where every member is one of `other` too.
    pub fn is_subset(&self, other: &PortSet) -> bool {
        self.iter().all(|port| other.contains(port))
    }

    /// Keeps only the members of `other`.
    pub fn intersect(&mut self, other: &PortSet) {
        for (index, word) in self.0.iter_mut().enumerate() {
            *word &= other.0.get(index).copied().unwrap_or(0);
        }
    }
}

impl FromIterator<PortNo> for PortSet {
    fn from_iter<I: IntoIterator<Item = PortNo>>(ports: I) -> Self {
        let mut set = Self::new();
        for port in ports {
            set.insert(port);
        }
        set
    }
}

fn place(port: PortNo) -> (usize, u64) {
    (usize::from(port.0 / 64), 1 << (port.0 % 64))
}

/// PortList octets for bridge ports (numbers from 1), at least `width` octets long.
pub fn port_list(base_ports: impl Iterator<Item = u32>, width: usize) -> Vec<u8> {
    let mut octets = vec![0u8; width];
    for base in base_ports {
        let Some(zero_based) = base.checked_sub(1) else { continue };
        let index = zero_based as usize / 8;
        if octets.len() <= index {
            octets.resize(index + 1, 0);
        }
        if let Some(octet) = octets.get_mut(index) {
            *octet |= 0x80 >> (zero_based % 8);
        }
    }
    octets
}

/// The bridge ports (numbers from 1) that a PortList names.
pub fn ports_of_list(octets: &[u8]) -> impl Iterator<Item = u32> + '_ {
    octets.iter().enumerate().flat_map(|(index, octet)| {
        (0..8u32).filter(move |bit| octet & (0x80 >> bit) != 0).map(move |bit| index as u32 * 8 + bit + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_list_counts_from_the_most_significant_bit() {
        assert_eq!(port_list([1, 8, 9].into_iter(), 4), [0x81, 0x80, 0, 0]);
        assert_eq!(ports_of_list(&[0x81, 0x80, 0, 0]).collect::<Vec<_>>(), [1, 8, 9]);
        assert_eq!(port_list([0].into_iter(), 1), [0]);
    }

    proptest::proptest! {
        #[test]
        fn sets_and_lists_keep_their_members(ports in proptest::collection::btree_set(0u16..700, 0..40)) {
            let set: PortSet = ports.iter().map(|p| PortNo(*p)).collect();
            let back: Vec<u16> = set.iter().map(|p| p.0).collect();
            proptest::prop_assert_eq!(&back, &ports.iter().copied().collect::<Vec<_>>());
            let list = port_list(ports.iter().map(|p| u32::from(*p) + 1), 0);
            let back: Vec<u32> = ports_of_list(&list).collect();
            proptest::prop_assert_eq!(back, ports.iter().map(|p| u32::from(*p) + 1).collect::<Vec<_>>());
        }
    }
}
