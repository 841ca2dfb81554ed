//! How many are inside, in all and of each address. Pure.

use std::collections::HashMap;
use std::net::IpAddr;

/// Why nobody else is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// There are as many as there may be.
    All,
    /// There are as many of this address as there may be.
    Address,
}

/// Those who are inside. Addresses are given as they are counted ([`crate::lockout::counted_address`]).
#[derive(Debug, Default)]
pub struct Crowd {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

impl Crowd {
    /// Lets one more in, where fewer than `most` are inside, and fewer than `most_of_address` of this address.
    pub fn enter(&mut self, address: IpAddr, most: usize, most_of_address: usize) -> Result<(), Full> {
        if self.of(address) >= most_of_address {
            return Err(Full::Address);
        }
        if self.all >= most {
            return Err(Full::All);
        }
        self.all += 1;
        *self.of.entry(address).or_default() += 1;
        Ok(())
    }

    /// One leaves.
    pub fn leave(&mut self, address: IpAddr) {
        let Some(own) = self.of.get_mut(&address) else { return };
        self.all = self.all.saturating_sub(1);
        *own -= 1;
        if *own == 0 {
            self.of.remove(&address);
        }
    }

    fn of(&self, address: IpAddr) -> usize {
        self.of.get(&address).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_all_have_their_limits_and_nothing_is_left_of_who_has_gone() {
        let address = |n| IpAddr::from([192, 0, 2, n]);
        let mut crowd = Crowd::default();
        assert_eq!(crowd.enter(address(1), 3, 2), Ok(()));
        assert_eq!(crowd.enter(address(1), 3, 2), Ok(()));
        assert_eq!(crowd.enter(address(1), 3, 2), Err(Full::Address));
        assert_eq!(crowd.enter(address(2), 3, 2), Ok(()));
        assert_eq!(crowd.enter(address(3), 3, 2), Err(Full::All));
        assert_eq!(crowd.all, 3);
        crowd.leave(address(9));
        crowd.leave(address(1));
        assert_eq!(crowd.enter(address(3), 3, 2), Ok(()));
        for n in [1, 2, 3] {
            crowd.leave(address(n));
        }
        assert!(crowd.all == 0 && crowd.of.is_empty());
    }
}
