//! What lies on the GPU, as the renderer's callers hold it; dropped, its room is used again.

use std::rc::Rc;

use touchline_scene::{Extent, Lattice, PointChunk};

use crate::pool::Lease;

/// What textures hold: sampling decodes sRGB, so that filtering is in linear light.
pub(crate) const TEXTURE_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8UnormSrgb;

/// A frame of a points track.
#[derive(Debug)]
pub struct PointsHandle {
    pub(crate) chunks: Vec<PointChunk>,
    /// `None` where there are no points.
    pub(crate) points: Option<Lease>,
    /// One [`crate::layout::Grid`] for each chunk.
    pub(crate) grids: Option<Lease>,
}

impl PointsHandle {
    /// Where its points are; none where there are no points.
    pub fn extent(&self) -> Option<Extent> {
        PointChunk::extent(&self.chunks)
    }

    /// Bytes it holds on the GPU.
    pub fn size_bytes(&self) -> u64 {
        lease_bytes(self.points.as_ref()) + lease_bytes(self.grids.as_ref())
    }
}

/// What frames of a mesh track share over a run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TopologyHandle {
    pub(crate) shared: Rc<Topology>,
}

#[derive(Debug)]
pub(crate) struct Topology {
    pub(crate) index_count: u32,
    pub(crate) vertex_count: usize,
    /// `None` where there are no triangles.
    pub(crate) indices: Option<Lease>,
    pub(crate) attributes: Option<Lease>,
}

impl TopologyHandle {
    /// Bytes it holds on the GPU, once for all its clones.
    pub fn size_bytes(&self) -> u64 {
        lease_bytes(self.shared.indices.as_ref()) + lease_bytes(self.shared.attributes.as_ref())
    }
}

/// A frame of a mesh track.
#[derive(Debug)]
pub struct MeshHandle {
    pub(crate) topology: TopologyHandle,
    pub(crate) lattice: Lattice,
    /// `None` where there are no triangles.
    pub(crate) vertices: Option<Lease>,
    pub(crate) grid: Option<Lease>,
}

impl MeshHandle {
    /// Whether both have one topology, so that a picture between them can be drawn.
    pub fn can_become(&self, next: &Self) -> bool {
        Rc::ptr_eq(&self.topology.shared, &next.topology.shared)
    }

    /// Bytes it holds on the GPU, without its topology's.
    pub fn size_bytes(&self) -> u64 {
        lease_bytes(self.vertices.as_ref()) + lease_bytes(self.grid.as_ref())
    }
}

fn lease_bytes(lease: Option<&Lease>) -> u64 {
    lease.map_or(0, Lease::size_bytes)
}

/// A texture with all its smaller levels. Keep it and write it again rather than making others.
#[derive(Debug)]
pub struct TextureHandle {
    pub(crate) texture: wgpu::Texture,
    /// Samples all levels.
    pub(crate) bind_group: wgpu::BindGroup,
    /// For each level but the first: samples the level before, and is drawn to.
    pub(crate) mips: Vec<(wgpu::BindGroup, wgpu::TextureView)>,
    /// Whether the smaller levels are made of what the first holds now.
    pub(crate) has_levels: std::cell::Cell<bool>,
    /// The bytes of all textures of its renderer.
    pub(crate) held_bytes: Rc<std::cell::Cell<u64>>,
}

impl TextureHandle {
    /// Width and height of the first level, texels.
    pub fn size_px(&self) -> glam::UVec2 {
        glam::UVec2::new(self.texture.width(), self.texture.height())
    }

    /// Bytes it holds on the GPU, all levels.
    pub fn size_bytes(&self) -> u64 {
        (0..self.texture.mip_level_count())
            .map(|level| {
                let edge = |size: u32| u64::from((size >> level).max(1));
                edge(self.texture.width()) * edge(self.texture.height()) * 4
            })
            .sum()
    }
}

impl Drop for TextureHandle {
    fn drop(&mut self) {
        self.held_bytes
            .set(self.held_bytes.get() - self.size_bytes());
        self.texture.destroy(); // Browsers wait for their garbage collector otherwise.
    }
}
