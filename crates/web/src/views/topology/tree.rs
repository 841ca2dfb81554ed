//! Which node of the map stands below which: a tree over links that may have rings.
//!
//! The root of each part of the network is the node from which the ways to all others are shortest, which is
//! its core. Nodes that share most of the root's links are cores as well and stand beside it; so does the
//! second distribution switch of a pair, whose access switches are below the first already.

use std::collections::{BTreeSet, VecDeque};

/// Nodes that are tried as the root of a part: those with the most links.
const TRIED: usize = 32;

/// A node's place in the tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stand {
    /// What it is joined to, by index.
    pub(super) near: BTreeSet<usize>,
    /// Links between it and the root.
    pub(super) level: usize,
    /// What it stands below; None for a root.
    pub(super) parent: Option<usize>,
    /// What it stands beside, and shares its block with.
    pub(super) beside: Option<usize>,
}

/// The tree, or where the network has parts, the trees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tree {
    /// By index.
    pub(super) stands: Vec<Stand>,
    /// Every node after its parent.
    pub(super) order: Vec<usize>,
}

impl Tree {
    /// Of `count` nodes, joined so. The order of links says nothing; that of nodes decides between equals.
    pub(super) fn of(count: usize, links: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut tree = Self { stands: vec![Stand::default(); count], order: Vec::with_capacity(count) };
        for (one, other) in links {
            if one != other && one < count && other < count {
                tree.change(one, |stand| stand.near.insert(other));
                tree.change(other, |stand| stand.near.insert(one));
            }
        }
        let mut reached = vec![false; count];
        for index in 0..count {
            if reached.get(index) == Some(&false) {
                let part: Vec<usize> = tree.walk(&[index]).into_iter().map(|(node, _)| node).collect();
                for node in &part {
                    if let Some(reached) = reached.get_mut(*node) {
                        *reached = true;
                    }
                }
                tree.hang(part);
            }
        }
        tree.pair();
        tree
    }

    /// What stands directly below a node and those beside it, in order.
    pub(super) fn below(&self) -> Vec<Vec<usize>> {
        let mut below = vec![Vec::new(); self.stands.len()];
        for (index, stand) in self.stands.iter().enumerate() {
            if stand.beside.is_some() {
                continue;
            }
            if let Some(list) = stand.parent.and_then(|parent| below.get_mut(self.owner(parent))) {
                list.push(index);
            }
        }
        below
    }

    /// Itself, or what it stands beside.
    pub(super) fn owner(&self, index: usize) -> usize {
        self.stands.get(index).and_then(|stand| stand.beside).unwrap_or(index)
    }

    /// True where nothing stands below a node, nor beside it.
    pub(super) fn is_last(&self, index: usize, below: &[Vec<usize>]) -> bool {
        let beside = self.stands.iter().any(|stand| stand.beside == Some(index));
        self.owner(index) == index && !beside && below.get(index).is_none_or(Vec::is_empty)
    }

    fn near(&self, index: usize) -> impl Iterator<Item = usize> {
        self.stands.get(index).into_iter().flat_map(|stand| stand.near.iter().copied())
    }

    fn change<T>(&mut self, index: usize, change: impl FnOnce(&mut Stand) -> T) {
        if let Some(stand) = self.stands.get_mut(index) {
            change(stand);
        }
    }

    /// What can be reached from `starts`, nearest first, and how far it is.
    fn walk(&self, starts: &[usize]) -> Vec<(usize, usize)> {
        let mut seen = vec![false; self.stands.len()];
        let mut fresh = |index: usize| seen.get_mut(index).is_some_and(|seen| !std::mem::replace(seen, true));
        let mut waiting: VecDeque<(usize, usize)> =
            starts.iter().filter(|start| fresh(**start)).map(|start| (*start, 0)).collect();
        let mut reached = Vec::new();
        while let Some((node, far)) = waiting.pop_front() {
            reached.push((node, far));
            waiting.extend(self.near(node).filter(|next| fresh(*next)).map(|next| (next, far + 1)));
        }
        reached
    }

    /// Gives a part its root, and every node of it its parent.
    fn hang(&mut self, mut part: Vec<usize>) {
        let degree = |node: usize| self.near(node).count();
        part.sort_by_key(|node| (std::cmp::Reverse(degree(*node)), *node));
        let far = |node: usize| self.walk(&[node]).into_iter().map(|(_, far)| far).sum::<usize>();
        // The sort is by links already, and the first of equals is taken.
        let Some(root) = part.iter().copied().take(TRIED).min_by_key(|node| far(*node)) else { return };
        let mut roots = vec![root];
        let of_root: BTreeSet<usize> = self.near(root).collect();
        let mut twins: Vec<usize> = of_root.iter().flat_map(|node| self.near(*node)).collect();
        twins.sort_unstable();
        twins.dedup();
        for twin in twins.into_iter().filter(|twin| *twin != root) {
            let shared = self.near(twin).filter(|node| of_root.contains(node)).count();
            if shared >= 2 && shared * 2 >= of_root.len() {
                roots.push(twin);
            }
        }
        for twin in roots.iter().skip(1) {
            self.change(*twin, |stand| stand.beside = Some(root));
        }
        for (node, level) in self.walk(&roots) {
            self.change(node, |stand| stand.level = level);
            self.order.push(node);
            if level == 0 {
                continue;
            }
            // All that is nearer to the root has its level by now; what is farther says 0 still.
            let level_of = |index: &usize| self.stands.get(*index).map_or(0, |stand| stand.level);
            let is_above =
                |index: &usize| level_of(index) + 1 == level && (level > 1 || roots.contains(index));
            let parent = self.near(node).find(is_above);
            self.change(node, |stand| stand.parent = parent);
        }
    }

    /// Puts second ones of pairs beside the first: below them is nothing, since what is joined to them stands
    /// below the first.
    fn pair(&mut self) {
        let mut is_parent = vec![false; self.stands.len()];
        for parent in self.stands.iter().filter_map(|stand| stand.parent) {
            if let Some(is_parent) = is_parent.get_mut(parent) {
                *is_parent = true;
            }
        }
        for index in 0..self.stands.len() {
            let Some(stand) = self.stands.get(index) else { continue };
            if stand.parent.is_none() || is_parent.get(index) == Some(&true) {
                continue;
            }
            let first = stand.near.iter().find_map(|node| {
                let below = self.stands.get(*node).filter(|below| below.level == stand.level + 1)?;
                below.parent.filter(|parent| *parent != index)
            });
            if let Some(first) = first {
                self.change(index, |stand| stand.beside = Some(first));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parents(tree: &Tree) -> Vec<Option<usize>> {
        tree.stands.iter().map(|stand| stand.parent).collect()
    }

    #[test]
    fn the_core_is_the_root() {
        // 0 and 1 hang on 2, 3 and 4 on 5; 6 is the core above 2 and 5.
        let tree = Tree::of(7, [(0, 2), (1, 2), (3, 5), (4, 5), (2, 6), (5, 6)]);
        assert_eq!(parents(&tree), [Some(2), Some(2), Some(6), Some(5), Some(5), Some(6), None]);
        assert_eq!(tree.below()[6], [2, 5]);
        assert_eq!(tree.order[0], 6);
    }

    #[test]
    fn pairs_stand_beside_each_other() {
        // Cores 0 and 1; distribution 2 and 3, to both; access 4, 5 and 6, to both of those.
        let mut links = vec![(0, 1), (2, 3)];
        links.extend([0, 1].into_iter().flat_map(|core| [(core, 2), (core, 3)]));
        links.extend([4, 5, 6].into_iter().flat_map(|access| [(2, access), (3, access)]));
        let tree = Tree::of(7, links);
        let beside: Vec<_> = tree.stands.iter().map(|stand| stand.beside).collect();
        let (root, other) =
            (tree.order[0], tree.stands.iter().position(|s| s.level == 0 && s.beside.is_some()));
        assert!(other.is_some(), "two stand at the top: {tree:?}");
        assert_eq!(beside[other.unwrap()], Some(root));
        assert!(tree.stands.iter().all(|stand| stand.level <= 2));
        let tree = Tree::of(8, [(0, 1), (0, 2), (1, 3), (2, 3), (1, 4), (2, 4), (0, 5), (0, 6), (0, 7)]);
        assert_eq!(tree.stands[2].beside, Some(1), "the second of a pair: {tree:?}");
        assert_eq!(tree.below()[1], [3, 4]);
        assert_eq!(tree.below()[0], [1, 5, 6, 7]);
    }

    #[test]
    fn rings_and_parts_are_no_matter() {
        let tree = Tree::of(6, [(0, 1), (1, 2), (2, 3), (3, 0), (4, 4)]);
        assert_eq!(tree.order.len(), 6);
        assert_eq!(
            tree.stands.iter().filter(|stand| stand.parent.is_none() && stand.beside.is_none()).count(),
            3
        );
        assert_eq!(Tree::of(0, []).order, [] as [usize; 0]);
    }
}
