//! PortList (RFC 4363): bit 1 is the most significant bit of the first octet. The length is the
//! agent's own business: lists may be shorter than the highest port, the missing rest being zero.

/// dot1dBasePort's range (RFC 4188). An agent that says a higher number would make us send it half a
/// gigabyte of zeros.
const HIGHEST: u32 = 65_535;

/// The octet and the mask of bridge port `base_port` (counted from 1); None for port 0 and for such as no
/// bridge has.
fn place(base_port: u32) -> Option<(usize, u8)> {
    let zero_based = base_port.checked_sub(1).filter(|_| base_port <= HIGHEST)?;
    let octet = usize::try_from(zero_based / 8).ok()?;
    Some((octet, 0x80 >> (zero_based % 8)))
}

/// Whether the port is in the list.
pub fn contains(list: &[u8], base_port: u32) -> bool {
    place(base_port).and_then(|(octet, mask)| Some(list.get(octet)? & mask != 0)).unwrap_or(false)
}

/// The list with this one port put in or taken out; it grows where it is too short, never shrinks,
/// and no other bit changes. Port 0, and one above 65535, is no port: the list comes back unchanged.
#[must_use]
pub fn with(list: &[u8], base_port: u32, set: bool) -> Vec<u8> {
    let mut changed = list.to_vec();
    let Some((octet, mask)) = place(base_port) else { return changed };
    if set && changed.len() <= octet {
        changed.resize(octet + 1, 0);
    }
    if let Some(bits) = changed.get_mut(octet) {
        if set {
            *bits |= mask;
        } else {
            *bits &= !mask;
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bit_one_is_the_most_significant_of_the_first_octet() {
        assert!(contains(&[0x80], 1));
        assert!(contains(&[0x01], 8));
        assert!(contains(&[0, 0x80], 9));
        assert!(!contains(&[0xff], 9));
        assert!(!contains(&[0xff], 0));
        assert_eq!(with(&[], 10, true), [0, 0x40]);
        assert_eq!(with(&[0xff], 10, false), [0xff]);
        assert_eq!(with(&[0xff], 0, true), [0xff]);
        assert_eq!(with(&[], HIGHEST, true).len(), 8192);
        assert_eq!(with(&[0xff], HIGHEST + 1, true), [0xff], "no list grows without end");
        assert_eq!(with(&[0xff], u32::MAX, true), [0xff]);
        assert!(!contains(&[0xff], u32::MAX));
    }

    proptest! {
        #[test]
        fn only_the_port_itself_changes(
            list in proptest::collection::vec(any::<u8>(), 0..20),
            port in 1u32..200,
            set: bool,
        ) {
            let changed = with(&list, port, set);
            prop_assert_eq!(contains(&changed, port), set);
            for other in (1..260).filter(|other| *other != port) {
                prop_assert_eq!(contains(&changed, other), contains(&list, other));
            }
            prop_assert!(changed.len() >= list.len());
        }
    }
}
