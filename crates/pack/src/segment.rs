//! Segments: an index of frames and their chunks.
//!
//! Follows FORMAT.md section 3.
//! A segment borrows the bytes it was read from; chunks are slices of them.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::PackError;

/// The first four bytes of a segment.
const MAGIC: [u8; 4] = *b"TLSG";
/// The version of the framing.
const VERSION: u8 = 1;
/// Bytes before the index.
const HEADER_SIZE: usize = 16;
/// Bytes of one index entry.
const ENTRY_SIZE: usize = 4;
/// The bit of an index entry that marks a key.
const KEY_BIT: u32 = 1 << 31;

/// Frames in one segment at most: 1 s at 240 frames a second, with room.
pub const FRAME_COUNT_MAX: u32 = 1024;

/// Names the codec of a stream's chunks: four printable ASCII characters, such as `oct2`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(with = "String", extend("pattern" = "^[!-~]{4}$"))
)]
pub struct CodecId(pub [u8; 4]);

impl fmt::Display for CodecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|&byte| write!(f, "{}", byte.escape_ascii()))
    }
}

impl fmt::Debug for CodecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<CodecId> for String {
    /// As it is read, without the escapes that make it safe to show.
    fn from(CodecId(bytes): CodecId) -> Self {
        bytes.map(char::from).into_iter().collect()
    }
}

impl TryFrom<String> for CodecId {
    type Error = PackError;

    fn try_from(text: String) -> Result<Self, PackError> {
        let bytes: [u8; 4] = text.as_bytes().try_into().map_err(|_| bad_codec())?;
        if bytes.iter().all(u8::is_ascii_graphic) {
            Ok(Self(bytes))
        } else {
            Err(bad_codec())
        }
    }
}

fn bad_codec() -> PackError {
    PackError::malformed("2.4", "a codec is four printable ASCII characters")
}

/// Where one frame's chunk lies, and whether decoding can start there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameEntry {
    /// Within the segment's bytes.
    pub bytes: Range<usize>,
    /// Needs no earlier frame.
    pub is_key: bool,
}

/// A segment, checked: every chunk lies inside the bytes, and frame 0 is a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What reads the chunks.
    pub codec: CodecId,
    /// Index in the track of the segment's first frame.
    pub first_frame: u32,
    /// In order of frames; never empty.
    pub frames: Vec<FrameEntry>,
}

impl Segment {
    /// Reads the framing of a whole segment.
    ///
    /// # Errors
    /// [`PackError`] if the bytes are not exactly one segment.
    ///
    /// Source: FORMAT.md 3.
    pub fn parse(bytes: &[u8]) -> Result<Self, PackError> {
        let header = bytes
            .get(..HEADER_SIZE)
            .ok_or_else(|| truncated(bytes, HEADER_SIZE))?;
        if header[..4] != MAGIC {
            return Err(PackError::malformed(
                "3.1",
                "a segment starts with \"TLSG\"",
            ));
        }
        if header[4] != VERSION {
            return Err(PackError::Unsupported(format!(
                "segment version {}",
                header[4]
            )));
        }
        if header[5] != 0 {
            return Err(PackError::malformed("3.1", "byte 5 is zero"));
        }
        let frame_count = u32::from(u16::from_le_bytes([header[6], header[7]]));
        if frame_count == 0 || frame_count > FRAME_COUNT_MAX {
            return Err(PackError::malformed(
                "3.1",
                "a segment has 1 to 1024 frames",
            ));
        }
        let codec = CodecId([header[8], header[9], header[10], header[11]]);
        if !codec.0.iter().all(u8::is_ascii_graphic) {
            return Err(bad_codec());
        }
        let first_frame = u32_at(header, 12);
        let chunks_start = HEADER_SIZE + frame_count as usize * ENTRY_SIZE;
        let index = bytes
            .get(HEADER_SIZE..chunks_start)
            .ok_or_else(|| truncated(bytes, chunks_start))?;
        let mut frames = Vec::with_capacity(frame_count as usize);
        let mut end = chunks_start;
        for entry in index.chunks_exact(ENTRY_SIZE).map(|entry| u32_at(entry, 0)) {
            let start = end;
            end += (entry & !KEY_BIT) as usize;
            frames.push(FrameEntry {
                bytes: start..end,
                is_key: entry & KEY_BIT != 0,
            });
        }
        if bytes.len() < end {
            return Err(truncated(bytes, end));
        }
        if bytes.len() > end {
            return Err(PackError::malformed(
                "3.2",
                "nothing follows the last chunk",
            ));
        }
        if !frames[0].is_key {
            return Err(PackError::malformed(
                "3.2",
                "the first frame of a segment is a key",
            ));
        }
        Ok(Self {
            codec,
            first_frame,
            frames,
        })
    }

    /// The frame to start at so that frame `index` (within the segment) can be decoded.
    pub fn key_before(&self, index: usize) -> usize {
        let until = (index + 1).min(self.frames.len());
        self.frames[..until]
            .iter()
            .rposition(|frame| frame.is_key)
            .unwrap_or(0)
    }
}

/// Joins chunks into a segment.
#[derive(Debug)]
pub struct SegmentWriter {
    codec: CodecId,
    first_frame: u32,
    index: Vec<u8>,
    chunks: Vec<u8>,
}

impl SegmentWriter {
    /// A segment without frames yet.
    pub fn new(codec: CodecId, first_frame: u32) -> Self {
        Self {
            codec,
            first_frame,
            index: Vec::new(),
            chunks: Vec::new(),
        }
    }

    /// Appends a frame.
    ///
    /// # Panics
    /// If the first frame is not a key, a chunk is 2 GiB or more, or the segment is full
    /// ([`FRAME_COUNT_MAX`]): the packer's mistakes.
    pub fn push(&mut self, chunk: &[u8], is_key: bool) {
        assert!(
            is_key || !self.index.is_empty(),
            "the first frame of a segment is a key"
        );
        assert!(
            self.index.len() < FRAME_COUNT_MAX as usize * ENTRY_SIZE,
            "the segment is full"
        );
        assert!(
            chunk.len() < KEY_BIT as usize,
            "a chunk of {} bytes",
            chunk.len()
        );
        let entry = chunk.len() as u32 | if is_key { KEY_BIT } else { 0 };
        self.index.extend_from_slice(&entry.to_le_bytes());
        self.chunks.extend_from_slice(chunk);
    }

    /// The segment's bytes.
    ///
    /// # Panics
    /// If no frame was pushed.
    pub fn finish(self) -> Vec<u8> {
        let frame_count = self.index.len() / ENTRY_SIZE;
        assert!(frame_count > 0, "a segment has at least one frame");
        let mut bytes = Vec::with_capacity(HEADER_SIZE + self.index.len() + self.chunks.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[VERSION, 0]);
        bytes.extend_from_slice(&(frame_count as u16).to_le_bytes());
        bytes.extend_from_slice(&self.codec.0);
        bytes.extend_from_slice(&self.first_frame.to_le_bytes());
        bytes.extend_from_slice(&self.index);
        bytes.extend_from_slice(&self.chunks);
        bytes
    }
}

/// The little-endian number at `offset`; the caller has checked the length.
fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes([
        bytes[offset],
        bytes[offset + 1],
        bytes[offset + 2],
        bytes[offset + 3],
    ])
}

fn truncated(bytes: &[u8], needed: usize) -> PackError {
    PackError::Truncated {
        got: bytes.len() as u64,
        needed: needed as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn written(chunks: &[(Vec<u8>, bool)]) -> Vec<u8> {
        let mut writer = SegmentWriter::new(CodecId(*b"test"), 50);
        for (index, (chunk, is_key)) in chunks.iter().enumerate() {
            writer.push(chunk, *is_key || index == 0);
        }
        writer.finish()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            chunks in vec((vec(any::<u8>(), 0..40), any::<bool>()), 1..20),
        ) {
            let bytes = written(&chunks);
            let segment = Segment::parse(&bytes).unwrap();
            prop_assert_eq!(segment.first_frame, 50);
            prop_assert_eq!(segment.frames.len(), chunks.len());
            let frames = segment.frames.iter().zip(&chunks);
            for (index, (frame, (chunk, is_key))) in frames.enumerate() {
                prop_assert_eq!(&bytes[frame.bytes.clone()], &chunk[..]);
                prop_assert_eq!(frame.is_key, *is_key || index == 0);
                prop_assert!(segment.frames[segment.key_before(index)].is_key);
            }
        }

        #[test]
        fn any_bytes_end_in_ok_or_err(bytes in vec(any::<u8>(), 0..200)) {
            let _ = Segment::parse(&bytes);
        }

        #[test]
        fn damage_never_panics(at in 0usize..60, value in any::<u8>()) {
            let mut bytes = written(&[(vec![1, 2, 3], true), (vec![4; 20], false)]);
            if let Some(byte) = bytes.get_mut(at) { *byte = value; }
            if let Ok(segment) = Segment::parse(&bytes) {
                prop_assert!(segment.frames.iter().all(|frame| frame.bytes.end <= bytes.len()));
            }
        }
    }

    #[test]
    fn every_prefix_and_any_surplus_is_refused() {
        let mut bytes = written(&[(vec![1, 2, 3], true), (vec![], false), (vec![4; 20], true)]);
        for length in 0..bytes.len() {
            assert!(
                Segment::parse(&bytes[..length]).is_err(),
                "took {length} bytes"
            );
        }
        bytes.push(0);
        assert!(Segment::parse(&bytes).is_err());
    }
}
