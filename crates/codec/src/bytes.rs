//! Reads the fixed fields at the start of a chunk, little-endian.

use crate::DecodeError;

/// A chunk and how far it has been read.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    /// At the start of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.take().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, DecodeError> {
        self.take().map(i32::from_le_bytes)
    }

    pub(crate) fn f32(&mut self) -> Result<f32, DecodeError> {
        self.take().map(f32::from_le_bytes)
    }

    /// The chunk's last field: exactly `size` bytes and no more.
    pub(crate) fn rest(self, size: u32, section: &'static str) -> Result<&'a [u8], DecodeError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let needed = self.position as u64 + u64::from(size);
        match (self.bytes.len() as u64).cmp(&needed) {
            std::cmp::Ordering::Less => Err(self.truncated(needed)),
            std::cmp::Ordering::Equal => Ok(rest),
            std::cmp::Ordering::Greater => Err(DecodeError::malformed(
                section,
                "nothing follows the payload",
            )),
        }
    }

    /// The next `size` bytes.
    pub(crate) fn bytes(&mut self, size: u32) -> Result<&'a [u8], DecodeError> {
        let end = self.position as u64 + u64::from(size);
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let bytes = rest.get(..size as usize);
        let bytes = bytes.ok_or_else(|| self.truncated(end))?;
        self.position += bytes.len();
        Ok(bytes)
    }

    /// Checks that nothing follows.
    pub(crate) fn end(self, section: &'static str) -> Result<(), DecodeError> {
        self.rest(0, section).map(|_| ())
    }

    fn take<const SIZE: usize>(&mut self) -> Result<[u8; SIZE], DecodeError> {
        let field = self
            .bytes
            .get(self.position..)
            .and_then(|rest| rest.first_chunk::<SIZE>());
        let field = field.ok_or_else(|| self.truncated((self.position + SIZE) as u64))?;
        self.position += SIZE;
        Ok(*field)
    }

    fn truncated(&self, needed: u64) -> DecodeError {
        DecodeError::Truncated {
            got: self.bytes.len() as u64,
            needed,
        }
    }
}

/// The grid's origin and step, which points and meshes share: finite, the step above zero, and
/// `cells` steps away still finite.
pub(crate) fn grid(
    reader: &mut Reader<'_>,
    cells: f32,
    section: &'static str,
) -> Result<([f32; 3], f32), DecodeError> {
    let origin = [reader.f32()?, reader.f32()?, reader.f32()?];
    let step_metres = reader.f32()?;
    let reach = origin.map(|axis| axis + step_metres * cells);
    if step_metres > 0.0 && origin.iter().chain(&reach).all(|axis| axis.is_finite()) {
        Ok((origin, step_metres))
    } else {
        Err(DecodeError::malformed(
            section,
            "the grid is finite and its step above zero",
        ))
    }
}
