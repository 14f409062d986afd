//! Reads accessors: numbers of any kind, spread or sparse, as the kind that is asked for.
//!
//! Source: glTF 2.0 specification, sections 3.6.2 and 3.11; KHR_mesh_quantization.

use ::gltf::json::accessor::{Accessor, ComponentType, Type, sparse::Sparse};
use ::gltf::json::validation::Checked;
use ::gltf::json::{Index, buffer};
use anyhow::Result;

use super::document::{Document, part};

/// Elements of an accessor without bytes of its own at most: more vertices than a frame has.
const BARE_COUNT_MAX: u64 = 1 << 24;

/// How the numbers of an accessor are written.
#[derive(Clone, Copy)]
struct Layout {
    kind: ComponentType,
    is_normalized: bool,
    /// Numbers in an element.
    width: usize,
}

impl Document {
    /// The elements of an accessor, `N` numbers each.
    pub(super) fn numbers<const N: usize>(&self, index: Index<Accessor>) -> Result<Vec<[f32; N]>> {
        self.read(index, |number| number as f32)
    }

    /// The elements of an accessor of whole numbers, `N` each.
    pub(super) fn wholes<const N: usize>(&self, index: Index<Accessor>) -> Result<Vec<[u32; N]>> {
        // The cast saturates: what is out of range is out of all bounds that follow.
        self.read(index, |number| number as u32)
    }

    /// Numbers in an element of an accessor.
    pub(super) fn width(&self, index: Index<Accessor>) -> Result<usize> {
        Ok(self.layout(index)?.width)
    }

    fn layout(&self, index: Index<Accessor>) -> Result<Layout> {
        let accessor = self.get(index)?;
        let (Checked::Valid(kind), Checked::Valid(shape)) =
            (accessor.component_type, accessor.type_)
        else {
            return Err(self
                .broken(format!("accessor {index} is of no known type"))
                .into());
        };
        let width = match shape {
            Type::Scalar => 1,
            Type::Vec2 => 2,
            Type::Vec3 => 3,
            Type::Vec4 | Type::Mat2 => 4,
            Type::Mat3 => 9,
            Type::Mat4 => 16,
        };
        Ok(Layout {
            kind: kind.0,
            is_normalized: accessor.normalized,
            width,
        })
    }

    /// Every kind of number is exact in a binary64 on its way.
    fn read<const N: usize, T: Copy + Default>(
        &self,
        index: Index<Accessor>,
        cast: fn(f64) -> T,
    ) -> Result<Vec<[T; N]>> {
        let (accessor, layout) = (self.get(index)?, self.layout(index)?);
        if layout.width != N {
            let what = format!("accessor {index} has {} numbers for {N}", layout.width);
            return Err(self.broken(what).into());
        }
        let element = |bytes: &[u8]| {
            let mut numbers = bytes.chunks_exact(layout.kind.size());
            [(); N].map(|()| cast(numbers.next().map_or(0.0, |bytes| layout.number(bytes))))
        };
        let (count, row_size) = (accessor.count.0, N * layout.kind.size());
        let mut elements = match accessor.buffer_view {
            Some(view) => {
                let offset = accessor.byte_offset.unwrap_or_default().0;
                let rows = self.rows(view, offset, count, row_size)?;
                rows.map(element).collect()
            }
            None if count <= BARE_COUNT_MAX => vec![[T::default(); N]; count as usize],
            None => return Err(self.broken(format!("accessor {index} has no bytes")).into()),
        };
        if let Some(sparse) = &accessor.sparse {
            for (place, row) in self.replaced(sparse, row_size)? {
                let outside = || self.broken(format!("accessor {index} has no element {place}"));
                *elements.get_mut(place).ok_or_else(outside)? = element(row);
            }
        }
        Ok(elements)
    }

    /// Which elements a sparse accessor replaces, and their bytes.
    fn replaced(
        &self,
        sparse: &Sparse,
        row_size: usize,
    ) -> Result<impl Iterator<Item = (usize, &[u8])>> {
        let Checked::Valid(kind) = sparse.indices.component_type else {
            return Err(self.broken("sparse indices are of no known type").into());
        };
        let layout = Layout {
            kind: kind.0,
            is_normalized: false,
            width: 1,
        };
        let (indices, values) = (&sparse.indices, &sparse.values);
        let (view, offset, count) = (indices.buffer_view, indices.byte_offset.0, sparse.count.0);
        let places = self.rows(view, offset, count, kind.0.size())?;
        let rows = self.rows(values.buffer_view, values.byte_offset.0, count, row_size)?;
        let places = places.map(move |bytes| layout.number(bytes) as usize);
        Ok(places.zip(rows))
    }

    /// `count` pieces of `size` bytes each.
    fn rows(
        &self,
        index: Index<buffer::View>,
        offset: u64,
        count: u64,
        size: usize,
    ) -> Result<impl Iterator<Item = &[u8]>> {
        let view = self.view(index)?;
        let stride = view.stride.filter(|&stride| stride > 0).unwrap_or(size);
        let bytes = (|| {
            let between = count.checked_sub(1)?.checked_mul(stride as u64)?;
            part(view.bytes, offset, between.checked_add(size as u64)?)
        })();
        let outside = || self.broken(format!("an accessor lies outside bufferView {index}"));
        let bytes = bytes.filter(|_| stride >= size).ok_or_else(outside)?;
        // The last has no room behind it.
        Ok(bytes.chunks(stride).map(move |row| &row[..size]))
    }
}

impl Layout {
    /// One number, from as many bytes as its kind has.
    fn number(self, bytes: &[u8]) -> f64 {
        let (number, one) = match (self.kind, bytes) {
            (ComponentType::I8, &[a]) => (f64::from(a as i8), 127.0),
            (ComponentType::U8, &[a]) => (f64::from(a), 255.0),
            (ComponentType::I16, &[a, b]) => (f64::from(i16::from_le_bytes([a, b])), 32767.0),
            (ComponentType::U16, &[a, b]) => (f64::from(u16::from_le_bytes([a, b])), 65535.0),
            (ComponentType::U32, &[a, b, c, d]) => {
                (f64::from(u32::from_le_bytes([a, b, c, d])), 1.0)
            }
            (ComponentType::F32, &[a, b, c, d]) => {
                (f64::from(f32::from_le_bytes([a, b, c, d])), 1.0)
            }
            _ => (f64::NAN, 1.0),
        };
        if self.is_normalized && one > 1.0 {
            // The least signed number stands for -1 too.
            (number / one).max(-1.0)
        } else {
            number
        }
    }
}
