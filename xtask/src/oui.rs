//! Makes the table of vendors' MAC prefixes from the IEEE's lists as Debian's ieee-data installs them.
//! The format is described in `crates/inventory/src/oui.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};

const BLOCK: usize = 16;
const LONGEST_NAME: usize = 40;

/// Legal forms say nothing about who made a device.
const LEGAL_FORMS: [&str; 33] = [
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "llc",
    "gmbh",
    "ag",
    "kg",
    "sa",
    "s.a",
    "srl",
    "s.r.l",
    "spa",
    "s.p.a",
    "bv",
    "b.v",
    "ab",
    "oy",
    "as",
    "a/s",
    "aps",
    "pty",
    "plc",
    "pte",
    "co.,ltd",
    "co.,ltd.",
    "co.ltd",
    "sas",
    "nv",
];

/// Reads `oui.csv`, `mam.csv` and `oui36.csv` in the folder `from`, writes the table `to`.
pub fn generate(from: &Path, to: &Path) -> anyhow::Result<()> {
    let large = read(&from.join("oui.csv"), 6)?;
    let medium = read(&from.join("mam.csv"), 7)?;
    let small = read(&from.join("oui36.csv"), 9)?;
    let names: BTreeSet<&str> =
        [&large, &medium, &small].into_iter().flat_map(BTreeMap::values).map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().collect();
    ensure!(names.len() <= usize::from(u16::MAX), "{} names are more than the table can number", names.len());

    let (mut blocks, mut text, mut before) = (Vec::new(), Vec::new(), "");
    for (at, name) in names.iter().enumerate() {
        let mut shared = 0;
        if at % BLOCK == 0 {
            blocks.extend(u32::try_from(text.len())?.to_be_bytes());
        } else {
            shared = before.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
        }
        let rest = name.as_bytes().get(shared..).unwrap_or_default();
        text.extend([u8::try_from(shared)?, u8::try_from(rest.len())?]);
        text.extend(rest);
        before = name;
    }

    let mut table = b"NWOUI1\0\0".to_vec();
    for count in [names.len(), large.len(), medium.len(), small.len()] {
        table.extend(u32::try_from(count)?.to_be_bytes());
    }
    table.extend(blocks);
    for (rows, digits) in [(&large, 6), (&medium, 7), (&small, 9)] {
        for (prefix, name) in rows {
            // Left-aligned: the last octet's low half is zero where the number of digits is odd.
            let octets = (*prefix << (64 - 4 * digits)).to_be_bytes();
            table.extend(octets.get(..usize::div_ceil(digits, 2)).unwrap_or_default());
            let at =
                names.binary_search(&name.as_str()).map_err(|_| anyhow::anyhow!("'{name}' is missing"))?;
            table.extend(u16::try_from(at)?.to_be_bytes());
        }
    }
    table.extend(text);
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::write(to, table).with_context(|| format!("writing {}", to.display()))
}

/// Prefix to organisation; of several rows with one prefix the first counts.
fn read(path: &Path, digits: usize) -> anyhow::Result<BTreeMap<u64, String>> {
    let text =
        fs::read(path).with_context(|| format!("reading {} (Debian: package ieee-data)", path.display()))?;
    let text = String::from_utf8_lossy(&text);
    let mut rows = BTreeMap::new();
    for record in records(&text).skip(1) {
        let [_, assignment, organisation, ..] = record.as_slice() else { continue };
        if assignment.len() != digits {
            bail!("{}: assignment '{assignment}' has not {digits} digits", path.display());
        }
        let prefix = u64::from_str_radix(assignment, 16)
            .with_context(|| format!("{}: assignment '{assignment}'", path.display()))?;
        let name = shorten(organisation);
        if !name.is_empty() && !name.eq_ignore_ascii_case("private") {
            rows.entry(prefix).or_insert(name);
        }
    }
    Ok(rows)
}

/// RFC 4180 records: quoted fields may hold commas, doubled quotes and line ends.
fn records(text: &str) -> impl Iterator<Item = Vec<String>> {
    let mut characters = text.chars().peekable();
    std::iter::from_fn(move || {
        characters.peek()?;
        let (mut record, mut field, mut quoted) = (Vec::new(), String::new(), false);
        while let Some(character) = characters.next() {
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    characters.next();
                    field.push('"');
                }
                '"' => quoted = !quoted,
                ',' if !quoted => record.push(std::mem::take(&mut field)),
                '\n' if !quoted => break,
                '\r' if !quoted => {}
                other => field.push(other),
            }
        }
        record.push(field);
        Some(record)
    })
}

/// The name without legal forms, blanks in one piece, cut at a character's boundary.
fn shorten(organisation: &str) -> String {
    let text = organisation.replace([';', '\t'], " ");
    let mut words: Vec<&str> = text.split_whitespace().collect();
    while words.len() > 1 {
        let Some(last) = words.last() else { break };
        let bare = last.trim_matches([',', '.', '(', ')']).to_lowercase();
        if !bare.is_empty() && !LEGAL_FORMS.contains(&bare.as_str()) {
            break;
        }
        words.pop();
    }
    let mut name = words.join(" ").trim_matches([',', '.', ' ']).to_owned();
    while name.len() > LONGEST_NAME {
        name.pop();
    }
    name.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_forms_are_dropped_and_names_kept() {
        assert_eq!(shorten("Cisco Systems, Inc"), "Cisco Systems");
        assert_eq!(shorten("HUAWEI TECHNOLOGIES CO.,LTD"), "HUAWEI TECHNOLOGIES");
        assert_eq!(shorten("Intel Corporate"), "Intel Corporate");
        assert_eq!(shorten("Co"), "Co");
    }

    #[test]
    fn quoted_fields_may_hold_anything() {
        let rows: Vec<_> = records("a,\"b, \"\"c\"\"\nd\",e\r\nf,g\n").collect();
        assert_eq!(rows, [vec!["a", "b, \"c\"\nd", "e"], vec!["f", "g"]]);
    }
}
