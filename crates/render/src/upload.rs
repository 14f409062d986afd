//! Decoded frames to the GPU, as they are.

use std::rc::Rc;

use bytemuck::Zeroable;
use touchline_scene::{Lattice, PackedAttribute, PackedPoint, PackedVertex, PointChunk};

use crate::handles::Topology;
use crate::layout::{Grid, UNIFORM_STRIDE_BYTES, put};
use crate::pool::{Lease, Purpose};
use crate::{MeshHandle, PointsHandle, Renderer, TopologyHandle, UploadError};

impl Renderer {
    /// Uploads a decoded point cloud.
    ///
    /// # Errors
    /// [`UploadError::Inconsistent`] if a chunk reaches beyond the points,
    /// [`UploadError::OverLimit`] if the device cannot hold it.
    pub fn upload_points(
        &mut self,
        chunks: &[PointChunk],
        points: &[PackedPoint],
    ) -> Result<PointsHandle, UploadError> {
        let is_inside = |chunk: &PointChunk| {
            chunk
                .first_point
                .checked_add(chunk.point_count)
                .is_some_and(|end| end as usize <= points.len())
        };
        if !chunks.iter().all(is_inside) {
            return Err(UploadError::Inconsistent("a chunk's points exist"));
        }
        if chunks.is_empty() || points.is_empty() {
            return Ok(PointsHandle {
                chunks: Vec::new(),
                points: None,
                grids: None,
            });
        }
        let mut grids = vec![0; chunks.len() * UNIFORM_STRIDE_BYTES as usize];
        let slices = grids.chunks_exact_mut(UNIFORM_STRIDE_BYTES as usize);
        for (slice, chunk) in slices.zip(chunks) {
            put(
                slice,
                Grid {
                    spacing_metres: chunk.spacing_metres,
                    point_count: chunk.point_count,
                    ..grid(chunk.origin, chunk.step_metres)
                },
            );
        }
        Ok(PointsHandle {
            chunks: chunks.to_vec(),
            points: Some(self.upload(Purpose::Vertices, bytemuck::cast_slice(points))?),
            grids: Some(self.upload(Purpose::Grids, &grids)?),
        })
    }

    /// Uploads what frames of a mesh share over a run.
    ///
    /// # Errors
    /// [`UploadError::Inconsistent`] if an index names no vertex or triangles are not whole,
    /// [`UploadError::OverLimit`] if the device cannot hold it.
    pub fn upload_topology(
        &mut self,
        indices: &[u32],
        attributes: &[PackedAttribute],
    ) -> Result<TopologyHandle, UploadError> {
        if !indices.len().is_multiple_of(3) {
            return Err(UploadError::Inconsistent("three indices a triangle"));
        }
        if indices
            .iter()
            .any(|&index| index as usize >= attributes.len())
        {
            return Err(UploadError::Inconsistent("each index names a vertex"));
        }
        let index_count = u32::try_from(indices.len()).map_err(|_| UploadError::OverLimit {
            needed: indices.len() as u64,
            limit: u64::from(u32::MAX),
        })?;
        let (indices, attributes_lease) = if indices.is_empty() {
            (None, None)
        } else {
            let attributes = bytemuck::cast_slice(attributes);
            (
                Some(self.upload(Purpose::Indices, bytemuck::cast_slice(indices))?),
                Some(self.upload(Purpose::Vertices, attributes)?),
            )
        };
        Ok(TopologyHandle {
            shared: Rc::new(Topology {
                index_count,
                vertex_count: attributes.len(),
                indices,
                attributes: attributes_lease,
            }),
        })
    }

    /// Uploads a mesh at one instant.
    ///
    /// # Errors
    /// [`UploadError::Inconsistent`] if the topology has another number of vertices,
    /// [`UploadError::OverLimit`] if the device cannot hold it.
    pub fn upload_mesh(
        &mut self,
        topology: &TopologyHandle,
        lattice: Lattice,
        vertices: &[PackedVertex],
    ) -> Result<MeshHandle, UploadError> {
        if vertices.len() != topology.shared.vertex_count {
            return Err(UploadError::Inconsistent(
                "as many vertices as the topology",
            ));
        }
        let mut handle = MeshHandle {
            topology: topology.clone(),
            lattice,
            vertices: None,
            grid: None,
        };
        if topology.shared.index_count > 0 {
            let grid = grid(lattice.origin, lattice.step_metres);
            handle.vertices = Some(self.upload(Purpose::Vertices, bytemuck::cast_slice(vertices))?);
            handle.grid = Some(self.upload(Purpose::Grids, bytemuck::bytes_of(&grid))?);
        }
        Ok(handle)
    }

    fn upload(&self, purpose: Purpose, bytes: &[u8]) -> Result<Lease, UploadError> {
        self.pool.upload(&self.queue, purpose, bytes)
    }
}

fn grid(origin: [f32; 3], step_metres: f32) -> Grid {
    Grid {
        origin_in_stage: origin,
        step_metres,
        ..Grid::zeroed()
    }
}
