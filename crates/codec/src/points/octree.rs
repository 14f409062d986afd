//! Codes an octree level by level: each node's children and their colours in one go.
//!
//! Follows FORMAT.md 5.3 to 5.5.
//! Writing and reading are the same walk. Shape and colour of a node are coded together because
//! a processor does the one's arithmetic while it waits for the other's bits.

use std::ops::Range;

use touchline_scene::PackedPoint;

use super::colour::{self, Colours, Family, Steps};
use super::level::{Cell, Children, Colour, Level, Scratch, children as children_of};
use super::shape::{Shape, Shapes};
use super::slices::{Place, Slices};
use crate::DecodeError;
use crate::entropy::SymbolCoder;

/// What the writing side writes: the nodes of one depth, in Morton order.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) shapes: Vec<Shape>,
    /// Each node's first child among those of the next depth.
    pub(super) first_children: Vec<u32>,
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

/// The points of the last level, in the order of its nodes.
#[derive(Debug, Default)]
pub(super) struct Points {
    /// As many as there may be, those that are first.
    pub(super) points: Vec<PackedPoint>,
    /// One a node.
    pub(super) masks: Vec<u8>,
    /// Each node's first point.
    pub(super) firsts: Vec<u32>,
    count: usize,
}

/// Codes one brick; what it works with is used again for the next.
#[derive(Default)]
pub(super) struct Octree {
    root: Colour,
    /// The nodes that the last coded level belongs to, or that come next.
    pub(super) level: Level,
    /// Nodes by depth, those of [`Octree::points`] last.
    pub(super) node_counts: Vec<u32>,
    pub(super) points: Points,
    pub(super) scratch: Scratch,
    /// By depth.
    children: Vec<Children>,
    next: Level,
    slices: Slices,
    shapes: Shapes,
}

/// What coding a level makes of each node.
trait Output {
    /// Begins a level; no more than `child_count_max` children come.
    fn start(&mut self, child_count_max: usize);
    /// A node's children, in colours.
    fn put(&mut self, cell: Cell, shape: Shape, family: &Family);
    /// A node's children, in exact colours by child. Only points have them.
    fn put_exact(&mut self, cell: Cell, shape: Shape, rgbs: &[[u8; 3]; 8]);
}

impl Octree {
    /// Begins a brick with its root.
    pub(super) fn start<C: SymbolCoder>(&mut self, coder: &mut C, wanted: &[Wanted]) {
        let root = wanted.first().and_then(|wanted| wanted.colours.first());
        let root = root.copied().unwrap_or_default();
        self.shapes.reset();
        self.root = colour::code_root(coder, root);
        self.level.start(self.root);
        self.node_counts.clear();
        self.node_counts.push(1);
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
        self.level.start(self.root);
        for (depth, (children, steps)) in self.children.iter_mut().zip(steps).enumerate() {
            let (here, below) = match wanted.get(depth..depth + 2) {
                Some([here, below]) => (&here.first_children[..], &below.colours[..]),
                _ => (&[][..], &[][..]),
            };
            let mut models = Colours::default();
            let mut first = 0;
            let nodes = self.level.ranks.iter().zip(&self.level.colours);
            for ((&rank, &own), &mask) in nodes.zip(&children.masks) {
                let count = mask.count_ones() as usize;
                let colours = &mut children.colours[first..first + count];
                first += count;
                if count == 1 {
                    colours[0] = own;
                    continue;
                }
                let wanted = here
                    .get(rank as usize)
                    .map_or(0..0, |&first| first as usize..first as usize + count);
                let wanted = below.get(wanted).unwrap_or_default();
                let mut family = Family::coarse(own, mask, colours);
                let before = colours[0][3];
                models.code(coder, steps, (mask, before), &mut family, wanted);
                let activity = colour::joined_activity(before, family.activity);
                for (colour, child) in colours.iter_mut().zip(children_of(mask)) {
                    *colour = colour::kept(family.child(child), activity);
                }
            }
            self.level
                .expand(children, &mut self.scratch, &mut self.next);
            std::mem::swap(&mut self.level, &mut self.next);
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
        if self.children.len() <= depth {
            self.children.resize_with(depth + 1, Children::default);
        }
        let mut children = std::mem::take(&mut self.children[depth]);
        let result = self.code(coder, rules, wanted, &mut children);
        if result.is_ok() {
            self.level
                .expand(&children, &mut self.scratch, &mut self.next);
            std::mem::swap(&mut self.level, &mut self.next);
            self.node_counts.push(self.level.cells.len() as u32);
        }
        self.children[depth] = children;
        result
    }

    /// Codes the present level, whose children are points.
    pub(super) fn code_points<C: SymbolCoder>(
        &mut self,
        coder: &mut C,
        rules: LevelRules,
        wanted: &[Wanted],
    ) -> Result<(), DecodeError> {
        let mut points = std::mem::take(&mut self.points);
        let result = self.code(coder, rules, wanted, &mut points);
        self.node_counts.push(points.count as u32);
        self.points = points;
        result
    }

    fn code<C: SymbolCoder>(
        &mut self,
        coder: &mut C,
        rules: LevelRules,
        wanted: &[Wanted],
        output: &mut impl Output,
    ) -> Result<(), DecodeError> {
        self.slices.fit(rules.depth, self.level.cells.len());
        let wanted = wanted.get(rules.depth as usize..).unwrap_or_default();
        let child_count_max = rules.child_count_max as usize;
        // No node has more than 8 children, and the writing side sets no limit.
        output.start(child_count_max.min(8 * self.level.cells.len()));
        let mut models = Colours::default();
        let mut child_count = 0;
        let mut before: Option<Range<usize>> = None;
        let level = &self.level;
        let mut ranges = level.slices().peekable();
        let follows = |a: &Range<usize>, b: &Range<usize>| {
            level.cells[a.start].position[2] + 1 == level.cells[b.start].position[2]
        };
        while let Some(range) = ranges.next() {
            if before.is_none() {
                self.slices
                    .enter(&level.cells[range.clone()], &level.colours[range.clone()]);
            }
            let next = ranges.peek().filter(|next| follows(&range, next)).cloned();
            if let Some(next) = next.clone() {
                self.slices
                    .enter(&level.cells[next.clone()], &level.colours[next]);
            }
            let mut nodes = Nodes {
                coder,
                level,
                slices: &mut self.slices,
                shapes: &mut self.shapes,
                models: &mut models,
                rules,
                wanted,
                output,
            };
            let coded = nodes.code(range.clone(), &mut child_count);
            if coded.is_err() {
                self.slices.clear();
                return coded;
            }
            self.slices.leave_present(&level.cells[range.clone()]);
            if let Some(before) = before.take() {
                self.slices.leave(&level.cells[before]);
            }
            if next.is_some() {
                before = Some(range);
            } else {
                self.slices.leave(&level.cells[range]);
            }
        }
        Ok(())
    }
}

/// All that coding nodes needs.
struct Nodes<'a, C, O> {
    coder: &'a mut C,
    level: &'a Level,
    slices: &'a mut Slices,
    shapes: &'a mut Shapes,
    models: &'a mut Colours,
    rules: LevelRules,
    /// This depth and those below.
    wanted: &'a [Wanted],
    output: &'a mut O,
}

impl<'a, C: SymbolCoder, O: Output> Nodes<'a, C, O> {
    fn code(&mut self, range: Range<usize>, child_count: &mut u32) -> Result<(), DecodeError> {
        for node in range {
            let cell = self.level.cells[node];
            let place = self.slices.place(cell);
            let wanted = self.wanted_shape(node);
            let surroundings = self.slices.surroundings(place) | position_bits(cell);
            let shape = self
                .shapes
                .code(self.coder, surroundings, cell.is_alone, wanted);
            self.coder.note(surroundings, shape.mask);
            self.slices.set_mask(place, shape.mask);
            *child_count += shape.mask.count_ones();
            if shape.mask == 0 || *child_count > self.rules.child_count_max {
                return Err(DecodeError::malformed(
                    "5.3",
                    "a node has children, and no level more nodes than the layer's points",
                ));
            }
            self.code_colours(node, place, shape);
        }
        if self.coder.is_past_end() {
            return Err(DecodeError::malformed("5.3", "every node has its symbols"));
        }
        Ok(())
    }

    #[inline]
    fn wanted_shape(&self, node: usize) -> Shape {
        if !C::IS_WRITER {
            return Shape::default();
        }
        let shapes = self.wanted.first().map(|wanted| &wanted.shapes);
        let shape = shapes.and_then(|shapes| shapes.get(self.level.ranks[node] as usize));
        shape.copied().unwrap_or_default()
    }

    /// What the children of a node shall be: a run among the nodes below.
    #[inline]
    fn wanted_children(&self, node: usize, count: u32) -> Option<(&'a Wanted, Range<usize>)> {
        let [here, below, ..] = self.wanted else {
            return None;
        };
        let first = *here.first_children.get(self.level.ranks[node] as usize)? as usize;
        Some((below, first..first + count as usize))
    }

    #[inline]
    fn code_colours(&mut self, node: usize, place: Place, shape: Shape) {
        let (cell, own) = (self.level.cells[node], self.level.colours[node]);
        let count = shape.mask.count_ones();
        if count == 1 && !self.rules.is_exact {
            self.output.put(cell, shape, &Family::only(own));
            return;
        }
        let wanted = self.wanted_children(node, count);
        let around = self.slices.around(place);
        let mut family = colour::predict(own, &around, shape.mask);
        if self.rules.is_exact {
            let wanted = wanted.and_then(|(below, run)| below.rgbs.get(run));
            let wanted = wanted.unwrap_or_default();
            let rgbs = self
                .models
                .code_exact(self.coder, shape.mask, &family, wanted);
            self.output.put_exact(cell, shape, &rgbs);
            return;
        }
        let wanted = wanted.and_then(|(below, run)| below.colours.get(run));
        let wanted = wanted.unwrap_or_default();
        let (mask, steps) = (shape.mask, self.rules.steps);
        self.models
            .code(self.coder, steps, (mask, own[3]), &mut family, wanted);
        self.output.put(cell, shape, &family);
    }
}

/// Which child of its parent a node is, where the surroundings have room for it.
fn position_bits(cell: Cell) -> u64 {
    let [x, y, z] = cell.position.map(|axis| u64::from(axis & 1));
    (x | y << 1 | z << 4) << 24
}

impl Output for Children {
    fn start(&mut self, child_count_max: usize) {
        self.masks.clear();
        self.are_alone.clear();
        self.colours.resize(child_count_max, [0; 4]);
        self.count = 0;
    }

    #[inline]
    fn put(&mut self, _: Cell, shape: Shape, family: &Family) {
        let count = shape.mask.count_ones() as usize;
        let colours = &mut self.colours[self.count..self.count + count];
        for (colour, child) in colours.iter_mut().zip(children_of(shape.mask)) {
            *colour = colour::kept(family.child(child), family.activity);
        }
        self.count += count;
        self.masks.push(shape.mask);
        self.are_alone.push(shape.is_alone);
    }

    fn put_exact(&mut self, _: Cell, _: Shape, _: &[[u8; 3]; 8]) {}
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

impl Points {
    /// The packed position of a node's first cell, in its cube of [`PackedPoint::CELLS`].
    #[inline]
    fn corner(cell: Cell) -> u32 {
        let cell = cell.position.map(|axis| u32::from(axis) << 1);
        PackedPoint::new(cell.map(|axis| axis % PackedPoint::CELLS), [0; 3]).position
    }
}

impl Output for Points {
    fn start(&mut self, child_count_max: usize) {
        self.masks.clear();
        self.firsts.clear();
        self.firsts.push(0);
        self.points.resize(child_count_max, PackedPoint::default());
        self.count = 0;
    }

    #[inline]
    fn put(&mut self, cell: Cell, shape: Shape, family: &Family) {
        self.put_with(cell, shape, |child| colour::rgb(family.child(child)));
    }

    fn put_exact(&mut self, cell: Cell, shape: Shape, rgbs: &[[u8; 3]; 8]) {
        self.put_with(cell, shape, |child| {
            let [r, g, b] = rgbs[usize::from(child & 7)];
            [r, g, b, 0]
        });
    }
}

impl Points {
    #[inline]
    fn put_with(&mut self, cell: Cell, shape: Shape, colour: impl Fn(u8) -> [u8; 4]) {
        let count = shape.mask.count_ones() as usize;
        let corner = Self::corner(cell);
        let points = &mut self.points[self.count..self.count + count];
        for (point, child) in points.iter_mut().zip(children_of(shape.mask)) {
            point.position = corner | SIDES[usize::from(child & 7)];
            point.colour = colour(child);
        }
        self.count += count;
        self.masks.push(shape.mask);
        self.firsts.push(self.count as u32);
    }
}
