//! Codes an octree level by level: which children its nodes have, then their colours.
//!
//! Follows FORMAT.md 5.3 to 5.5.
//! Writing and reading are the same walk. Shapes of a level come before its colours, so that
//! the places of children in Morton order are known when their colours are made.

use touchline_scene::PackedPoint;

use super::colour::{self, Colours, Family, Steps};
use super::level::{Colour, Kept, Level, Row, Sweep, children};
use super::shape::{self, Shape, Shapes};
use super::slices;
use crate::DecodeError;
use crate::entropy::SymbolCoder;

/// What the writing side writes: the nodes of one depth, in Morton order.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) shapes: Vec<Shape>,
    pub(super) colours: Vec<Colour>,
    /// The colours of points, where they are kept exactly.
    pub(super) rgbs: Vec<[u8; 3]>,
}

/// How one level is coded.
#[derive(Clone, Copy, Debug)]
pub(super) struct LevelRules {
    pub(super) depth: u32,
    pub(super) steps: Steps,
    /// Children at most.
    pub(super) child_count_max: u32,
    /// The children are points whose colours come back exactly.
    pub(super) is_exact: bool,
}

/// Codes one brick; what it works with is used again for the next.
#[derive(Default)]
pub(super) struct Octree {
    /// Nodes by depth, then by rank.
    pub(super) kept: Vec<Vec<Kept>>,
    /// Nodes by depth, the points last.
    pub(super) node_counts: Vec<u32>,
    /// The nodes that come next.
    level: Level,
    next: Level,
    shape_slices: slices::Shapes,
    colour_slices: slices::Colours,
    shapes: Shapes,
}

/// The children of a node.
#[derive(Clone, Copy)]
struct Siblings {
    /// Of their node.
    cell: [u16; 3],
    kept: Kept,
}

/// What is made of the children of each node.
trait Output {
    /// Children in colours.
    fn put(&mut self, siblings: Siblings, family: &Family);
    /// An only child, of its node's colour.
    fn put_only(&mut self, siblings: Siblings, colour: Colour);
    /// Children in exact colours, by child. Only points have them.
    fn put_exact(&mut self, siblings: Siblings, rgbs: &[[u8; 4]; 8]);
}

impl Octree {
    /// Begins a brick with its root.
    pub(super) fn start<C: SymbolCoder>(&mut self, coder: &mut C, wanted: &[Wanted]) {
        let root = wanted.first().and_then(|wanted| wanted.colours.first());
        let root = root.copied().unwrap_or_default();
        self.shapes.reset();
        self.level.start();
        self.resize_kept(0, 1);
        self.kept[0][0].colour = colour::code_root(coder, root);
        self.node_counts.clear();
        self.node_counts.push(1);
    }

    /// Makes room for the nodes of a depth.
    fn resize_kept(&mut self, depth: usize, node_count: usize) {
        if self.kept.len() <= depth {
            self.kept.resize_with(depth + 1, Vec::new);
        }
        self.kept[depth].resize(node_count, Kept::default());
    }

    /// Where the node of a rank lies at its depth, inside its brick.
    pub(super) fn cell_at(&self, depth: usize, rank: u32) -> [u16; 3] {
        let mut cell = [0; 3];
        let mut rank = rank;
        for (level, nodes) in self.kept[..depth].iter().rev().enumerate() {
            let parent = nodes.partition_point(|node| node.first <= rank) - 1;
            let before = (rank - nodes[parent].first) as usize;
            let child = children(nodes[parent].shape.mask).nth(before).unwrap_or(0);
            for (axis, cell) in cell.iter_mut().enumerate() {
                *cell |= u16::from(child >> axis & 1) << level;
            }
            rank = parent as u32;
        }
        cell
    }

    /// Makes the colours of all levels so far finer, from the root down.
    ///
    /// `steps`: one a level.
    pub(super) fn refine<C: SymbolCoder>(
        &mut self,
        coder: &mut C,
        steps: impl Iterator<Item = Steps>,
        wanted: &[Wanted],
    ) {
        for (depth, steps) in steps.enumerate() {
            let Some([here, below]) = self.kept.get_mut(depth..depth + 2) else {
                return;
            };
            let wanted = wanted.get(depth + 1).map(|wanted| &wanted.colours[..]);
            let mut models = Colours::default();
            for node in here {
                let (own, mask) = (node.colour, node.shape.mask);
                let siblings = &mut below[node.children()];
                if let [only] = siblings {
                    only.colour = own;
                    continue;
                }
                let wanted = wanted.and_then(|wanted| wanted.get(node.children()));
                let mut family = Family::coarse(own, mask, siblings);
                let before = siblings[0].colour[3];
                let wanted = wanted.unwrap_or_default();
                models.code(coder, steps, (mask, before), &mut family, wanted);
                family.activity = colour::joined_activity(before, family.activity);
                let colour = family.kept();
                for (sibling, child) in siblings.iter_mut().zip(children(mask)) {
                    sibling.colour = colour(child);
                }
            }
        }
    }

    /// Codes the present level and goes on to its children.
    pub(super) fn code_level<C: SymbolCoder>(
        &mut self,
        coder: &mut C,
        rules: LevelRules,
        wanted: &[Wanted],
    ) -> Result<(), DecodeError> {
        let depth = rules.depth as usize;
        let child_count = self.code_shapes(coder, rules, wanted)?;
        self.resize_kept(depth + 1, child_count);
        let mut below = std::mem::take(&mut self.kept[depth + 1]);
        self.code_colours(coder, rules, wanted, &mut below);
        self.kept[depth + 1] = below;
        self.level.expand(&self.kept[depth], &mut self.next);
        std::mem::swap(&mut self.level, &mut self.next);
        Ok(())
    }

    /// Codes the present level, whose children are points, and adds them to `points`.
    pub(super) fn code_points<C: SymbolCoder>(
        &mut self,
        coder: &mut C,
        rules: LevelRules,
        wanted: &[Wanted],
        points: &mut Vec<PackedPoint>,
    ) -> Result<(), DecodeError> {
        let child_count = self.code_shapes(coder, rules, wanted)?;
        let first_point = points.len();
        points.resize(first_point + child_count, PackedPoint::default());
        self.code_colours(
            coder,
            rules,
            wanted,
            &mut Points(&mut points[first_point..]),
        );
        Ok(())
    }

    /// Codes which children the nodes of the present level have; returns how many there are.
    fn code_shapes<C: SymbolCoder>(
        &mut self,
        coder: &mut C,
        rules: LevelRules,
        wanted: &[Wanted],
    ) -> Result<usize, DecodeError> {
        let depth = rules.depth as usize;
        let kept = &mut self.kept[depth];
        let node_count = self.level.nodes.len();
        self.shape_slices.fit(rules.depth, node_count);
        let mut coding = ShapeCoding {
            coder,
            level: &self.level,
            slices: &mut self.shape_slices,
            models: &mut self.shapes,
            wanted: wanted.get(depth).map_or(&[], |wanted| &wanted.shapes),
            kept,
            node_count: 0,
            child_count: 0,
            has_empty: false,
        };
        self.level.sweep(&mut coding);
        let (child_count, has_empty) = (coding.child_count, coding.has_empty);
        if coder.is_past_end() {
            return Err(DecodeError::malformed("5.3", "every node has its symbols"));
        }
        if has_empty || child_count > rules.child_count_max.into() {
            return Err(DecodeError::malformed(
                "5.3",
                "a node has children, and no level more nodes than the layer's points",
            ));
        }
        let mut first = 0;
        for node in &mut self.kept[depth] {
            node.first = first;
            first += node.shape.mask.count_ones();
        }
        self.node_counts.push(child_count as u32);
        Ok(child_count as usize)
    }

    /// Codes the colours of the present level's children.
    fn code_colours<C: SymbolCoder>(
        &mut self,
        coder: &mut C,
        rules: LevelRules,
        wanted: &[Wanted],
        output: &mut impl Output,
    ) {
        let depth = rules.depth as usize;
        self.colour_slices.fit(rules.depth, self.level.nodes.len());
        let mut coding = ColourCoding {
            coder,
            level: &self.level,
            slices: &mut self.colour_slices,
            models: Colours::default(),
            kept: &self.kept[depth],
            rules,
            wanted: wanted.get(depth + 1),
            output,
        };
        self.level.sweep(&mut coding);
    }
}

/// All that coding a level's shapes needs.
struct ShapeCoding<'a, C> {
    coder: &'a mut C,
    level: &'a Level,
    slices: &'a mut slices::Shapes,
    models: &'a mut Shapes,
    /// By rank.
    wanted: &'a [Shape],
    kept: &'a mut [Kept],
    /// So far.
    node_count: u64,
    child_count: u64,
    /// Damaged bytes gave a node no children.
    has_empty: bool,
}

impl<C: SymbolCoder> Sweep for ShapeCoding<'_, C> {
    fn enter(&mut self, rows: &[Row]) {
        for row in rows {
            self.slices.enter(row, self.level.of(row));
        }
    }

    fn code(&mut self, rows: &[Row]) {
        for row in rows {
            self.code_row(row);
        }
        for row in rows {
            self.slices.leave_present(row, self.level.of(row));
        }
    }

    fn leave(&mut self, rows: &[Row]) {
        for row in rows {
            self.slices.leave(row, self.level.of(row));
        }
    }
}

impl<C: SymbolCoder> ShapeCoding<'_, C> {
    fn code_row(&mut self, row: &Row) {
        let place = self.slices.row(row);
        let of_row = shape::row_bits(row, self.node_count, self.child_count);
        let nodes = self.level.of(row);
        // The mask of the node before, if that is the next one along x: it has just been coded.
        let mut before = 0;
        let mut x_before = 0;
        for node in nodes {
            if node.x != x_before + 1 {
                before = 0;
            }
            x_before = node.x;
            let surroundings = self.slices.surroundings(place, node.x)
                | u64::from(before) << shape::BEFORE_SHIFT
                | of_row
                | shape::column_bit(node.x);
            let wanted = if C::IS_WRITER {
                self.wanted.get(node.rank as usize).copied()
            } else {
                None
            };
            let wanted = wanted.unwrap_or_default();
            let shape = self
                .models
                .code(self.coder, surroundings, node.is_alone, wanted);
            self.coder.note(surroundings, shape.mask);
            before = shape.mask;
            self.kept[node.rank as usize].shape = shape;
            self.child_count += u64::from(shape.mask.count_ones());
            self.has_empty |= shape.mask == 0;
        }
        self.slices.set_masks(row, nodes, self.kept);
        self.node_count += nodes.len() as u64;
    }
}

/// All that coding the colours of a level's children needs.
struct ColourCoding<'a, C, O> {
    coder: &'a mut C,
    level: &'a Level,
    slices: &'a mut slices::Colours,
    models: Colours,
    kept: &'a [Kept],
    rules: LevelRules,
    /// The children.
    wanted: Option<&'a Wanted>,
    output: &'a mut O,
}

impl<C: SymbolCoder, O: Output> Sweep for ColourCoding<'_, C, O> {
    fn enter(&mut self, rows: &[Row]) {
        for row in rows {
            let nodes = self.level.of(row);
            self.slices.enter(row, nodes, self.kept);
        }
    }

    fn code(&mut self, rows: &[Row]) {
        for row in rows {
            self.code_row(row);
        }
    }

    fn leave(&mut self, rows: &[Row]) {
        for row in rows {
            self.slices.leave(row, self.level.of(row));
        }
    }
}

impl<C: SymbolCoder, O: Output> ColourCoding<'_, C, O> {
    fn code_row(&mut self, row: &Row) {
        let place = self.slices.row(row);
        for node in self.level.of(row) {
            let kept = self.kept[node.rank as usize];
            let own = kept.colour;
            let mask = kept.shape.mask;
            let siblings = Siblings {
                cell: [node.x, row.y, row.z],
                kept,
            };
            if mask.is_power_of_two() && !self.rules.is_exact {
                self.output.put_only(siblings, own);
                continue;
            }
            let around = self.slices.around(place, node.x);
            let mut family = colour::predict(own, &around, place.is_swapped, mask);
            let run = kept.children();
            if self.rules.is_exact {
                let wanted = self.wanted.and_then(|wanted| wanted.rgbs.get(run));
                let wanted = wanted.unwrap_or_default();
                let rgbs = self.models.code_exact(self.coder, mask, &family, wanted);
                self.output.put_exact(siblings, &rgbs);
                continue;
            }
            let wanted = self.wanted.and_then(|wanted| wanted.colours.get(run));
            let wanted = wanted.unwrap_or_default();
            let steps = self.rules.steps;
            self.models
                .code(self.coder, steps, (mask, own[3]), &mut family, wanted);
            self.output.put(siblings, &family);
        }
    }
}

impl Output for Vec<Kept> {
    #[inline]
    fn put(&mut self, siblings: Siblings, family: &Family) {
        let colour = family.kept();
        let nodes = &mut self[siblings.kept.children()];
        for (node, child) in nodes.iter_mut().zip(children(siblings.kept.shape.mask)) {
            node.colour = colour(child);
        }
    }

    #[inline]
    fn put_only(&mut self, siblings: Siblings, colour: Colour) {
        self[siblings.kept.first as usize].colour = colour;
    }

    fn put_exact(&mut self, _: Siblings, _: &[[u8; 4]; 8]) {}
}

/// What a child adds to the packed position of its node's first cell.
const SIDES: [u32; 8] = {
    let mut sides = [0; 8];
    let mut child = 0;
    while child < 8 {
        let bit = child as u32;
        sides[child] = bit & 1 | (bit >> 1 & 1) << 10 | (bit >> 2) << 20;
        child += 1;
    }
    sides
};

/// A brick's points, in Morton order; positions are in their cubes of [`PackedPoint::CELLS`].
struct Points<'a>(&'a mut [PackedPoint]);

impl Points<'_> {
    #[inline]
    fn put_with(&mut self, siblings: Siblings, colour: impl Fn(u8) -> [u8; 4]) {
        let cell = siblings.cell.map(|axis| u32::from(axis) << 1);
        let corner = PackedPoint::new(cell.map(|axis| axis % PackedPoint::CELLS), [0; 3]).position;
        let points = &mut self.0[siblings.kept.children()];
        for (point, child) in points.iter_mut().zip(children(siblings.kept.shape.mask)) {
            point.position = corner | SIDES[usize::from(child & 7)];
            point.colour = colour(child);
        }
    }
}

impl Output for Points<'_> {
    #[inline]
    fn put(&mut self, siblings: Siblings, family: &Family) {
        self.put_with(siblings, family.rgbs());
    }

    #[inline]
    fn put_only(&mut self, siblings: Siblings, colour: Colour) {
        let rgb = colour::rgb(colour);
        self.put_with(siblings, |_| rgb);
    }

    fn put_exact(&mut self, siblings: Siblings, rgbs: &[[u8; 4]; 8]) {
        self.put_with(siblings, |child| rgbs[usize::from(child & 7)]);
    }
}
