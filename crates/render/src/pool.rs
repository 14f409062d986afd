//! Buffers that are used again, so that playing allocates nothing.
//!
//! Always true: what is leased plus what waits is what [`Pool::size_bytes`] says.

use std::cell::RefCell;
use std::rc::Rc;

use touchline_scene::PackedPoint;

use crate::layout::UNIFORM_STRIDE_BYTES;
use crate::pipelines::POINTS_PER_INSTANCE;
use crate::{UploadError, layout};

/// What waits for its next use is dropped beyond this: some frames of the largest tracks, small
/// beside a page's budget.
const WAITING_BYTES_MAX: u64 = 64 << 20;

/// Behind what is uploaded: whole instances of points are read, whatever the last one holds.
const ROOM_BYTES: u64 = POINTS_PER_INSTANCE as u64 * size_of::<PackedPoint>() as u64;

/// What a buffer is for; WebGL2 wants index buffers apart, and we the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Vertices,
    Indices,
    Grids,
}

impl Purpose {
    fn usages(self) -> wgpu::BufferUsages {
        wgpu::BufferUsages::COPY_DST
            | match self {
                Self::Vertices => wgpu::BufferUsages::VERTEX,
                Self::Indices => wgpu::BufferUsages::INDEX,
                Self::Grids => wgpu::BufferUsages::UNIFORM,
            }
    }
}

/// A buffer with what must live as long.
#[derive(Clone, Debug)]
struct Slot {
    purpose: Purpose,
    buffer: wgpu::Buffer,
    /// Binds [`Purpose::Grids`] with a dynamic offset.
    bind_group: Option<wgpu::BindGroup>,
}

/// Where leases come from and go back to. Clones share one store.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    store: Rc<RefCell<Store>>,
    device: wgpu::Device,
    grid_layout: wgpu::BindGroupLayout,
    /// Kept: browsers are slow to say.
    buffer_bytes_max: u64,
}

#[derive(Debug, Default)]
struct Store {
    /// Oldest first.
    waiting: Vec<Slot>,
    waiting_bytes: u64,
    leased_bytes: u64,
}

/// A buffer that goes back to its pool when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    slot: Slot,
    pool: Pool,
}

impl Pool {
    pub(crate) fn new(device: &wgpu::Device, grid_layout: &wgpu::BindGroupLayout) -> Self {
        Self {
            store: Rc::default(),
            device: device.clone(),
            grid_layout: grid_layout.clone(),
            buffer_bytes_max: device.limits().max_buffer_size,
        }
    }

    /// Bytes on the GPU, in use or waiting.
    pub(crate) fn size_bytes(&self) -> u64 {
        let store = self.store.borrow();
        store.leased_bytes + store.waiting_bytes
    }

    /// Drops all that waits.
    pub(crate) fn trim(&self) {
        let mut store = self.store.borrow_mut();
        while !store.waiting.is_empty() {
            store.drop_oldest();
        }
    }

    /// A buffer holding `bytes`, and more room behind them.
    pub(crate) fn upload(
        &self,
        queue: &wgpu::Queue,
        purpose: Purpose,
        bytes: &[u8],
    ) -> Result<Lease, UploadError> {
        let needed = size_class(bytes.len() as u64 + ROOM_BYTES);
        let limit = self.buffer_bytes_max;
        if needed > limit {
            return Err(UploadError::OverLimit { needed, limit });
        }
        let slot = self.take(purpose, needed);
        queue.write_buffer(&slot.buffer, 0, bytes);
        self.store.borrow_mut().leased_bytes += slot.buffer.size();
        Ok(Lease {
            slot,
            pool: self.clone(),
        })
    }

    /// The smallest that waits and is not over twice too large, else a new one.
    fn take(&self, purpose: Purpose, size_bytes: u64) -> Slot {
        let mut store = self.store.borrow_mut();
        let fits = |slot: &Slot| {
            slot.purpose == purpose && (size_bytes..=2 * size_bytes).contains(&slot.buffer.size())
        };
        let best = (0..store.waiting.len())
            .filter(|&index| fits(&store.waiting[index]))
            .min_by_key(|&index| store.waiting[index].buffer.size());
        if let Some(index) = best {
            let slot = store.waiting.remove(index);
            store.waiting_bytes -= slot.buffer.size();
            return slot;
        }
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: size_bytes,
            usage: purpose.usages(),
            mapped_at_creation: false,
        });
        let bind_group = (purpose == Purpose::Grids).then(|| {
            let size_bytes = size_of::<layout::Grid>() as u64;
            bind_uniform(&self.device, &self.grid_layout, &buffer, size_bytes)
        });
        Slot {
            purpose,
            buffer,
            bind_group,
        }
    }
}

impl Lease {
    pub(crate) fn buffer(&self) -> &wgpu::Buffer {
        &self.slot.buffer
    }

    /// Of [`Purpose::Grids`] only.
    pub(crate) fn bind_group(&self) -> Option<&wgpu::BindGroup> {
        self.slot.bind_group.as_ref()
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.slot.buffer.size()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut store = self.pool.store.borrow_mut();
        store.leased_bytes -= self.slot.buffer.size();
        store.waiting_bytes += self.slot.buffer.size();
        store.waiting.push(self.slot.clone());
        while store.waiting_bytes > WAITING_BYTES_MAX {
            store.drop_oldest();
        }
    }
}

impl Store {
    /// Browsers free what is dropped at their leisure, what is destroyed at once.
    fn drop_oldest(&mut self) {
        let oldest = self.waiting.remove(0);
        self.waiting_bytes -= oldest.buffer.size();
        oldest.buffer.destroy();
    }
}

/// Rounds up in steps of an eighth to a quarter, so that frames of like size share buffers.
fn size_class(size_bytes: u64) -> u64 {
    let step = (size_bytes.max(1).next_power_of_two() / 8).max(UNIFORM_STRIDE_BYTES);
    size_bytes.max(1).next_multiple_of(step)
}

/// Binds slices of `size_bytes` of a uniform buffer, chosen by a dynamic offset.
pub(crate) fn bind_uniform(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    buffer: &wgpu::Buffer,
    size_bytes: u64,
) -> wgpu::BindGroup {
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout,
        entries: &[wgpu::BindGroupEntry {
            binding: 0,
            resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer,
                offset: 0,
                size: std::num::NonZeroU64::new(size_bytes),
            }),
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::size_class;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn classes_hold_and_waste_little(size_bytes in 0u64..1 << 40) {
            let class = size_class(size_bytes);
            prop_assert!(class >= size_bytes);
            prop_assert!(class <= size_bytes + (size_bytes / 4).max(256));
            prop_assert_eq!(class % 4, 0);
            prop_assert_eq!(size_class(class), class);
        }
    }
}
