//! Decoded frames from JavaScript's memory to the GPU.

use bytemuck::Pod;
use glam::Vec3;
use js_sys::Uint8Array;
use touchline_render::{Renderer, Shadow, UploadError};
use touchline_scene::{Lattice, PackedAttribute, PackedPoint, PackedVertex, PointChunk};

use crate::decode::FrameData;
use crate::store::{Resident, RunKey, Store};

/// How far above its lowest part a subject still touches the ground with its shadow, metres: to
/// the knee, so that a raised foot does not pull the shadow away.
const SHADOW_REACH_METRES: f32 = 0.5;

/// Uploads a decoded frame; says what it takes on the GPU, bytes.
///
/// # Errors
/// [`UploadError`] if the decoder sent what cannot be, or the device cannot hold it.
pub(crate) fn upload(
    data: &FrameData,
    run: RunKey,
    store: &mut Store,
    renderer: &mut Renderer,
) -> Result<(Resident, u64), UploadError> {
    match data {
        FrameData::Points { chunks, points } => {
            let chunks: Vec<PointChunk> = records(chunks);
            let points: Vec<PackedPoint> = records(points);
            let handle = renderer.upload_points(&chunks, &points)?;
            let size_bytes = handle.size_bytes();
            Ok((
                Resident::Points(handle, shadow_of_chunks(&chunks)),
                size_bytes,
            ))
        }
        FrameData::Mesh {
            lattice,
            vertices,
            topology,
        } => {
            let mut size_bytes = 0;
            if store.topology(run).is_none() {
                let (indices, attributes) = topology
                    .as_ref()
                    .ok_or(UploadError::Inconsistent("a run starts with its topology"))?;
                let indices: Vec<u32> = records(indices);
                let attributes: Vec<PackedAttribute> = records(attributes);
                let topology = renderer.upload_topology(&indices, &attributes)?;
                size_bytes += topology.size_bytes();
                store.put_topology(run, topology);
            }
            let topology = store
                .topology(run)
                .ok_or(UploadError::Inconsistent("a run starts with its topology"))?;
            let lattice = records::<Lattice>(lattice)
                .first()
                .copied()
                .ok_or(UploadError::Inconsistent("a mesh has a lattice"))?;
            let vertices: Vec<PackedVertex> = records(vertices);
            let handle = renderer.upload_mesh(topology, lattice, &vertices)?;
            size_bytes += handle.size_bytes();
            Ok((
                Resident::Mesh(handle, run, shadow_of_vertices(lattice, &vertices)),
                size_bytes,
            ))
        }
    }
}

/// Whole records out of JavaScript's memory; surplus bytes are left.
fn records<T: Pod>(bytes: &Uint8Array) -> Vec<T> {
    let count = bytes.length() as usize / size_of::<T>();
    let mut records = vec![T::zeroed(); count];
    let whole = bytes.subarray(0, (count * size_of::<T>()) as u32);
    whole.copy_to(bytemuck::cast_slice_mut(&mut records));
    records
}

fn shadow_of_chunks(chunks: &[PointChunk]) -> Option<Shadow> {
    let lowest = chunks
        .iter()
        .map(|chunk| chunk.origin[1])
        .reduce(f32::min)?;
    let low = chunks
        .iter()
        .filter(|chunk| chunk.origin[1] < lowest + SHADOW_REACH_METRES);
    shadow(low.map(|chunk| {
        (
            chunk.bounds().center().with_y(lowest),
            chunk.point_count as f32,
        )
    }))
}

fn shadow_of_vertices(lattice: Lattice, vertices: &[PackedVertex]) -> Option<Shadow> {
    let lowest = vertices.iter().map(|vertex| vertex.position[1]).min()?;
    let reach = lowest.saturating_add((SHADOW_REACH_METRES / lattice.step_metres) as u16);
    let low = vertices.iter().filter(|vertex| vertex.position[1] < reach);
    let place = |vertex: &PackedVertex| {
        let [x, _, z] = vertex.position;
        let cell = Vec3::new(f32::from(x), f32::from(lowest), f32::from(z));
        Vec3::from(lattice.origin) + cell * lattice.step_metres
    };
    shadow(low.map(|vertex| (place(vertex), 1.0)))
}

/// The shadow of weighted places: in their middle, as wide as they spread.
fn shadow(places: impl Iterator<Item = (Vec3, f32)> + Clone) -> Option<Shadow> {
    let weight: f32 = places.clone().map(|(_, weight)| weight).sum();
    if weight <= 0.0 {
        return None;
    }
    let center = places
        .clone()
        .map(|(place, weight)| place * weight)
        .sum::<Vec3>()
        / weight;
    let spread = places.map(|(place, weight)| place.distance_squared(center) * weight);
    // Evenly filled, a disc's points lie 0.71 of its radius from the middle, as a mean square.
    let radius_metres = ((spread.sum::<f32>() / weight).sqrt() * 1.4).clamp(0.1, 1.0);
    Some(Shadow {
        center,
        radius_metres,
    })
}
