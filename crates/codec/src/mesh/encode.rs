//! Meshes to chunks: finds runs of constant topology and keeps the decoder's state beside them.
//!
//! Follows FORMAT.md section 6.

use glam::{DVec3, Vec3};
use touchline_scene::Lattice;

use super::positions::{self, Motion};
use super::topology::{self, Counts};
use super::walk::Leading;
use super::{Header, KeyHeader, LATTICE_MAX, Run, TEXTURE_BITS_MAX, attributes};
use crate::entropy::{RangeEncoder, length_of};

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
}

/// How exactly meshes are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeshOptions {
    /// Step of positions, metres; they are off by half of it at most, on each axis. A mesh of more
    /// than 65535 steps gets a coarser one.
    pub step_metres: f32,
    /// Bits of a texture coordinate, 1 to 16.
    pub texture_bits: u8,
}

impl Default for MeshOptions {
    /// Half a millimetre, and a quarter of a texel in a texture of 1024.
    fn default() -> Self {
        Self {
            step_metres: 0.001,
            texture_bits: 12,
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
    /// colours differ from those of the frame before, or it has left the run's lattice.
    ///
    /// Vertices change their order; those without a triangle, and triangles without an area to
    /// span (two equal indices), are left out.
    ///
    /// # Panics
    /// If a position is not finite, an index is out of range, or there is neither no texture
    /// coordinate nor one a vertex, or so with colours: the packer's mistakes.
    pub fn encode(&mut self, mesh: &Mesh) -> Encoded {
        check(mesh);
        if let Some(mut encoded) = self.run.take()
            && encoded.fits(mesh)
            && let Some(bytes) = encode_difference(&mut encoded, mesh)
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
        vertex_count < u32::MAX as usize && mesh.indices.len() < u32::MAX as usize,
        "a mesh of {vertex_count} vertices"
    );
    assert!(
        mesh.positions.iter().all(|position| position.is_finite()),
        "a position is not finite"
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
    ] {
        assert!(
            count == 0 || count == vertex_count,
            "{count} {name} entries for {vertex_count} vertices"
        );
    }
}

impl EncodedRun {
    /// Whether `mesh` shares all that stays constant over the run.
    fn fits(&self, mesh: &Mesh) -> bool {
        let source = &self.source;
        source.positions.len() == mesh.positions.len()
            && source.indices == mesh.indices
            && source.texture == mesh.texture
            && source.colours == mesh.colours
    }
}

/// Positions on the lattice, in the chunk's order; none if one lies outside.
fn on_lattice(mesh: &Mesh, order: &[u32], lattice: Lattice) -> Option<Vec<[i32; 3]>> {
    let origin = Vec3::from(lattice.origin).as_dvec3();
    order
        .iter()
        .map(|&vertex| {
            let position = mesh.positions[vertex as usize].as_dvec3();
            let place = ((position - origin) / f64::from(lattice.step_metres)).round();
            let largest = f64::from(LATTICE_MAX);
            let is_inside = place.cmpge(DVec3::ZERO) & place.cmple(DVec3::splat(largest));
            is_inside.all().then(|| place.as_ivec3().to_array())
        })
        .collect()
}

/// A lattice around the mesh with room on all sides, so that it can move for a whole run.
fn lattice_around(mesh: &Mesh, order: &[u32], step_metres: f32) -> Lattice {
    let used = || {
        order
            .iter()
            .map(|&vertex| mesh.positions[vertex as usize].as_dvec3())
    };
    let lo = used().fold(DVec3::INFINITY, DVec3::min);
    let hi = used().fold(DVec3::NEG_INFINITY, DVec3::max);
    if order.is_empty() {
        return Lattice {
            origin: [0.0; 3],
            step_metres,
        };
    }
    let mut step = f64::from(step_metres);
    // A step of room for the rounding of the origin.
    while (hi - lo).max_element() > step * f64::from(LATTICE_MAX - 2) {
        step *= 2.0;
    }
    let half = step * f64::from(LATTICE_MAX / 2);
    // On multiples of the step, so that what stands still does so through every key.
    let origin = (((lo + hi) * 0.5 - half) / step).round() * step;
    Lattice {
        origin: origin.as_vec3().to_array(),
        step_metres: step as f32,
    }
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
    let mut is_used = vec![false; mesh.positions.len()];
    for &vertex in triangles.iter().flatten() {
        is_used[vertex as usize] = true;
    }
    let counts = Counts {
        vertex_count: is_used.iter().filter(|&&is_used| is_used).count() as u32,
        triangle_count: triangles.len() as u32,
    };
    let mut coder = RangeEncoder::new();
    let mut leading = Leading::new(&triangles, mesh.positions.len());
    // Writing what is there breaks no rule, so nothing below fails.
    let topology = topology::code(&mut coder, counts, &mut leading).unwrap_or_default();
    let order = leading.order;
    let key = KeyHeader {
        triangle_count: counts.triangle_count,
        texture_bits: if mesh.texture.is_empty() {
            0
        } else {
            options.texture_bits
        },
        has_colours: !mesh.colours.is_empty(),
        lattice: lattice_around(mesh, &order, options.step_metres),
    };
    let wanted = wanted_attributes(mesh, &order, key.texture_bits);
    let attributes = attributes::code(&mut coder, &topology, &key, Some(&wanted));
    let wanted = on_lattice(mesh, &order, key.lattice).unwrap_or_default();
    let positions = positions::code_key(&mut coder, &topology, &wanted);
    let header = Header {
        is_key: true,
        motion: Motion::Mean,
        frame_in_run: 0,
        vertex_count: counts.vertex_count,
    };
    let mut bytes = Vec::new();
    header.write(&mut bytes);
    key.write(&mut bytes);
    finish(&mut bytes, coder);
    let run = attributes.and(positions).ok().map(|positions| EncodedRun {
        run: Run {
            twins: topology.twins(&positions),
            topology,
            lattice: key.lattice,
            positions,
            frame_in_run: 0,
        },
        source: mesh.clone(),
        order,
    });
    (bytes, run)
}

/// The next frame of the run, or none if it has left the lattice.
fn encode_difference(encoded: &mut EncodedRun, mesh: &Mesh) -> Option<Vec<u8>> {
    let run = &mut encoded.run;
    let wanted = on_lattice(mesh, &encoded.order, run.lattice)?;
    let header = Header {
        is_key: false,
        motion: better_motion(run, &wanted),
        frame_in_run: run.frame_in_run.checked_add(1)?,
        vertex_count: wanted.len() as u32,
    };
    let mut coder = RangeEncoder::new();
    run.positions = positions::code_difference(&mut coder, run, header.motion, &wanted).ok()?;
    run.frame_in_run = header.frame_in_run;
    let mut bytes = Vec::new();
    header.write(&mut bytes);
    finish(&mut bytes, coder);
    Some(bytes)
}

/// The prediction that leaves shorter residuals.
fn better_motion(run: &Run, wanted: &[[i32; 3]]) -> Motion {
    let cost = |motion: Motion| -> usize {
        let residual = |vertex: usize| {
            let predicted = positions::predict(run, wanted, motion, vertex);
            std::array::from_fn::<_, 3, _>(|axis| {
                let moved = wanted[vertex][axis] - run.positions[vertex][axis];
                length_of(moved - predicted[axis])
            })
        };
        (0..wanted.len()).flat_map(residual).sum()
    };
    if cost(Motion::Parallelogram) < cost(Motion::Mean) {
        Motion::Parallelogram
    } else {
        Motion::Mean
    }
}

fn wanted_attributes(mesh: &Mesh, order: &[u32], texture_bits: u8) -> attributes::Wanted {
    let largest = ((1_u32 << texture_bits) - 1) as f32;
    let quantised = |axis: f32| (axis.clamp(0.0, 1.0) * largest).round() as i32;
    let in_order = || order.iter().map(|&vertex| vertex as usize);
    attributes::Wanted {
        texture: in_order()
            .filter_map(|vertex| mesh.texture.get(vertex))
            .map(|texture| texture.map(quantised))
            .collect(),
        colours: in_order()
            .filter_map(|vertex| mesh.colours.get(vertex))
            .map(|colour| colour.map(i32::from))
            .collect(),
    }
}

/// Appends the payload behind its size.
fn finish(bytes: &mut Vec<u8>, coder: RangeEncoder) {
    let payload = coder.finish();
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&payload);
}
