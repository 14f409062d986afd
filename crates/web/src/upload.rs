//! Decoded frames from JavaScript's memory to the GPU.

use bytemuck::Pod;
use js_sys::Uint8Array;
use touchline_pack::Sha256;
use touchline_render::{Renderer, Shadow, UploadError};
use touchline_scene::{Lattice, PackedAttribute, PackedPoint, PackedVertex, PointChunk};

use crate::decode::FrameData;
use crate::store::{Resident, RunKey, Store};

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
        FrameData::Points(pieces) => {
            let (mut chunks, mut points) = (Vec::new(), Vec::new());
            for piece in pieces {
                let first_point = points.len() as u32;
                append::<PackedPoint>(&mut points, &piece.points);
                let first_chunk = chunks.len();
                append::<PointChunk>(&mut chunks, &piece.chunks);
                for chunk in &mut chunks[first_chunk..] {
                    // A sum that is too large points outside, which the renderer refuses.
                    chunk.first_point = chunk.first_point.saturating_add(first_point);
                }
            }
            let handle = renderer.upload_points(&chunks, &points)?;
            let size_bytes = handle.size_bytes();
            Ok((
                Resident::Points(handle, Shadow::under_points(&chunks)),
                size_bytes,
            ))
        }
        FrameData::Mesh {
            lattice,
            vertices,
            topology,
        } => {
            let mut size_bytes = start_run(topology.as_ref(), run, store, renderer)?;
            let topology = store
                .topology(run)
                .ok_or(UploadError::Inconsistent("a run starts with its topology"))?;
            let lattice = records::<Lattice>(lattice)
                .first()
                .copied()
                .ok_or(UploadError::Inconsistent("a mesh has a lattice"))?;
            let vertices: Vec<PackedVertex> = records(vertices);
            let handle = renderer.upload_mesh(&topology.handle, lattice, &vertices)?;
            size_bytes += handle.size_bytes();
            Ok((
                Resident::Mesh(handle, run, Shadow::under_vertices(lattice, &vertices)),
                size_bytes,
            ))
        }
        FrameData::Image(_) => Err(UploadError::Inconsistent("a frame has geometry")),
    }
}

/// Holds the topology of a run if it is not here yet; says what it takes on the GPU, bytes.
fn start_run(
    topology: Option<&(Uint8Array, Uint8Array)>,
    run: RunKey,
    store: &mut Store,
    renderer: &mut Renderer,
) -> Result<u64, UploadError> {
    if store.topology(run).is_some() {
        return Ok(0);
    }
    let (indices, attributes) =
        topology.ok_or(UploadError::Inconsistent("a run starts with its topology"))?;
    let indices: Vec<u32> = records(indices);
    let attributes: Vec<PackedAttribute> = records(attributes);
    // A segment starts a run, and mostly with the topology of the one before: only with the same
    // can their frames be mixed.
    let hash = [
        Sha256::of(bytemuck::cast_slice(&indices)),
        Sha256::of(bytemuck::cast_slice(&attributes)),
    ];
    let mut size_bytes = 0;
    let topology = match store.topology_like(run.0, hash) {
        Some(topology) => topology,
        None => {
            let handle = renderer.upload_topology(&indices, &attributes)?;
            size_bytes = handle.size_bytes();
            store.new_topology(handle, hash)
        }
    };
    store.put_topology(run, topology);
    Ok(size_bytes)
}

/// Whole records out of JavaScript's memory; surplus bytes are left.
fn records<T: Pod>(bytes: &Uint8Array) -> Vec<T> {
    let mut records = Vec::new();
    append(&mut records, bytes);
    records
}

/// Adds whole records out of JavaScript's memory; surplus bytes are left.
fn append<T: Pod>(records: &mut Vec<T>, bytes: &Uint8Array) {
    let (start, count) = (records.len(), bytes.length() as usize / size_of::<T>());
    records.resize(start + count, T::zeroed());
    let whole = bytes.subarray(0, (count * size_of::<T>()) as u32);
    whole.copy_to(bytemuck::cast_slice_mut(&mut records[start..]));
}
