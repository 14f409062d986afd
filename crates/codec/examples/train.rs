//! `cargo xtask train`: learns the decision trees of shapes, `shape.bin`, from captured people.
//!
//! The captures are meshes; clouds are made of them as a rig's software would, on grids of several
//! sizes and with the unevenness of measured surfaces. The clouds that the project measures itself
//! by are not among them.
//!
//! Always true: the same captures give the same bytes, since the trees are part of the format.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use glam::{IVec3, Vec3};
use serde::Deserialize;
use touchline_codec::points::{PointCloud, train};

/// Times that each tree asks three questions: it has seven leaves more each time.
const QUESTION_COUNT_MAX: usize = 245;
/// Dense enough that no voxel which the surface crosses broadly is missed.
const SAMPLES_A_VOXEL: f32 = 12.0;
/// Every triangle has some, however small.
const SAMPLE_COUNT_MIN: usize = 3;
/// Voxels between the knots of the unevenness.
const KNOT_VOXELS: f32 = 3.0;
/// The grid's edge by the body's longest, so that little of it is pushed out.
const GRID_MARGIN: f32 = 1.02;
/// Where the body starts on each axis, for the same reason.
const SMALLEST_CELL: f32 = 2.0;

/// A cloud to learn from.
struct Lesson {
    capture: &'static str,
    /// Above zero.
    seed: u32,
    /// The grid has two to this power voxels on each axis.
    grid_bits: u32,
    /// How far a surface may lie from where it should, voxels.
    unevenness: f32,
    /// One voxel thick, as drawn figures are; else as thick as samples make it.
    is_thin: bool,
}

/// Two rigs' people, from far to near and from smooth to rough; and a little of a thin shell, of
/// which more would spoil the others.
const LESSONS: [Lesson; 8] = [
    lesson("liam/mesh_00000.ply", 7, 10, 0.6),
    lesson("liam/mesh_00008.ply", 15, 9, 0.9),
    lesson("liam/mesh_00012.ply", 19, 8, 0.5),
    lesson("kick/kick_0000.ply", 7, 10, 0.7),
    lesson("kick/kick_0020.ply", 27, 10, 1.2),
    lesson("kick/kick_0010.ply", 17, 9, 1.5),
    lesson("kick/kick_0030.ply", 37, 8, 0.5),
    thin_lesson("liam/mesh_00004.ply", 3, 8, 0.0),
];

const fn lesson(capture: &'static str, seed: u32, grid_bits: u32, unevenness: f32) -> Lesson {
    Lesson {
        capture,
        seed,
        grid_bits,
        unevenness,
        is_thin: false,
    }
}

const fn thin_lesson(capture: &'static str, seed: u32, grid_bits: u32, unevenness: f32) -> Lesson {
    Lesson {
        is_thin: true,
        ..lesson(capture, seed, grid_bits, unevenness)
    }
}

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [captures, out] = arguments.as_slice() else {
        anyhow::bail!("give the folder of captures and the file to write");
    };
    let mut clouds = Vec::new();
    for lesson in &LESSONS {
        let path = captures.join(lesson.capture);
        let mesh = Mesh::read(&path)
            .with_context(|| format!("cannot learn from a capture ({})", path.display()))?;
        let cloud = voxelise(&mesh, lesson);
        println!("{:>8} points of {}", cloud.cells.len(), lesson.capture);
        clouds.push(cloud);
    }
    let trees = train(&clouds, QUESTION_COUNT_MAX);
    println!("{:>8} bytes of trees", trees.len());
    fs::write(out, trees).with_context(|| format!("cannot write ({})", out.display()))
}

#[derive(Deserialize)]
struct VertexRow {
    x: f32,
    y: f32,
    z: f32,
}

#[derive(Deserialize)]
struct FaceRow {
    vertex_indices: Vec<u32>,
}

/// A PLY file, as far as it matters here.
#[derive(Deserialize)]
struct PlyFile {
    vertex: Vec<VertexRow>,
    face: Vec<FaceRow>,
}

struct Mesh {
    positions: Vec<Vec3>,
    triangles: Vec<[Vec3; 3]>,
}

impl Mesh {
    fn read(path: &Path) -> Result<Self> {
        let file: PlyFile = serde_ply::from_reader(BufReader::new(File::open(path)?))?;
        let positions: Vec<Vec3> = file
            .vertex
            .iter()
            .map(|v| Vec3::new(v.x, v.y, v.z))
            .collect();
        let triangle = |face: &FaceRow| -> Option<[Vec3; 3]> {
            let &[a, b, c] = face.vertex_indices.as_slice() else {
                return None;
            };
            let corner = |index: u32| positions.get(index as usize).copied();
            Some([corner(a)?, corner(b)?, corner(c)?])
        };
        let triangles: Option<Vec<_>> = file.face.iter().map(triangle).collect();
        let triangles = triangles.context("a face is no triangle of the vertices")?;
        ensure!(!triangles.is_empty(), "there are no faces");
        Ok(Self {
            positions,
            triangles,
        })
    }
}

/// The voxels that samples of an uneven surface fall into.
fn voxelise(mesh: &Mesh, lesson: &Lesson) -> PointCloud {
    let lowest = mesh.positions.iter().copied().fold(Vec3::MAX, Vec3::min);
    let highest = mesh.positions.iter().copied().fold(Vec3::MIN, Vec3::max);
    let voxel_count = (1 << lesson.grid_bits) as f32;
    let voxel_metres = (highest - lowest).max_element() * GRID_MARGIN / voxel_count;
    let mut cells = BTreeSet::new();
    let in_grid = |point: Vec3| (point - lowest) / voxel_metres + SMALLEST_CELL;
    let triangles = mesh.triangles.iter().map(|corners| corners.map(in_grid));
    let mut add = |point: Vec3| {
        let cell = point.clamp(Vec3::ZERO, Vec3::splat(voxel_count - 1.0));
        cells.insert(cell.to_array().map(|axis| axis as u16));
    };
    if lesson.is_thin {
        triangles.for_each(|corners| add_columns(corners, lesson, &mut add));
    } else {
        let mut random = Random(lesson.seed.into());
        triangles.for_each(|corners| add_samples(corners, lesson, &mut random, &mut add));
    }
    PointCloud {
        origin: Vec3::ZERO,
        step_metres: voxel_metres,
        colours: vec![[0; 3]; cells.len()],
        cells: cells.into_iter().collect(),
    }
}

/// Points all over a triangle, each pushed out or in as those around it are.
fn add_samples(
    [a, b, c]: [Vec3; 3],
    lesson: &Lesson,
    random: &mut Random,
    add: &mut impl FnMut(Vec3),
) {
    let (side, other_side) = (b - a, c - a);
    let normal = side.cross(other_side);
    let doubled_area = normal.length();
    if doubled_area == 0.0 {
        return;
    }
    let normal = normal / doubled_area;
    let sample_count = (doubled_area * 0.5 * SAMPLES_A_VOXEL).ceil() as usize + SAMPLE_COUNT_MIN;
    for _ in 0..sample_count {
        let [share, other_share] = random.shares();
        let point = a + side * share + other_side * other_share;
        add(point + normal * wave(point, lesson.seed) * lesson.unevenness);
    }
}

/// One point for each column of voxels that a triangle crosses along the axis it faces most, each
/// pushed by itself.
fn add_columns(corners: [Vec3; 3], lesson: &Lesson, add: &mut impl FnMut(Vec3)) {
    let [a, b, c] = corners;
    let normal = (b - a).cross(c - a).abs();
    let facing = normal.max_position();
    let (u, v) = ((facing + 1) % 3, (facing + 2) % 3);
    let (side, other_side) = (b - a, c - a);
    let determinant = side[u] * other_side[v] - side[v] * other_side[u];
    if determinant == 0.0 {
        return;
    }
    let columns = |axis: usize| {
        let along = corners.map(|corner| corner[axis]);
        let least = along.into_iter().fold(f32::MAX, f32::min);
        let greatest = along.into_iter().fold(f32::MIN, f32::max);
        least.floor() as i32..=greatest.ceil() as i32
    };
    for (at_u, at_v) in columns(u).flat_map(|at_u| columns(v).map(move |at_v| (at_u, at_v))) {
        let mut point = Vec3::ZERO;
        (point[u], point[v]) = (at_u as f32 + 0.5, at_v as f32 + 0.5);
        let past = point - a;
        let share = (past[u] * other_side[v] - past[v] * other_side[u]) / determinant;
        let other_share = (side[u] * past[v] - side[v] * past[u]) / determinant;
        if share < 0.0 || other_share < 0.0 || share + other_share > 1.0 {
            continue;
        }
        let pushed = knot(IVec3::new(at_u, at_v, 0), lesson.seed) * lesson.unevenness;
        point[facing] =
            a[facing] + share * side[facing] + other_share * other_side[facing] + pushed;
        add(point);
    }
}

/// A smooth field through random knots, -1 to 1.
fn wave(in_grid: Vec3, seed: u32) -> f32 {
    let in_knots = in_grid / KNOT_VOXELS;
    let first = in_knots.floor();
    let past_first = in_knots - first;
    let at_corner = |corner: i32| {
        let steps = IVec3::new(corner & 1, corner >> 1 & 1, corner >> 2 & 1);
        let share = |axis: usize| match steps[axis] {
            0 => 1.0 - past_first[axis],
            _ => past_first[axis],
        };
        share(0) * share(1) * share(2) * knot(first.as_ivec3() + steps, seed)
    };
    (0..8).map(at_corner).fold(0.0, |sum, part| sum + part)
}

/// A knot's value: a hash of where it is.
fn knot(place: IVec3, seed: u32) -> f32 {
    let [x, y, z] = place.to_array().map(i32::cast_unsigned);
    let mut hash =
        x.wrapping_mul(73_856_093) ^ y.wrapping_mul(19_349_663) ^ z.wrapping_mul(83_492_791) ^ seed;
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(0x2c1b_3c6d);
    hash ^= hash >> 12;
    hash = hash.wrapping_mul(0x297a_2d39);
    hash ^= hash >> 15;
    (hash & 0xffff) as f32 / 32768.0 - 1.0
}

/// Marsaglia's xorshift: the same numbers on every machine.
struct Random(u64);

impl Random {
    /// 0 to 1, without 1.
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }

    /// A place on a triangle: the shares of two of its corners.
    fn shares(&mut self) -> [f32; 2] {
        let shares = [self.next(), self.next()];
        if shares[0] + shares[1] > 1.0 {
            shares.map(|share| 1.0 - share)
        } else {
            shares
        }
    }
}
