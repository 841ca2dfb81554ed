//! What the shim recorded, decoded.

use std::path::Path;

use anyhow::{Context, bail};

/// One operation on files below the watched folder, or a line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// A file was made.
    Create(String),
    /// Octets were written at an offset.
    Write(String, u64, Vec<u8>),
    /// So many zeros were written at an offset.
    Zeros(String, u64, u64),
    /// A file has this length now.
    Truncate(String, u64),
    /// A file or folder was synced.
    Sync(String),
    /// A file was removed.
    Unlink(String),
    /// A file got another name.
    Rename(String, String),
    /// A folder was made.
    Folder(String),
    /// The writer has committed its transaction of this number since its start, and answers for it from
    /// now on.
    Committed(u64),
}

impl Operation {
    /// True where the files or what is durable of them changed.
    pub const fn changes_disk(&self) -> bool {
        !matches!(self, Operation::Committed(_))
    }
}

/// Reads a record; lines of the log other than commits are left out.
pub fn read(path: &Path) -> anyhow::Result<Vec<Operation>> {
    let octets = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    decode(&octets)
}

fn decode(octets: &[u8]) -> anyhow::Result<Vec<Operation>> {
    let mut rest = octets;
    let mut all = Vec::new();
    while !rest.is_empty() {
        let at = octets.len() - rest.len();
        let cut = || format!("the record is cut short at octet {at}");
        let (head, after) = rest.split_at_checked(15).with_context(cut)?;
        let kind = *head.first().with_context(cut)?;
        let number = |from: usize, to: usize| {
            let mut wide = [0; 8];
            for (wide, octet) in wide.iter_mut().zip(head.get(from..to).unwrap_or_default()) {
                *wide = *octet;
            }
            u64::from_le_bytes(wide)
        };
        let (path_length, offset, length) = (number(1, 3), number(3, 11), number(11, 15));
        let (path, after) = after.split_at_checked(usize::try_from(path_length)?).with_context(cut)?;
        let path = String::from_utf8(path.to_vec()).context("a path that is no text")?;
        let with_data = matches!(kind, b'W' | b'R' | b'E');
        let data_length = if with_data { usize::try_from(length)? } else { 0 };
        let (data, after) = after.split_at_checked(data_length).with_context(cut)?;
        rest = after;
        all.push(match kind {
            b'C' => Operation::Create(path),
            b'O' => Operation::Truncate(path, 0),
            b'W' => Operation::Write(path, offset, data.to_vec()),
            b'Z' => Operation::Zeros(path, offset, length),
            b'T' => Operation::Truncate(path, offset),
            b'S' => Operation::Sync(path),
            b'U' => Operation::Unlink(path),
            b'R' => Operation::Rename(path, String::from_utf8_lossy(data).into_owned()),
            b'M' => Operation::Folder(path),
            b'E' => match commit_in(data) {
                Some(number) => Operation::Committed(number),
                None => continue,
            },
            other => bail!("octet {at}: {other} is no kind of operation"),
        });
    }
    Ok(all)
}

/// The number in a line `... committed commit=17 jobs=1`.
fn commit_in(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?;
    let (_, rest) = line.split_once("committed")?;
    let (_, number) = rest.split_once("commit=")?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, path: &str, offset: u64, data: &[u8], length: u32) -> Vec<u8> {
        let mut record = vec![kind];
        record.extend(u16::try_from(path.len()).unwrap().to_le_bytes());
        record.extend(offset.to_le_bytes());
        record.extend(length.to_le_bytes());
        record.extend(path.as_bytes());
        record.extend(data);
        record
    }

    #[test]
    fn every_kind_is_read_and_a_cut_record_is_refused() {
        let mut octets = record(b'C', "/a", 0, b"", 0);
        octets.extend(record(b'W', "/a", 5, b"xyz", 3));
        octets.extend(record(b'Z', "/a", 8, b"", 100));
        octets.extend(record(b'R', "/a", 0, b"/b", 2));
        let line = b"2026 TRACE netwarden_store::writer: committed commit=17 jobs=1\n";
        octets.extend(record(b'E', "", 0, line, u32::try_from(line.len()).unwrap()));
        octets.extend(record(b'E', "", 0, b"WARN other\n", 11));
        let expected = [
            Operation::Create("/a".into()),
            Operation::Write("/a".into(), 5, b"xyz".to_vec()),
            Operation::Zeros("/a".into(), 8, 100),
            Operation::Rename("/a".into(), "/b".into()),
            Operation::Committed(17),
        ];
        assert_eq!(decode(&octets).unwrap(), expected);
        assert!(decode(&octets[..octets.len() - 1]).is_err());
    }
}
