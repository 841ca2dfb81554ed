//! The tree against a brute-force reference, the published vectors, and tampering.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests, which clippy does not see as tests

use std::ops::Range;

use netwarden_tlog::proof::{consistency, inclusion, verify_consistency, verify_inclusion};
use netwarden_tlog::range::subtrees;
use netwarden_tlog::{Frontier, FrontierError, Hash, ProofError, RangeError, RangeProof};
use proptest::prelude::*;

/// MTH as RFC 9162 section 2.1.1 writes it.
fn reference(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty_root(),
        [leaf] => *leaf,
        _ => {
            let mut split = 1;
            while split * 2 < leaves.len() {
                split *= 2;
            }
            Hash::of_node(&reference(&leaves[..split]), &reference(&leaves[split..]))
        }
    }
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|n| Hash::of_leaf(format!("leaf {n}").as_bytes())).collect()
}

fn grown(leaves: &[Hash]) -> Frontier {
    let mut tree = Frontier::new();
    for leaf in leaves {
        tree.push(*leaf).unwrap();
    }
    tree
}

fn source(leaves: &[Hash]) -> impl FnMut(Range<u64>) -> Result<Hash, ProofError> + '_ {
    |range| Ok(reference(&leaves[range.start as usize..range.end as usize]))
}

fn range_proof(leaves: &[Hash], start: usize, end: usize) -> RangeProof {
    let after = subtrees(end as u64..leaves.len() as u64)
        .into_iter()
        .map(|s| reference(&leaves[s.leaves().start as usize..s.leaves().end as usize]))
        .collect();
    RangeProof { before: grown(&leaves[..start]), after }
}

#[test]
fn published_vectors() {
    // The eight leaves and roots of the Certificate Transparency reference implementation.
    let inputs: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    assert_eq!(
        Hash::empty_root().to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    let mut tree = Frontier::new();
    for (input, root) in inputs.iter().zip(roots) {
        tree.push(Hash::of_leaf(input)).unwrap();
        assert_eq!(tree.root().to_string(), root, "{} leaves", tree.size());
    }
}

#[test]
fn the_right_edge_survives_its_bytes_and_refuses_others() {
    for count in 0..70 {
        let tree = grown(&leaves(count));
        assert_eq!(Frontier::from_bytes(&tree.to_bytes()), Ok(tree));
    }
    let bytes = grown(&leaves(6)).to_bytes();
    assert!(matches!(Frontier::from_bytes(&bytes[..bytes.len() - 32]), Err(FrontierError::Count { .. })));
    assert!(matches!(Frontier::from_bytes(&bytes[..bytes.len() - 1]), Err(FrontierError::Length(_))));
    assert!(matches!(Frontier::from_bytes(&[]), Err(FrontierError::Length(0))));
    assert!(matches!(Frontier::from_bytes(&[0xff; 8]), Err(FrontierError::Full)));
    let mut tree = grown(&leaves(6));
    assert!(matches!(tree.push_subtree(2, Hash::empty_root()), Err(FrontierError::Alignment { .. })));
    assert!(matches!(tree.push_subtree(64, Hash::empty_root()), Err(FrontierError::Full)));
}

#[test]
fn every_proof_of_small_trees_holds_and_no_other() {
    for size in 1..=33usize {
        let all = leaves(size);
        let root = reference(&all);
        for index in 0..size {
            let path = inclusion(index as u64, size as u64, source(&all)).unwrap();
            let verify =
                |leaf, index: u64, path: &[Hash]| verify_inclusion(leaf, index, size as u64, path, root);
            assert_eq!(verify(all[index], index as u64, &path), Ok(()));
            assert!(verify(Hash::of_leaf(b"another"), index as u64, &path).is_err());
            assert!(verify(all[index], index as u64 + 1, &path).is_err());
            let mut longer = path.clone();
            longer.push(root);
            assert!(verify(all[index], index as u64, &longer).is_err());
            if let Some((_, shorter)) = path.split_last() {
                assert!(verify(all[index], index as u64, shorter).is_err());
            }
        }
        for first in 0..=size {
            let path = consistency(first as u64, size as u64, source(&all)).unwrap();
            let older = reference(&all[..first]);
            let verify = |older, newer, path: &[Hash]| {
                verify_consistency(first as u64, older, size as u64, newer, path)
            };
            assert_eq!(verify(older, root, &path), Ok(()), "{first} in {size}");
            assert!(verify(Hash::of_leaf(b"other"), root, &path).is_err());
            if first > 0 {
                assert!(verify(older, Hash::of_leaf(b"other"), &path).is_err());
            }
            for at in 0..path.len() {
                let mut altered = path.clone();
                altered[at] = Hash::of_leaf(b"other");
                assert!(verify(older, root, &altered).is_err());
            }
        }
    }
    let outside = verify_inclusion(Hash::empty_root(), 0, 0, &[], Hash::empty_root());
    assert_eq!(outside, Err(ProofError::Outside { index: 0, size: 0 }));
    assert!(inclusion::<ProofError>(3, 3, |_| unreachable!()).is_err());
    assert!(consistency::<ProofError>(4, 3, |_| unreachable!()).is_err());
}

#[test]
fn a_run_of_leaves_is_bound_to_its_place() {
    let all = leaves(21);
    let root = reference(&all);
    for start in 0..=21 {
        for end in start..=21 {
            let proof = range_proof(&all, start, end);
            let run = all[start..end].to_vec();
            assert_eq!(proof.verify(run.iter().copied(), 21, root), Ok(()), "{start}..{end}");
            for at in 0..run.len() {
                let mut altered = run.clone();
                altered[at] = Hash::of_leaf(b"other");
                assert!(matches!(proof.verify(altered, 21, root), Err(RangeError::Root { .. })));
                let mut missing = run.clone();
                missing.remove(at);
                assert!(proof.verify(missing, 21, root).is_err());
                let mut inserted = run.clone();
                inserted.insert(at, Hash::of_leaf(b"other"));
                assert!(proof.verify(inserted, 21, root).is_err());
            }
            if run.len() > 1 {
                let mut moved = run.clone();
                moved.swap(0, 1);
                assert!(proof.verify(moved, 21, root).is_err());
            }
        }
    }
}

proptest! {
    #[test]
    fn grown_and_reference_trees_have_one_root(count in 0usize..300) {
        let all = leaves(count);
        prop_assert_eq!(grown(&all).root(), reference(&all));
    }

    #[test]
    fn subtrees_and_leaves_grow_the_same_tree(start in 0u64..200, more in 0u64..200) {
        let all = leaves((start + more) as usize);
        let mut tree = grown(&all[..start as usize]);
        for subtree in subtrees(start..start + more) {
            let leaves = subtree.leaves();
            tree.push_subtree(subtree.level, reference(&all[leaves.start as usize..leaves.end as usize])).unwrap();
        }
        prop_assert_eq!(tree, grown(&all));
    }

    #[test]
    fn proofs_of_larger_trees_hold(size in 1u64..400, at in any::<prop::sample::Index>()) {
        let all = leaves(size as usize);
        let index = at.index(size as usize) as u64;
        let root = reference(&all);
        let path = inclusion(index, size, source(&all)).unwrap();
        prop_assert_eq!(verify_inclusion(all[index as usize], index, size, &path, root), Ok(()));
        let path = consistency(index, size, source(&all)).unwrap();
        prop_assert_eq!(verify_consistency(index, reference(&all[..index as usize]), size, root, &path), Ok(()));
    }

    #[test]
    fn hostile_proofs_are_refused_without_harm(
        index in any::<u64>(), size in any::<u64>(),
        path in proptest::collection::vec(any::<[u8; 32]>(), 0..80),
    ) {
        let path: Vec<Hash> = path.into_iter().map(Hash::new).collect();
        let root = Hash::of_leaf(b"root");
        prop_assert!(verify_inclusion(Hash::of_leaf(b"leaf"), index, size, &path, root).is_err());
        prop_assert!(verify_consistency(index, Hash::of_leaf(b"first"), size, root, &path).is_err());
    }
}
