//! A point cloud to the chunks of its layers.
//!
//! Follows FORMAT.md section 5.

use glam::Vec3;

use super::chunk::{BITS_MAX, Brick, Chunk, Header, LAYER_COUNT_MAX, StepCodes};
use super::code_layer;
use super::colour::{self, Steps};
use super::level::{Colour, morton_from_cell};
use super::octree::{Octree, Wanted};
use super::shape::Shape;
use crate::entropy::{Alphabet, Flag, SymbolCoder, SymbolWriter};

/// Points on a grid: a point lies at `origin + (cell + 0.5) * step_metres`, per axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointCloud {
    /// The grid's lower corner in the stage, metres.
    pub origin: Vec3,
    /// Edge of one grid cell, metres, above zero.
    pub step_metres: f32,
    /// In any order; points in one cell become one, their colours averaged.
    pub cells: Vec<[u16; 3]>,
    /// One a point: red, green, blue as sRGB.
    pub colours: Vec<[u8; 3]>,
}

/// How colours are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ColourSteps {
    /// As they are, at the last layer.
    Exact,
    /// In steps, of the points' own level; the means of coarser levels are finer in proportion.
    Coarse {
        /// Of luma, in units of a channel, above 0 to 255.
        luma: f32,
        /// Of both chroma differences, which range twice as far.
        chroma: f32,
    },
}

/// How points are kept; geometry is exact on its grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointsOptions {
    /// Chunks a frame, 1 to 16: each is one level of the octree finer than the one before.
    pub layer_count: u8,
    /// How colours are kept.
    pub colours: ColourSteps,
    /// A cloud of more points is divided into bricks of at most so many, as far as its grid
    /// allows, so that several workers can decode it at once.
    pub brick_point_count_max: u32,
}

impl Default for PointsOptions {
    /// Three layers, a little over 37 dB of luma on captured people.
    fn default() -> Self {
        Self {
            layer_count: 3,
            colours: ColourSteps::Coarse {
                luma: 17.0,
                chroma: 50.0,
            },
            brick_point_count_max: 1 << 20,
        }
    }
}

/// How much coarser layer 0 keeps its colours than they end up: layer 1 makes up for it, and so
/// layer 0 is small and comes early. Luma, then chroma, whose steps are coarse enough for layer 0
/// alone to show wrong hues in small sharp prints.
const LAYER_0_COARSENESS: [f64; 2] = [8.0, 5.0];

/// Encodes one frame: a chunk for each layer.
///
/// # Panics
/// If there is not one colour a cell, a number of the grid is not finite, or an option is out of
/// range: the packer's mistakes.
pub fn encode(cloud: &PointCloud, options: &PointsOptions) -> Vec<Vec<u8>> {
    check(cloud, options);
    let (codes, rgbs) = sorted(cloud);
    let (bits, root_depth) = depths(&codes, options);
    let mut header = Header {
        layer_count: options.layer_count,
        bits,
        root_depth,
        is_exact: options.colours == ColourSteps::Exact,
        origin: cloud.origin.to_array(),
        step_metres: cloud.step_metres,
        brick_count: 0,
    };
    let brick_of = |code: u64| code >> (3 * (bits - root_depth));
    let mut bricks = Vec::new();
    let mut first = 0;
    for run in codes.chunk_by(|&a, &b| brick_of(a) == brick_of(b)) {
        let rgbs = &rgbs[first..first + run.len()];
        first += run.len();
        bricks.push((
            cell_from_morton(brick_of(run[0])),
            wanted(run, rgbs, &header),
        ));
    }
    header.brick_count = bricks.len() as u32;
    let counts = |depth: u8| -> usize {
        let below = usize::from(depth - root_depth);
        bricks
            .iter()
            .map(|(_, wanted)| wanted[below].colours.len())
            .sum()
    };
    let steps: Vec<StepCodes> = (0..options.layer_count)
        .map(|layer| step_codes(&header, layer, options.colours, counts))
        .collect();
    let payloads: Vec<Vec<Vec<u8>>> = bricks
        .iter()
        .map(|(_, wanted)| brick_payloads(&header, &steps, wanted))
        .collect();
    let chunk = |layer: u8| {
        let below = usize::from(header.depth_after(layer) - root_depth);
        let shares: Vec<Brick<'_>> = bricks
            .iter()
            .zip(&payloads)
            .map(|((root, wanted), payloads)| Brick {
                root: *root,
                point_count: wanted[below].colours.len() as u32,
                payload: &payloads[usize::from(layer)],
            })
            .collect();
        Chunk::write(&header, layer, &steps[usize::from(layer)], &shares)
    };
    (0..options.layer_count).map(chunk).collect()
}

fn check(cloud: &PointCloud, options: &PointsOptions) {
    assert_eq!(cloud.cells.len(), cloud.colours.len(), "one colour a cell");
    let reach = cloud.origin + cloud.step_metres * 65536.0;
    assert!(
        cloud.step_metres > 0.0 && cloud.origin.is_finite() && reach.is_finite(),
        "grid at {} with step {}",
        cloud.origin,
        cloud.step_metres
    );
    assert!(
        (1..=LAYER_COUNT_MAX).contains(&options.layer_count) && options.brick_point_count_max > 0,
        "{options:?}"
    );
    if let ColourSteps::Coarse { luma, chroma } = options.colours {
        let is_step = |step: f32| step > 0.0 && step <= 255.0;
        assert!(is_step(luma) && is_step(chroma), "{options:?}");
    }
}

/// Bits of a coordinate, and the depth of the bricks' roots.
fn depths(codes: &[u64], options: &PointsOptions) -> (u8, u8) {
    let all = codes.iter().fold(0, |all, code| all | code);
    let used = (u64::BITS - all.leading_zeros()).div_ceil(3) as u8;
    let bits = used.clamp(options.layer_count, BITS_MAX);
    let largest_brick = |root_depth: u8| {
        let brick_of = |code: &u64| code >> (3 * (bits - root_depth));
        let bricks = codes.chunk_by(|a, b| brick_of(a) == brick_of(b));
        bricks.map(<[u64]>::len).max().unwrap_or(0)
    };
    // 8 bricks to an edge at most, and at least a level for each layer.
    let deepest = (bits - options.layer_count).min(3);
    let root_depth = (0..deepest)
        .find(|&depth| largest_brick(depth) <= options.brick_point_count_max as usize)
        .unwrap_or(deepest);
    (bits, root_depth)
}

/// The steps of a layer.
///
/// One node's mean stands for many points, so its step is finer by the root of how many: all
/// levels then cost and spoil alike.
fn step_codes(
    header: &Header,
    layer: u8,
    colours: ColourSteps,
    counts: impl Fn(u8) -> usize,
) -> StepCodes {
    let [luma, chroma] = match colours {
        ColourSteps::Exact => [4.0, 8.0],
        ColourSteps::Coarse { luma, chroma } => [luma, chroma].map(f64::from),
    };
    let point_count = counts(header.bits).max(1) as f64;
    let codes = |depth: u8, [luma_coarseness, chroma_coarseness]: [f64; 2]| {
        let share = counts(depth).max(1) as f64 / point_count;
        let unit = 8.0 * share.sqrt();
        [luma * luma_coarseness, chroma * chroma_coarseness]
            .map(|step| Steps::code_near((step * unit).max(1.0)))
    };
    let is_coarse = layer == 0 && header.layer_count > 1;
    let coarseness = if is_coarse {
        LAYER_0_COARSENESS
    } else {
        [1.0; 2]
    };
    let refined = header.refined_depths(layer);
    refined
        .chain(header.depths(layer))
        .map(|depth| codes(depth + 1, coarseness))
        .collect()
}

/// What each node's shape is coded from: its surroundings and its mask, of all levels.
pub(super) fn samples(cloud: &PointCloud) -> Vec<(u64, u8)> {
    let options = PointsOptions {
        layer_count: 1,
        brick_point_count_max: u32::MAX,
        ..PointsOptions::default()
    };
    check(cloud, &options);
    let (codes, rgbs) = sorted(cloud);
    let (bits, root_depth) = depths(&codes, &options);
    let header = Header {
        layer_count: 1,
        bits,
        root_depth,
        ..Header::default()
    };
    let steps = vec![[u8::MAX; 2]; usize::from(bits)];
    let chunk = Chunk::to_write(header, 0, steps);
    let mut recorder = Recorder::default();
    let bounds = (u32::MAX, bits);
    let wanted = wanted(&codes, &rgbs, &header);
    let coded = code_layer(
        &mut Octree::default(),
        &mut recorder,
        &chunk,
        bounds,
        &wanted,
        &mut Vec::new(),
    );
    debug_assert!(coded.is_ok());
    recorder.samples
}

/// Codes nothing and keeps what shapes were coded from.
#[derive(Default)]
struct Recorder {
    samples: Vec<(u64, u8)>,
}

impl SymbolCoder for Recorder {
    const IS_WRITER: bool = true;

    fn nibble<const RATE: u32>(&mut self, _: &mut Alphabet<RATE>, wanted: u8) -> u8 {
        wanted
    }

    fn flag(&mut self, _: &mut Flag, wanted: bool) -> bool {
        wanted
    }

    fn raw(&mut self, _: u32, wanted: u32) -> u32 {
        wanted
    }

    fn note(&mut self, surroundings: u64, mask: u8) {
        self.samples.push((surroundings, mask));
    }

    fn is_past_end(&self) -> bool {
        false
    }
}

/// One brick's payload for each layer.
fn brick_payloads(header: &Header, steps: &[StepCodes], wanted: &[Wanted]) -> Vec<Vec<u8>> {
    let mut octree = Octree::default();
    let code = |(layer, steps): (u8, &StepCodes)| {
        let chunk = Chunk::to_write(*header, layer, steps.clone());
        let mut coder = SymbolWriter::default();
        let bounds = (u32::MAX, header.bits);
        // Writing what is there breaks no rule, so it cannot fail.
        let coded = code_layer(
            &mut octree,
            &mut coder,
            &chunk,
            bounds,
            wanted,
            &mut Vec::new(),
        );
        debug_assert!(coded.is_ok());
        coder.finish()
    };
    (0..).zip(steps).map(code).collect()
}

/// A brick's nodes at each depth below its root, the points last.
fn wanted(codes: &[u64], rgbs: &[[u8; 3]], header: &Header) -> Vec<Wanted> {
    let mut codes = codes.to_vec();
    let mut point_counts = vec![1_u32; codes.len()];
    let mut levels = vec![Wanted {
        colours: rgbs.iter().map(|&rgb| colour::from_rgb(rgb)).collect(),
        rgbs: if header.is_exact {
            rgbs.to_vec()
        } else {
            Vec::new()
        },
        ..Wanted::default()
    }];
    for _ in header.root_depth..header.bits {
        let below = &levels[levels.len() - 1];
        let mut level = Wanted::default();
        let (mut parents, mut counts) = (Vec::new(), Vec::new());
        let mut first = 0;
        for siblings in codes.chunk_by(|a, b| a >> 3 == b >> 3) {
            let run = first..first + siblings.len();
            let count = point_counts[run.clone()].iter().sum();
            level.shapes.push(Shape {
                mask: siblings.iter().fold(0, |mask, code| mask | 1 << (code & 7)),
                is_alone: count == 1,
            });
            level.colours.push(mean_colour(&below.colours[run.clone()]));
            parents.push(siblings[0] >> 3);
            counts.push(count);
            first = run.end;
        }
        levels.push(level);
        codes = parents;
        point_counts = counts;
    }
    levels.reverse();
    levels
}

fn mean_colour(colours: &[Colour]) -> Colour {
    let count = colours.len() as i32;
    std::array::from_fn(|lane| {
        let sum: i32 = colours.iter().map(|colour| i32::from(colour[lane])).sum();
        (sum + count / 2).div_euclid(count) as i16
    })
}

/// Morton codes, ascending and each once, with their mean colours.
fn sorted(cloud: &PointCloud) -> (Vec<u64>, Vec<[u8; 3]>) {
    let mut points: Vec<(u64, [u8; 3])> = cloud
        .cells
        .iter()
        .map(|&cell| morton_from_cell(cell))
        .zip(cloud.colours.iter().copied())
        .collect();
    points.sort_unstable();
    points
        .chunk_by(|a, b| a.0 == b.0)
        .map(|same| (same[0].0, mean_rgb(same)))
        .unzip()
}

fn mean_rgb(points: &[(u64, [u8; 3])]) -> [u8; 3] {
    let count = points.len() as u64;
    std::array::from_fn(|channel| {
        let sum: u64 = points.iter().map(|point| u64::from(point.1[channel])).sum();
        // Exact: a mean of bytes is a byte.
        ((sum + count / 2) / count) as u8
    })
}

/// Every third bit, from bit 0, 1 and 2 on.
fn cell_from_morton(code: u64) -> [u16; 3] {
    let axis =
        |axis: u32| (0..16).fold(0, |cell, bit| cell | (code >> (3 * bit + axis) & 1) << bit);
    [axis(0) as u16, axis(1) as u16, axis(2) as u16]
}
