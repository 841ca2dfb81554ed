//! Subjects as octets, short enough to be indexed: a tag (`m`, `n`, `s`), then the MAC's six octets,
//! the element's id in 8 octets big-endian, or the part's name.

use netwarden_model::{Mac, NeId, Subject};

pub(crate) fn encode(subject: &Subject) -> Vec<u8> {
    match subject {
        Subject::Mac(mac) => [b"m".as_slice(), &mac.octets()].concat(),
        Subject::Ne(ne) => [b"n".as_slice(), &ne.0.to_be_bytes()].concat(),
        Subject::System(part) => [b"s".as_slice(), part.as_bytes()].concat(),
    }
}

pub(crate) fn decode(octets: &[u8]) -> Option<Subject> {
    let (tag, rest) = octets.split_first()?;
    match tag {
        b'm' => Mac::from_slice(rest).map(Subject::Mac),
        b'n' => rest.try_into().ok().map(|octets| Subject::Ne(NeId(i64::from_be_bytes(octets)))),
        b's' => String::from_utf8(rest.to_vec()).ok().map(Subject::System),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn subjects_come_back(mac in any::<[u8; 6]>(), ne in any::<i64>(), part in ".*") {
            for subject in [Subject::Mac(Mac::new(mac)), Subject::Ne(NeId(ne)), Subject::System(part)] {
                prop_assert_eq!(decode(&encode(&subject)), Some(subject));
            }
        }

        #[test]
        fn any_octets_are_survived(octets in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = decode(&octets);
        }
    }
}
