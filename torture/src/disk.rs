//! A model of files on a disk that may lose its power: what is there, and what of it is durable.
//!
//! Content becomes durable by fsync of the file; until then any part of it may be lost or torn at sectors
//! of 512 octets, in any order. The name of a new file becomes durable with the file's own fsync (as ext4, XFS
//! and btrfs do) or the folder's; renames and removals with the folder's. Names are journalled: what is
//! not durable is lost from some point on, never in the middle.

use std::collections::BTreeMap;

use netwarden_simulator::Chance;

use crate::trace::Operation;

const SECTOR: usize = 512;

/// What becomes of that which was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// All of it is lost.
    All,
    /// Nothing: what kill -9 leaves.
    Nothing,
    /// Each write is kept or not, and those that are kept may be torn.
    Some(u64),
    /// All but the last write, which is torn.
    TornEnd(u64),
}

/// Files with their content.
pub type Files = BTreeMap<String, Vec<u8>>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Debug, Clone, Default)]
struct Node {
    now: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Naming {
    Add(String, usize),
    Remove(String),
    Rename(String, String),
}

impl Naming {
    fn folder(&self) -> &str {
        match self {
            Naming::Add(path, _) | Naming::Remove(path) | Naming::Rename(_, path) => folder_of(path),
        }
    }

    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Naming::Add(path, node) => {
                names.insert(path.clone(), *node);
            }
            Naming::Remove(path) => {
                names.remove(path);
            }
            Naming::Rename(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The disk.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    nodes: Vec<Node>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    naming: Vec<Naming>,
}

impl Disk {
    /// Does one operation.
    pub fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Create(path) => {
                self.node_of(path);
            }
            Operation::Write(path, offset, data) => {
                self.change(path, Change::Write(whole(*offset), data.clone()));
            }
            Operation::Zeros(path, offset, length) => {
                self.change(path, Change::Write(whole(*offset), vec![0; whole(*length)]));
            }
            Operation::Truncate(path, length) => self.change(path, Change::Truncate(whole(*length))),
            Operation::Sync(path) => self.sync(path),
            Operation::Unlink(path) => self.name(Naming::Remove(path.clone())),
            Operation::Rename(from, to) => self.name(Naming::Rename(from.clone(), to.clone())),
            // Folders are made again where they are needed.
            Operation::Folder(_) | Operation::Committed(_) => {}
        }
    }

    /// The files as programs see them.
    pub fn now(&self) -> Files {
        self.names
            .iter()
            .filter_map(|(path, node)| Some((path.clone(), self.nodes.get(*node)?.now.clone())))
            .collect()
    }

    /// The files as a power cut may leave them.
    pub fn after_cut(&self, loss: Loss) -> Files {
        let mut chance = Chance::new(match loss {
            Loss::Some(seed) | Loss::TornEnd(seed) => seed,
            Loss::All | Loss::Nothing => 0,
        });
        let kept = match loss {
            Loss::All => 0,
            Loss::Nothing | Loss::TornEnd(_) => self.naming.len(),
            Loss::Some(_) => usize::try_from(chance.below(self.naming.len() as u64 + 1)).unwrap_or(0),
        };
        let mut names = self.durable_names.clone();
        self.naming.iter().take(kept).for_each(|naming| naming.apply(&mut names));
        names
            .into_iter()
            .filter_map(|(path, node)| Some((path, self.nodes.get(node)?.after_cut(loss, &mut chance))))
            .collect()
    }

    /// Changes that are not durable.
    pub fn pending(&self) -> usize {
        self.nodes.iter().map(|node| node.pending.len()).sum::<usize>() + self.naming.len()
    }

    fn node_of(&mut self, path: &str) -> usize {
        if let Some(node) = self.names.get(path) {
            return *node;
        }
        self.nodes.push(Node::default());
        let node = self.nodes.len() - 1;
        self.name(Naming::Add(path.to_owned(), node));
        node
    }

    fn name(&mut self, naming: Naming) {
        naming.apply(&mut self.names);
        self.naming.push(naming);
    }

    fn change(&mut self, path: &str, change: Change) {
        let node = self.node_of(path);
        if let Some(node) = self.nodes.get_mut(node) {
            change.apply(&mut node.now);
            node.pending.push(change);
        }
    }

    fn sync(&mut self, path: &str) {
        let Some(node) = self.names.get(path).copied() else {
            let (done, left) =
                std::mem::take(&mut self.naming).into_iter().partition(|naming| naming.folder() == path);
            self.naming = left;
            let done: Vec<Naming> = done;
            done.iter().for_each(|naming| naming.apply(&mut self.durable_names));
            return;
        };
        if let Some(node) = self.nodes.get_mut(node) {
            let Node { durable, pending, .. } = node;
            pending.drain(..).for_each(|change| change.apply(durable));
        }
        // The journal is written up to the making of this file's name.
        let made = |naming: &Naming| matches!(naming, Naming::Add(_, of) if *of == node);
        if let Some(end) = self.naming.iter().position(made) {
            for naming in self.naming.drain(..=end) {
                naming.apply(&mut self.durable_names);
            }
        }
    }
}

impl Node {
    fn after_cut(&self, loss: Loss, chance: &mut Chance) -> Vec<u8> {
        let mut content = self.durable.clone();
        let last = self.pending.len().saturating_sub(1);
        for (at, change) in self.pending.iter().enumerate() {
            match loss {
                Loss::All => break,
                Loss::Nothing => change.apply(&mut content),
                Loss::TornEnd(_) if at == last => {
                    change.torn(chance).iter().for_each(|c| c.apply(&mut content))
                }
                Loss::TornEnd(_) => change.apply(&mut content),
                Loss::Some(_) => match chance.below(3) {
                    0 => {}
                    1 => change.apply(&mut content),
                    _ => change.torn(chance).iter().for_each(|c| c.apply(&mut content)),
                },
            }
        }
        content
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Change::Truncate(length) => content.resize(*length, 0),
            Change::Write(offset, data) => {
                let end = offset + data.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                if let Some(place) = content.get_mut(*offset..end) {
                    place.copy_from_slice(data);
                }
            }
        }
    }

    /// Some of its sectors, as they lie on the disk.
    fn torn(&self, chance: &mut Chance) -> Vec<Change> {
        let Change::Write(offset, data) = self else { return vec![self.clone()] };
        let mut kept = Vec::new();
        let mut at = *offset;
        let mut rest = data.as_slice();
        while !rest.is_empty() {
            let length = (SECTOR - at % SECTOR).min(rest.len());
            let (sector, after) = rest.split_at(length);
            if chance.percent(50) {
                kept.push(Change::Write(at, sector.to_vec()));
            }
            (at, rest) = (at + length, after);
        }
        kept
    }
}

fn whole(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn write(path: &str, offset: u64, text: &str) -> Operation {
        Operation::Write(path.into(), offset, text.as_bytes().to_vec())
    }

    fn disk(operations: &[Operation]) -> Disk {
        let mut disk = Disk::default();
        operations.iter().for_each(|operation| disk.apply(operation));
        disk
    }

    fn text(files: &Files, path: &str) -> Option<String> {
        files.get(path).map(|content| String::from_utf8_lossy(content).into_owned())
    }

    #[test]
    fn what_was_synced_is_there_and_the_rest_may_be_lost() {
        let mut disk = disk(&[
            Operation::Create("/d/a".into()),
            write("/d/a", 0, "one"),
            Operation::Sync("/d/a".into()),
        ]);
        disk.apply(&write("/d/a", 3, "two"));
        disk.apply(&write("/d/b", 0, "new"));
        let cut = disk.after_cut(Loss::All);
        assert_eq!((text(&cut, "/d/a").as_deref(), text(&cut, "/d/b")), (Some("one"), None));
        let kept = disk.after_cut(Loss::Nothing);
        assert_eq!(text(&kept, "/d/a").as_deref(), Some("onetwo"));
        assert_eq!(kept, disk.now());
    }

    #[test]
    fn a_rename_is_durable_with_its_folder() {
        let mut disk = disk(&[write("/d/a", 0, "old"), Operation::Sync("/d/a".into())]);
        disk.apply(&write("/d/a.new", 0, "new"));
        disk.apply(&Operation::Sync("/d/a.new".into()));
        disk.apply(&Operation::Rename("/d/a.new".into(), "/d/a".into()));
        assert_eq!(text(&disk.after_cut(Loss::All), "/d/a").as_deref(), Some("old"));
        disk.apply(&Operation::Sync("/d".into()));
        let cut = disk.after_cut(Loss::All);
        assert_eq!((text(&cut, "/d/a").as_deref(), cut.len()), (Some("new"), 1));
    }

    #[test]
    fn a_torn_write_is_torn_at_sectors() {
        let disk = disk(&[write("/a", 100, &"x".repeat(2000))]);
        let torn: std::collections::BTreeSet<Vec<u8>> = (0..32)
            .map(|seed| disk.after_cut(Loss::TornEnd(seed)).remove("/a").unwrap_or_default())
            .collect();
        assert!(torn.len() > 8, "{} ways only", torn.len());
        for content in torn {
            for sector in content.get(512..).unwrap_or_default().chunks(512).filter(|s| s.len() == 512) {
                assert!(sector.iter().all(|o| *o == b'x') || sector.iter().all(|o| *o == 0));
            }
        }
    }

    proptest! {
        // Whatever is lost: what was synced last and not written since is there.
        #[test]
        fn no_loss_touches_what_is_durable(seed in any::<u64>(), offsets in prop::collection::vec(0_u64..3000, 1..12)) {
            let mut disk = disk(&[write("/a", 0, &"d".repeat(4096)), Operation::Sync("/a".into())]);
            for offset in &offsets {
                disk.apply(&write("/a", *offset, &"p".repeat(600)));
            }
            for loss in [Loss::All, Loss::Some(seed), Loss::TornEnd(seed), Loss::Nothing] {
                let content = disk.after_cut(loss).remove("/a").unwrap();
                prop_assert_eq!(content.len(), 4096);
                for (at, octet) in content.iter().enumerate() {
                    let written = offsets.iter().any(|o| (*o..*o + 600).contains(&(at as u64)));
                    prop_assert!(*octet == b'd' || written);
                }
            }
        }
    }
}
