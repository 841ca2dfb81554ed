//! Where the nodes of the map stand: a pure function of the tree, without chance.
//!
//! Each node has a block: it and those beside it on top, below them a grid of what hangs on it and has nothing
//! below itself, then the blocks of all others, in rows. Blocks do not overlap, so nodes do not. Widths grow by
//! steps and new elements have the highest ids, so that mostly nothing moves when one is added, and else what
//! comes after it.

use super::tree::Tree;

/// What a node takes up with its name, in the map's own units.
pub(super) const CELL: Point = Point { x: 132, y: 84 };
/// Between blocks.
const GAP: i64 = 36;

/// A point of the map, or a size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Point {
    pub(super) x: i64,
    pub(super) y: i64,
}

/// What a node and everything below it takes up.
#[derive(Debug, Clone, Default)]
struct Block {
    size: Point,
    /// Itself and those beside it.
    heads: Vec<usize>,
    /// The corner of every block in it.
    inside: Vec<(usize, Point)>,
}

/// The middle of every node, by index.
pub(super) fn places(tree: &Tree) -> Vec<Point> {
    let below = tree.below();
    let mut blocks: Vec<Block> = vec![Block::default(); tree.stands.len()];
    let mut roots = Vec::new();
    for (index, stand) in tree.stands.iter().enumerate() {
        let owner = tree.owner(index);
        if let Some(block) = blocks.get_mut(owner) {
            // The owner first, whatever its number.
            if owner == index { block.heads.insert(0, index) } else { block.heads.push(index) }
        }
        if stand.parent.is_none() && stand.beside.is_none() {
            roots.push(index);
        }
    }
    for index in tree.order.iter().rev().copied().filter(|index| tree.owner(*index) == *index) {
        let inside = below.get(index).map_or(&[][..], Vec::as_slice);
        let (inside, mut size) = packed(inside, &blocks, false);
        let heads = blocks.get(index).map_or(1, |block| block.heads.len());
        let top = if inside.is_empty() { CELL.y } else { CELL.y + GAP / 2 };
        size.x = size.x.max(CELL.x * i64::try_from(heads).unwrap_or(1));
        size.y += top;
        if let Some(block) = blocks.get_mut(index) {
            block.inside =
                inside.into_iter().map(|(node, at)| (node, Point { y: at.y + top, ..at })).collect();
            block.size = size;
        }
    }
    let mut places = vec![Point::default(); tree.stands.len()];
    let (mut waiting, _) = packed(&roots, &blocks, true);
    while let Some((index, corner)) = waiting.pop() {
        let Some(block) = blocks.get(index) else { continue };
        let wide = CELL.x * i64::try_from(block.heads.len()).unwrap_or(1);
        let mut x = corner.x + (block.size.x - wide) / 2 + CELL.x / 2;
        for head in &block.heads {
            if let Some(place) = places.get_mut(*head) {
                *place = Point { x, y: corner.y + CELL.y / 2 };
            }
            x += CELL.x;
        }
        let shift = |at: &Point| Point { x: corner.x + at.x, y: corner.y + at.y };
        waiting.extend(block.inside.iter().map(|(node, at)| (*node, shift(at))));
    }
    places
}

/// The corners of blocks that stand together, and the size of it all. Single nodes make a grid: before the
/// others, near to what they hang on, or after them where they hang on nothing.
fn packed(nodes: &[usize], blocks: &[Block], singles_last: bool) -> (Vec<(usize, Point)>, Point) {
    let size = |node: usize| blocks.get(node).map_or(CELL, |block| block.size);
    let (singles, large): (Vec<usize>, Vec<usize>) =
        nodes.iter().copied().partition(|node| size(*node) == CELL);
    let columns = columns(singles.len());
    let rows = singles.len().div_ceil(columns.max(1));
    let grid = Point { x: CELL.x * length(columns), y: CELL.y * length(rows) };
    let mut items: Vec<(Option<usize>, Point)> =
        large.into_iter().map(|node| (Some(node), size(node))).collect();
    if !singles.is_empty() {
        items.insert(if singles_last { items.len() } else { 0 }, (None, grid));
    }
    let (corners, whole) = in_rows(&items);
    let mut inside = Vec::new();
    for ((node, _), corner) in items.into_iter().zip(corners) {
        match node {
            Some(node) => inside.push((node, corner)),
            None => inside.extend(singles.iter().enumerate().map(|(at, node)| {
                let (column, line) = (length(at % columns.max(1)), length(at / columns.max(1)));
                (*node, Point { x: corner.x + column * CELL.x, y: corner.y + line * CELL.y })
            })),
        }
    }
    (inside, whole)
}

/// The corners of boxes in rows, and the size of it all: of widths that grow by a quarter the first with which
/// the whole is half as wide again as it is high.
fn in_rows(items: &[(Option<usize>, Point)]) -> (Vec<Point>, Point) {
    let widest = items.iter().map(|(_, size)| size.x).max().unwrap_or_default();
    let mut width = 2 * CELL.x;
    loop {
        let (mut corners, mut whole) = (Vec::with_capacity(items.len()), Point::default());
        let (mut corner, mut row) = (Point::default(), 0);
        for (_, size) in items {
            if corner.x > 0 && corner.x + size.x > width {
                corner = Point { x: 0, y: corner.y + row + GAP };
                row = 0;
            }
            corners.push(corner);
            row = row.max(size.y);
            whole = Point { x: whole.x.max(corner.x + size.x), y: whole.y.max(corner.y + size.y) };
            corner.x += size.x + GAP;
        }
        let is_one_row = corners.last().is_none_or(|last| last.y == 0);
        if width >= widest && (is_one_row || whole.x * 2 >= whole.y * 3) {
            return (corners, whole);
        }
        width += width / 4;
    }
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / CELL.x)
}

/// Columns of a grid of `count`: as many as rows or more, and the same for a range of counts.
fn columns(count: usize) -> usize {
    let mut columns = count.min(3);
    while columns * columns < count && columns < count {
        columns += (columns / 4).max(1);
    }
    columns
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    type Links = Vec<(usize, usize)>;

    /// Cores, distribution switches on all of them, access switches on one or two of those.
    fn campus(cores: usize, distribution: usize, access: usize, paired: bool) -> Links {
        let mut links = Vec::new();
        for switch in 0..distribution {
            links.extend((0..cores).map(|core| (core, cores + switch)));
        }
        for switch in 0..access {
            let (up, below) = (switch % distribution, cores + distribution + switch);
            links.push((cores + up, below));
            if paired {
                links.push((cores + (up ^ 1).min(distribution - 1), below));
            }
        }
        links
    }

    fn drawn(count: usize, links: &Links) -> Vec<Point> {
        places(&Tree::of(count, links.iter().copied()))
    }

    /// Fails where two nodes are nearer to each other than their names are long.
    fn assert_apart(places: &[Point]) {
        let mut cells: HashMap<(i64, i64), Vec<Point>> = HashMap::new();
        for place in places {
            let cell = (place.x.div_euclid(CELL.x), place.y.div_euclid(CELL.y));
            for near in (-1..=1).flat_map(|x| (-1..=1).map(move |y| (cell.0 + x, cell.1 + y))) {
                for other in cells.get(&near).into_iter().flatten() {
                    let apart = (place.x - other.x).abs() >= CELL.x || (place.y - other.y).abs() >= CELL.y;
                    assert!(apart, "{place:?} and {other:?} overlap");
                }
            }
            cells.entry(cell).or_default().push(*place);
        }
    }

    fn size(places: &[Point]) -> Point {
        let ends = |of: fn(&Point) -> i64| {
            places.iter().map(of).max().unwrap_or_default() - places.iter().map(of).min().unwrap_or_default()
        };
        Point { x: ends(|place| place.x) + CELL.x, y: ends(|place| place.y) + CELL.y }
    }

    // proves: NAC-20
    #[test]
    fn five_hundred_switches_stand_apart_in_a_shape_that_fits_a_screen() {
        for (cores, distribution, paired) in [(1, 20, false), (2, 20, true), (2, 8, false), (1, 1, false)] {
            let access = 500 - cores - distribution;
            let places = drawn(500, &campus(cores, distribution, access, paired));
            assert_apart(&places);
            let size = size(&places);
            let cells = (size.x / CELL.x) * (size.y / CELL.y);
            assert!(cells < 1_200, "{cells} cells for 500 nodes");
            assert!(size.x > size.y && size.x < size.y * 3, "{size:?}");
            let is_top = |node: usize| places.iter().all(|place| places[node].y <= place.y);
            assert!(distribution == 1 || (0..cores).all(is_top), "the cores are on top");
        }
    }

    #[test]
    fn one_more_switch_moves_few() {
        let mut quiet = 0;
        let all: Vec<usize> = (300..500).collect();
        for access in &all {
            let (before, after) = (
                drawn(22 + access, &campus(2, 20, *access, true)),
                drawn(23 + access, &campus(2, 20, access + 1, true)),
            );
            let moved = before.iter().zip(&after).filter(|(one, other)| one != other).count();
            quiet += usize::from(moved * 10 <= before.len());
        }
        assert!(quiet * 100 >= all.len() * 80, "in {quiet} of {} cases nine of ten nodes stayed", all.len());
    }

    #[test]
    fn a_long_chain_and_many_parts_are_placed() {
        assert_apart(&drawn(2_000, &(1..2_000).map(|node| (node - 1, node)).collect()));
        assert_apart(&drawn(2_000, &Links::new()));
        assert_eq!(drawn(0, &Links::new()), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn any_network_stands_apart_and_always_the_same(
            (count, links) in (1_usize..500).prop_flat_map(|count| {
                (Just(count), prop::collection::vec((0..count, 0..count), 0..700))
            }),
            turn in 0_usize..700,
        ) {
            let places = drawn(count, &links);
            assert_apart(&places);
            let mut turned: Links = links.iter().map(|(one, other)| (*other, *one)).collect();
            let by = turn % turned.len().max(1);
            turned.rotate_left(by);
            prop_assert_eq!(places, drawn(count, &turned));
        }
    }
}
