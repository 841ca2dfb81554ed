//! Vendors of MAC prefixes: the IEEE's MA-L (24 bits), MA-M (28) and MA-S (36) assignments.
//!
//! The table is made by `cargo xtask oui` from Debian's ieee-data. Its format, all numbers big-endian:
//!
//! ```text
//! magic "NWOUI1\0\0"; u32 counts: names, MA-L, MA-M, MA-S
//! u32 offset of every 16th name, from the start of the names
//! MA-L: 3 octets of prefix, u16 name; MA-M: 4 (low 4 bits zero), u16; MA-S: 5 (low 4 bits zero), u16
//! names, sorted; each: octets shared with the one before (0 for every 16th), octets that follow, those
//! ```

use netwarden_model::Mac;

static TABLE: &[u8] = include_bytes!("../data/oui.bin");
const MAGIC: &[u8] = b"NWOUI1\0\0";
const HEADER: usize = 24;
const BLOCK: usize = 16;

/// The organisation that `mac`'s prefix is assigned to; the longest assignment decides. None for locally
/// administered addresses, whose prefix says nothing, and for prefixes that nobody has.
pub fn vendor_of(mac: Mac) -> Option<String> {
    if mac.is_locally_administered() || mac.is_group() {
        return None;
    }
    look_up(TABLE, mac)
}

/// As [`vendor_of`], in a table of one's own; a damaged one names nobody.
pub fn look_up(table: &[u8], mac: Mac) -> Option<String> {
    if table.get(..MAGIC.len())? != MAGIC {
        return None;
    }
    let count = |at: usize| u32_at(table, 8 + 4 * at).and_then(|n| usize::try_from(n).ok());
    let (names, large, medium, small) = (count(0)?, count(1)?, count(2)?, count(3)?);
    let blocks = HEADER..HEADER + 4 * names.div_ceil(BLOCK);
    let large = blocks.end..blocks.end + 5 * large;
    let medium = large.end..large.end + 6 * medium;
    let small = medium.end..medium.end + 7 * small;
    let [a, b, c, d, e, _] = mac.octets();
    let name = find(table.get(small.clone())?, &[a, b, c, d, e & 0xf0])
        .or_else(|| find(table.get(medium.clone())?, &[a, b, c, d & 0xf0]))
        .or_else(|| find(table.get(large)?, &[a, b, c]))?;
    let start = u32_at(table, blocks.start + 4 * (usize::from(name) / BLOCK))?;
    let text = table.get(small.end..)?.get(usize::try_from(start).ok()?..)?;
    name_at(text, usize::from(name) % BLOCK)
}

fn u32_at(table: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(table.get(at..at + 4)?.try_into().ok()?))
}

/// Binary search in rows of `prefix`, u16.
fn find(rows: &[u8], prefix: &[u8]) -> Option<u16> {
    let width = prefix.len() + 2;
    let (mut low, mut high) = (0, rows.len() / width);
    while low < high {
        let middle = low + (high - low) / 2;
        let row = rows.get(middle * width..(middle + 1) * width)?;
        let (key, name) = row.split_at_checked(prefix.len())?;
        match key.cmp(prefix) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return Some(u16::from_be_bytes(name.try_into().ok()?)),
        }
    }
    None
}

/// The name after `skip` others of its block.
fn name_at(mut text: &[u8], skip: usize) -> Option<String> {
    let mut name: Vec<u8> = Vec::new();
    for _ in 0..=skip {
        let (shared, rest) = text.split_first()?;
        let (length, rest) = rest.split_first()?;
        name.truncate(usize::from(*shared));
        name.extend_from_slice(rest.get(..usize::from(*length))?);
        text = rest.get(usize::from(*length)..)?;
    }
    String::from_utf8(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vendor(mac: &str) -> Option<String> {
        vendor_of(mac.parse().unwrap())
    }

    #[test]
    fn every_size_of_assignment_is_found() {
        assert_eq!(vendor("00:00:0c:11:22:33").as_deref(), Some("Cisco Systems"));
        assert_eq!(vendor("00:1b:21:3a:4f:5e").as_deref(), Some("Intel Corporate"));
        assert_eq!(vendor("20:85:93:b1:22:33").as_deref(), Some("IOG Products"), "MA-M");
        assert_eq!(vendor("70:b3:d5:71:91:23").as_deref(), Some("2M Technology"), "MA-S");
    }

    #[test]
    fn an_address_without_an_assignment_has_no_vendor() {
        assert_eq!(vendor("da:a1:19:00:00:01"), None, "randomised");
        assert_eq!(vendor("01:00:5e:00:00:01"), None, "group");
    }

    #[test]
    fn the_table_is_small_and_a_damaged_one_names_nobody() {
        assert!(TABLE.len() < 700 * 1024, "{} octets", TABLE.len());
        let mac = "00:00:0c:11:22:33".parse().unwrap();
        for length in (0..TABLE.len()).step_by(997) {
            let _ = look_up(&TABLE[..length], mac);
        }
        assert_eq!(look_up(b"", mac), None);
    }
}
