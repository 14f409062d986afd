//! The fixed fields of a chunk: one frame's share of one layer.
//!
//! Follows FORMAT.md 5.2.

use super::colour::Steps;
use super::level::morton_from_cell;
use crate::bytes::{self, Reader};
use crate::{DecodeError, Limits};

/// The version of the payload.
const VERSION: u8 = 2;
/// Bits a coordinate at most.
pub(super) const BITS_MAX: u8 = 16;
/// Layers of a frame at most.
pub(super) const LAYER_COUNT_MAX: u8 = BITS_MAX;
/// Bricks of a frame at most: 8 to an edge.
pub(super) const BRICK_COUNT_MAX: u32 = 512;
/// Colours of points come back exactly.
const FLAG_EXACT: u8 = 1;

/// What all layers of a frame say alike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Header {
    pub(super) layer_count: u8,
    /// Bits a coordinate: the octree's depth.
    pub(super) bits: u8,
    /// The depth of the bricks' roots.
    pub(super) root_depth: u8,
    pub(super) is_exact: bool,
    pub(super) origin: [f32; 3],
    pub(super) step_metres: f32,
    pub(super) brick_count: u32,
}

impl Header {
    /// The depth that a layer leads to.
    pub(super) fn depth_after(&self, layer: u8) -> u8 {
        self.bits - (self.layer_count - 1 - layer)
    }

    fn parse(reader: &mut Reader<'_>) -> Result<(Self, u8), DecodeError> {
        let malformed = |rule| Err(DecodeError::malformed("5.2", rule));
        if reader.u8()? != VERSION {
            return malformed("the version is 2");
        }
        let layer = reader.u8()?;
        let layer_count = reader.u8()?;
        let flags = reader.u8()?;
        let bits = reader.u8()?;
        let root_depth = reader.u8()?;
        let brick_count = reader.u16()?.into();
        let (origin, step_metres) = bytes::grid(reader, 65536.0, "5.2")?;
        if !(1..=LAYER_COUNT_MAX).contains(&layer_count) || layer >= layer_count {
            return malformed("a frame has 1 to 16 layers, counted from 0");
        }
        if flags & !FLAG_EXACT != 0 {
            return malformed("unknown flags are zero");
        }
        if bits > BITS_MAX || layer_count > bits.saturating_sub(root_depth) {
            return malformed(
                "a coordinate has 1 to 16 bits, one a layer at least below the roots",
            );
        }
        if brick_count > BRICK_COUNT_MAX {
            return malformed("a frame has at most 512 bricks");
        }
        let header = Self {
            layer_count,
            bits,
            root_depth,
            is_exact: flags & FLAG_EXACT != 0,
            origin,
            step_metres,
            brick_count,
        };
        Ok((header, layer))
    }

    #[cfg(feature = "encode")]
    fn write(&self, layer: u8, bytes: &mut Vec<u8>) {
        let flags = if self.is_exact { FLAG_EXACT } else { 0 };
        bytes.extend([VERSION, layer, self.layer_count, flags]);
        bytes.extend([self.bits, self.root_depth]);
        bytes.extend((self.brick_count as u16).to_le_bytes());
        for number in self.origin.iter().chain([&self.step_metres]) {
            bytes.extend(number.to_le_bytes());
        }
    }
}

/// One brick's share of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Brick<'a> {
    /// The root's cell at its depth.
    pub(super) root: [u16; 3],
    /// Points once this layer is decoded.
    pub(super) point_count: u32,
    pub(super) payload: &'a [u8],
}

/// The codes of the steps of a layer's colours: of each level that it refines, then of each level
/// that it adds.
pub(super) type StepCodes = Vec<[u8; 2]>;

/// A parsed chunk.
#[derive(Clone, Debug)]
pub(super) struct Chunk<'a> {
    pub(super) header: Header,
    pub(super) layer: u8,
    pub(super) steps: StepCodes,
    pub(super) bricks: Vec<Brick<'a>>,
}

impl<'a> Chunk<'a> {
    /// Reads a chunk's fields; its payloads stay as they are.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let malformed = |rule| Err(DecodeError::malformed("5.2", rule));
        let mut reader = Reader::new(bytes);
        let (header, layer) = Header::parse(&mut reader)?;
        let step_count = header.refined_depths(layer).len() + header.depths(layer).len();
        let mut steps = Vec::new();
        for _ in 0..step_count {
            steps.push([reader.u8()?, reader.u8()?]);
        }
        let mut sizes = Vec::new();
        for _ in 0..header.brick_count {
            let root = [reader.u16()?, reader.u16()?, reader.u16()?];
            let point_count = reader.u32()?;
            if root
                .iter()
                .any(|&axis| u32::from(axis) >> header.root_depth != 0)
            {
                return malformed("a root lies in the grid");
            }
            if point_count == 0 {
                return malformed("a brick has points");
            }
            sizes.push((root, point_count, reader.u32()?));
        }
        if !sizes.is_sorted_by(|(a, ..), (b, ..)| morton_from_cell(*a) < morton_from_cell(*b)) {
            return malformed("bricks come in Morton order, each once");
        }
        let mut bricks = Vec::new();
        for (root, point_count, size) in sizes {
            bricks.push(Brick {
                root,
                point_count,
                payload: reader.bytes(size)?,
            });
        }
        reader.end("5.2")?;
        Ok(Self {
            header,
            layer,
            steps,
            bricks,
        })
    }

    /// Reads all layers given of a frame and checks that they belong together.
    pub(super) fn parse_all(
        layers: &[&'a [u8]],
        limits: &Limits,
    ) -> Result<Vec<Self>, DecodeError> {
        let mut chunks: Vec<Self> = Vec::new();
        for (index, bytes) in layers.iter().enumerate().take(LAYER_COUNT_MAX.into()) {
            let chunk = Self::parse(bytes)?;
            let is_next = usize::from(chunk.layer) == index;
            if !is_next || chunks.last().is_some_and(|before| !before.fits(&chunk)) {
                return Err(DecodeError::malformed(
                    "5.2",
                    "the layers of a frame follow each other and agree",
                ));
            }
            chunks.push(chunk);
        }
        let Some(last) = chunks.last() else {
            return Err(DecodeError::malformed("5.2", "a frame has a layer 0"));
        };
        if layers.len() > chunks.len() {
            return Err(DecodeError::malformed("5.2", "a frame has 1 to 16 layers"));
        }
        let counts = last.bricks.iter().map(|brick| u64::from(brick.point_count));
        let needed = counts.sum();
        let limit = limits.element_count_max.into();
        if needed > limit {
            return Err(DecodeError::OverLimit { needed, limit });
        }
        Ok(chunks)
    }

    /// Whether `next` may be the layer after this one: the same bricks, with no fewer points.
    fn fits(&self, next: &Self) -> bool {
        let mut bricks = self.bricks.iter().zip(&next.bricks);
        self.header == next.header
            && bricks.all(|(a, b)| a.root == b.root && a.point_count <= b.point_count)
    }

    /// The steps of the levels that the layer refines, from the root down.
    pub(super) fn refined_steps(&self) -> impl ExactSizeIterator<Item = Steps> {
        let count = self.header.refined_depths(self.layer).len();
        let codes = self.steps[..count.min(self.steps.len())].iter();
        codes.map(|&codes| Steps::from_codes(codes))
    }

    /// The depths of the nodes that the layer has the children of, with the steps of each.
    pub(super) fn levels(&self) -> impl Iterator<Item = (u8, Steps)> {
        let codes = self.steps.iter().skip(self.refined_steps().len());
        let depths = self.header.depths(self.layer);
        depths.zip(codes.map(|&codes| Steps::from_codes(codes)))
    }

    /// The fields of a chunk whose payloads are yet to be made.
    #[cfg(feature = "encode")]
    pub(super) fn to_write(header: Header, layer: u8, steps: StepCodes) -> Self {
        Self {
            header,
            layer,
            steps,
            bricks: Vec::new(),
        }
    }

    /// Writes a chunk.
    #[cfg(feature = "encode")]
    pub(super) fn write(
        header: &Header,
        layer: u8,
        steps: &StepCodes,
        bricks: &[Brick<'_>],
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        header.write(layer, &mut bytes);
        bytes.extend(steps.as_flattened());
        for brick in bricks {
            bytes.extend(brick.root.iter().flat_map(|axis| axis.to_le_bytes()));
            bytes.extend(brick.point_count.to_le_bytes());
            bytes.extend((brick.payload.len() as u32).to_le_bytes());
        }
        for brick in bricks {
            bytes.extend(brick.payload);
        }
        bytes
    }
}

impl Header {
    /// The depths of the nodes that a layer has the children of.
    pub(super) fn depths(&self, layer: u8) -> std::ops::Range<u8> {
        let before = match layer.checked_sub(1) {
            Some(before) => self.depth_after(before),
            None => self.root_depth,
        };
        before..self.depth_after(layer)
    }

    /// The depths whose nodes' children get finer colours: layer 1 makes up for a coarse layer 0.
    pub(super) fn refined_depths(&self, layer: u8) -> std::ops::Range<u8> {
        match layer {
            1 => self.depths(0),
            _ => 0..0,
        }
    }
}

/// The bricks that a chunk's header names.
pub(super) fn brick_count(bytes: &[u8]) -> Result<u32, DecodeError> {
    let (header, _) = Header::parse(&mut Reader::new(bytes))?;
    // A frame without points is decoded as a whole.
    Ok(header.brick_count.max(1))
}
