//! Meshes to chunks: finds runs of constant topology and keeps the decoder's state beside them.
//!
//! Follows FORMAT.md section 6.

use glam::{DMat3, DVec3, Vec3, Vec3A};
use touchline_scene::Lattice;

use super::coded_normals::{self, Facing, Normals};
use super::leading::Leading;
use super::likeness::Pose;
use super::parts::{MotionSteps, SHIFT_STEPS, TURN_STEPS};
use super::positions::{self, Grid};
use super::topology::Counts;
use super::{
    Header, KeyHeader, LATTICE_MAX, OFFSET_MAX, Run, STEP_BITS_MAX, TEXTURE_BITS_MAX, attributes,
    walk,
};
use crate::entropy::SymbolWriter;

/// Vertices of a mesh, at most: numbers in a chunk are below 2^27.
const VERTEX_COUNT_MAX: usize = 1 << 26;
/// About how many vertices make a part.
const VERTICES_PER_PART: usize = 450;
/// Parts at most: more cost more bytes than they save.
const PART_COUNT_MAX: usize = 32;
/// A part's motion is that of vertices which take so much of theirs from it.
const MEMBER_WEIGHT_MIN: f32 = 0.2;

/// A mesh at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mesh {
    /// Metres, in the stage.
    pub positions: Vec<Vec3>,
    /// Three a triangle, counter-clockwise seen from outside.
    pub indices: Vec<u32>,
    /// Empty, or one a vertex, 0 to 1; v grows downwards, as image rows do.
    pub texture: Vec<[f32; 2]>,
    /// Empty, or one a vertex: red, green, blue as sRGB, alpha.
    pub colours: Vec<[u8; 4]>,
    /// Empty, or one a vertex, outwards, of any length; a mesh without them gets smooth ones from
    /// the decoder.
    pub normals: Vec<Vec3>,
}

/// How exactly meshes are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeshOptions {
    /// Step of the quantiser of positions, metres; they are off by half of it at most, on each
    /// axis. A mesh of more than 65500 steps gets a coarser one.
    pub step_metres: f32,
    /// Bits of a texture coordinate, 1 to 16.
    pub texture_bits: u8,
}

impl Default for MeshOptions {
    /// Off by 0.6 mm at most, and by a quarter of a texel in a texture of 1024.
    fn default() -> Self {
        Self {
            step_metres: 0.0012,
            texture_bits: 11,
        }
    }
}

/// One encoded frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The chunk.
    pub bytes: Vec<u8>,
    /// Needs no earlier frame.
    pub is_key: bool,
}

/// Encodes the frames of one stream, in order.
#[derive(Debug)]
pub struct Encoder {
    options: MeshOptions,
    run: Option<EncodedRun>,
}

/// The run so far, as the decoder has it, and what it came from.
#[derive(Debug)]
struct EncodedRun {
    run: Run,
    /// The frame that started the run.
    source: Mesh,
    /// Vertices of the source in the chunk's order.
    order: Vec<u32>,
}

impl Encoder {
    /// At the start of a stream.
    ///
    /// # Panics
    /// If an option is out of its range: the packer's mistake.
    pub fn new(options: MeshOptions) -> Self {
        assert!(
            options.step_metres > 0.0 && options.step_metres.is_finite(),
            "step of {} m",
            options.step_metres
        );
        assert!(
            (1..=TEXTURE_BITS_MAX).contains(&options.texture_bits),
            "{} bits of texture",
            options.texture_bits
        );
        Self { options, run: None }
    }

    /// Encodes the next frame: a key if it is the first, or its topology, texture coordinates or
    /// colours differ from those of the run's key, or only one of the two has normals, or it has
    /// grown out of the lattice.
    ///
    /// A frame with texture coordinates may have its vertices and triangles in another order, and
    /// one triangle in a thousand may differ if it is too thin to be seen.
    ///
    /// Vertices change their order; those without a triangle, and triangles without an area to
    /// span (two equal indices), are left out.
    ///
    /// # Panics
    /// If a position or normal is not finite, an index is out of range, or there is neither no
    /// texture coordinate nor one a vertex, or so with colours and normals: the packer's mistakes.
    pub fn encode(&mut self, mesh: &Mesh) -> Encoded {
        check(mesh);
        if let Some(mut encoded) = self.run.take()
            && let Some(pose) = encoded.pose_in(mesh)
            && let Some(bytes) = encode_difference(&mut encoded, &pose)
        {
            self.run = Some(encoded);
            return Encoded {
                bytes,
                is_key: false,
            };
        }
        let (bytes, run) = encode_key(&self.options, mesh);
        self.run = run;
        Encoded {
            bytes,
            is_key: true,
        }
    }

    /// Starts anew: the next frame is a key.
    pub fn reset(&mut self) {
        self.run = None;
    }
}

fn check(mesh: &Mesh) {
    let vertex_count = mesh.positions.len();
    assert!(
        vertex_count < VERTEX_COUNT_MAX && mesh.indices.len() < u32::MAX as usize,
        "a mesh of {vertex_count} vertices"
    );
    assert!(
        (mesh.positions.iter().chain(&mesh.normals)).all(|vector| vector.is_finite()),
        "a position or normal is not finite"
    );
    assert!(
        mesh.indices.len().is_multiple_of(3)
            && mesh
                .indices
                .iter()
                .all(|&index| (index as usize) < vertex_count),
        "an index is out of range, or a triangle has not three"
    );
    for (name, count) in [
        ("texture", mesh.texture.len()),
        ("colour", mesh.colours.len()),
        ("normal", mesh.normals.len()),
    ] {
        assert!(
            count == 0 || count == vertex_count,
            "{count} {name} entries for {vertex_count} vertices"
        );
    }
}

impl EncodedRun {
    /// The vertices of the run as they are in `mesh`, in the order of its source; nothing if it
    /// does not share what stays constant over the run.
    fn pose_in(&self, mesh: &Mesh) -> Option<Pose> {
        // As far as a step of the quantiser: nobody sees thinner triangles.
        let thin_metres = self.run.step * self.run.lattice.step_metres;
        self.source.pose_in(mesh, thin_metres)
    }
}

/// Positions in units from the run's origin, in the chunk's order.
fn in_units(positions: &[Vec3], order: &[u32], lattice: Lattice) -> Vec<DVec3> {
    let origin = Vec3::from(lattice.origin).as_dvec3();
    let unit = f64::from(lattice.step_metres);
    let place = |&vertex: &u32| (positions[vertex as usize].as_dvec3() - origin) / unit;
    order.iter().map(place).collect()
}

/// The lowest and the highest of each axis; zeros for none.
fn bounds(places: &[DVec3]) -> (DVec3, DVec3) {
    let Some((&first, rest)) = places.split_first() else {
        return (DVec3::ZERO, DVec3::ZERO);
    };
    let lo = rest.iter().copied().fold(first, DVec3::min);
    let hi = rest.iter().copied().fold(first, DVec3::max);
    (lo, hi)
}

/// Where a frame's lattice starts so that it holds all places; none if it cannot, or is too far
/// from the run's origin.
fn offset_for(places: &[DVec3], step: f32) -> Option<[i32; 3]> {
    let (lo, hi) = bounds(places);
    // What is decoded is off by half a step.
    let room = f64::from(step);
    let lo = (lo - room).floor();
    let is_inside = (hi + room - lo).max_element() <= f64::from(LATTICE_MAX);
    let is_near = lo.abs().max_element() <= f64::from(OFFSET_MAX);
    (is_inside && is_near).then(|| lo.as_ivec3().to_array())
}

/// The run's origin and unit, and how many units the quantiser's step has, as a power of two:
/// as many as leave the mesh room to grow.
fn lattice_around(positions: &[DVec3], step_metres: f32) -> (Lattice, u8) {
    /// How much larger than in its key a mesh may become.
    const GROWTH: f64 = 1.25;
    let (lo, hi) = bounds(positions);
    let extent = (hi - lo).max_element();
    let mut step = f64::from(step_metres);
    let units_in = |extent: f64, step: f64, step_bits: u8| {
        (extent / step + 4.0) * f64::from(1_u32 << step_bits) <= f64::from(LATTICE_MAX)
    };
    let mut bits = (1..=STEP_BITS_MAX).rev();
    let step_bits = bits.find(|&bits| units_in(extent * GROWTH, step, bits));
    let step_bits = step_bits.unwrap_or(0);
    while !units_in(extent, step, step_bits) {
        step *= 2.0;
    }
    // On multiples of the step, so that what stands still does so through every key.
    let origin = ((lo + hi) * 0.5 / step).round() * step;
    let lattice = Lattice {
        origin: origin.as_vec3().to_array(),
        step_metres: (step / f64::from(1_u32 << step_bits)) as f32,
    };
    (lattice, step_bits)
}

/// Triangles that span an area.
fn triangles(mesh: &Mesh) -> Vec<[u32; 3]> {
    mesh.indices
        .chunks_exact(3)
        .map(|corners| [corners[0], corners[1], corners[2]])
        .filter(|[a, b, c]| a != b && b != c && c != a)
        .collect()
}

fn encode_key(options: &MeshOptions, mesh: &Mesh) -> (Vec<u8>, Option<EncodedRun>) {
    let triangles = triangles(mesh);
    let mut coder = SymbolWriter::default();
    let counts = Counts {
        vertex_count: u32::MAX,
        triangle_count: triangles.len() as u32,
        has_seams: !mesh.texture.is_empty() || !mesh.colours.is_empty() || !mesh.normals.is_empty(),
        room_max: 0,
    };
    let mut leading = Leading::new(mesh, &triangles, counts.has_seams);
    // Writing what is there breaks no rule, so nothing below fails.
    let topology = walk::code(&mut coder, counts, &mut leading).unwrap_or_default();
    let order = leading.order;
    let metres = in_order(&order, &mesh.positions).map(|position| position.as_dvec3());
    let (lattice, step_bits) = lattice_around(&metres.collect::<Vec<_>>(), options.step_metres);
    let wanted = in_units(&mesh.positions, &order, lattice);
    let key = KeyHeader {
        triangle_count: counts.triangle_count,
        texture_bits: if mesh.texture.is_empty() {
            0
        } else {
            options.texture_bits
        },
        has_colours: !mesh.colours.is_empty(),
        has_normals: !mesh.normals.is_empty(),
        step_bits,
        lattice,
    };
    let header = Header {
        is_key: true,
        frame_in_run: 0,
        vertex_count: order.len() as u32,
        offset: offset_for(&wanted, key.step()).unwrap_or_default(),
    };
    let grid = Grid::new(key.step(), header.offset);
    let places = positions::code_key(&mut coder, &topology, grid, &wanted).unwrap_or_default();
    let wanted = wanted_attributes(mesh, &order, key.texture_bits);
    let attributes = attributes::code(&mut coder, &topology, &places, &key, Some(&wanted));
    let wanted = facings(&order, &mesh.normals);
    let normals = match key.has_normals {
        true => Normals::code_key(&mut coder, &topology, &places, &wanted).unwrap_or_default(),
        false => Normals::default(),
    };
    let mut bytes = Vec::new();
    header.write(&mut bytes);
    key.write(&mut bytes);
    finish(&mut bytes, coder);
    let run = attributes.ok().map(|_| EncodedRun {
        run: Run::new(topology, places, &key, normals),
        source: mesh.clone(),
        order,
    });
    (bytes, run)
}

/// The next frame of the run, or none if it has grown out of its lattice.
///
/// `pose`: in the order of the run's source.
fn encode_difference(encoded: &mut EncodedRun, pose: &Pose) -> Option<Vec<u8>> {
    let run = &mut encoded.run;
    let wanted = in_units(&pose.positions, &encoded.order, run.lattice);
    let header = Header {
        is_key: false,
        frame_in_run: run.frame_in_run.checked_add(1)?,
        vertex_count: wanted.len() as u32,
        offset: offset_for(&wanted, run.step)?,
    };
    let mut coder = SymbolWriter::default();
    run.start_difference(&mut coder, seeds).ok()?;
    let motions = motions(run, &wanted);
    run.parts
        .code_motions(&mut coder, &run.places, run.step, &motions);
    let grid = Grid::new(run.step, header.offset);
    positions::code_difference(&mut coder, run, grid, &wanted).ok()?;
    let wanted = facings(&encoded.order, &pose.normals);
    run.code_normals(&mut coder, &wanted).ok()?;
    run.frame_in_run = header.frame_in_run;
    let mut bytes = Vec::new();
    header.write(&mut bytes);
    finish(&mut bytes, coder);
    Some(bytes)
}

/// Vertices that lie far from each other, ascending: the middles of parts.
fn seeds(places: &[Vec3A]) -> Vec<u32> {
    let count = (places.len() / VERTICES_PER_PART).min(PART_COUNT_MAX);
    let mut seeds = Vec::with_capacity(count);
    let mut distances = vec![f32::INFINITY; places.len()];
    let mut next = 0;
    while seeds.len() < count {
        seeds.push(next as u32);
        let seed = places[next];
        for (distance, place) in distances.iter_mut().zip(places) {
            *distance = distance.min(place.distance_squared(seed));
        }
        let farthest = distances
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(b.1));
        next = farthest.map_or(0, |(vertex, _)| vertex);
    }
    seeds.sort_unstable();
    seeds.dedup(); // Where all vertices are in a few places.
    seeds
}

/// How each part moves: the best affine motion in least squares.
fn motions(run: &Run, wanted: &[DVec3]) -> Vec<MotionSteps> {
    let step = f64::from(run.step);
    let parts = run.parts.seeds.iter().enumerate();
    parts
        .map(|(part, &seed)| {
            let members = (0..wanted.len()).filter(|&vertex| {
                // One a point, or points on seams would count twice.
                run.topology.points[vertex] as usize == vertex
                    && run.parts.weight(vertex, part) > MEMBER_WEIGHT_MIN
            });
            let pairs = members.map(|vertex| (run.places[vertex].as_dvec3(), wanted[vertex]));
            let (turn, shift) = affine(&pairs.collect::<Vec<_>>(), step);
            let centre = run.places[seed as usize].as_dvec3();
            let turn = turn - DMat3::IDENTITY;
            let moved = turn * centre + shift;
            let columns = turn
                .to_cols_array()
                .map(|value| value * f64::from(TURN_STEPS));
            let shift = moved
                .to_array()
                .map(|axis| axis * f64::from(SHIFT_STEPS) / step);
            let limit = f64::from(i16::MAX);
            let values = columns.into_iter().chain(shift);
            let mut steps = [0; 12];
            for (slot, value) in steps.iter_mut().zip(values) {
                *slot = value.round().clamp(-limit, limit) as i32;
            }
            steps
        })
        .collect()
}

/// The affine motion that takes the first of each pair to the second, held back from what only
/// the quantiser's noise asks for.
fn affine(pairs: &[(DVec3, DVec3)], step: f64) -> (DMat3, DVec3) {
    if pairs.is_empty() {
        return (DMat3::IDENTITY, DVec3::ZERO);
    }
    let count = pairs.len() as f64;
    let from_mean = pairs.iter().map(|pair| pair.0).sum::<DVec3>() / count;
    let to_mean = pairs.iter().map(|pair| pair.1).sum::<DVec3>() / count;
    let still = DMat3::from_diagonal(DVec3::splat(count * step * step * 7.0));
    let (mut spread, mut moved) = (still, still);
    for &(from, to) in pairs {
        let (from, to) = (from - from_mean, to - to_mean);
        spread += DMat3::from_cols(from * from.x, from * from.y, from * from.z);
        moved += DMat3::from_cols(to * from.x, to * from.y, to * from.z);
    }
    let turn = moved * spread.inverse();
    (turn, to_mean - turn * from_mean)
}

fn wanted_attributes(mesh: &Mesh, order: &[u32], texture_bits: u8) -> attributes::Wanted {
    let largest = ((1_u32 << texture_bits) - 1) as f32;
    let quantised = |axis: f32| (axis.clamp(0.0, 1.0) * largest).round() as i32;
    attributes::Wanted {
        texture: in_order(order, &mesh.texture)
            .map(|texture| texture.map(quantised))
            .collect(),
        colours: in_order(order, &mesh.colours)
            .map(|colour| colour.map(i32::from))
            .collect(),
    }
}

/// The octahedron's points that are nearest to normals, in the chunk's order.
fn facings(order: &[u32], normals: &[Vec3]) -> Vec<Facing> {
    let normals = in_order(order, normals);
    normals
        .map(|&normal| coded_normals::facing(normal.into()))
        .collect()
}

/// What there is of each vertex, in the chunk's order.
fn in_order<'a, T>(order: &'a [u32], values: &'a [T]) -> impl Iterator<Item = &'a T> {
    order
        .iter()
        .filter_map(|&vertex| values.get(vertex as usize))
}

/// Appends the payload behind its size.
fn finish(bytes: &mut Vec<u8>, coder: SymbolWriter) {
    let payload = coder.finish();
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&payload);
}
