//! The single-file layout: a header, the manifest, then all segments.
//!
//! Follows FORMAT.md section 4.

use std::ops::Range;

use crate::PackError;

/// The first four bytes of a single-file pack.
const MAGIC: [u8; 4] = *b"TLPK";
/// The version of the layout.
const VERSION: u8 = 1;

/// Bytes of the header.
pub const HEADER_SIZE: usize = 16;

/// A manifest's size at most, bytes: an hour of one-second segments in ten streams is 6 MB.
const MANIFEST_SIZE_MAX: u64 = 64 << 20;

/// Says where the manifest lies and where the segments begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of the manifest, which follows the header at once.
    pub manifest_size: u64,
}

impl Header {
    /// Reads the first [`HEADER_SIZE`] bytes of a file; more may follow.
    ///
    /// # Errors
    /// [`PackError`] if this is no single-file pack.
    ///
    /// Source: FORMAT.md 4.1.
    pub fn parse(bytes: &[u8]) -> Result<Self, PackError> {
        let Some(header) = bytes.get(..HEADER_SIZE) else {
            let (got, needed) = (bytes.len() as u64, HEADER_SIZE as u64);
            return Err(PackError::Truncated { got, needed });
        };
        if header[..4] != MAGIC {
            return Err(PackError::malformed(
                "4.1",
                "a single-file pack starts with \"TLPK\"",
            ));
        }
        if header[4] != VERSION {
            return Err(PackError::Unsupported(format!(
                "single-file version {}",
                header[4]
            )));
        }
        if header[5..8] != [0; 3] {
            return Err(PackError::malformed("4.1", "bytes 5 to 7 are zero"));
        }
        let mut size = [0; 8];
        size.copy_from_slice(&header[8..]);
        let manifest_size = u64::from_le_bytes(size);
        if manifest_size > MANIFEST_SIZE_MAX {
            return Err(PackError::malformed("4.1", "a manifest has at most 64 MiB"));
        }
        Ok(Self { manifest_size })
    }

    /// The header's bytes.
    pub fn to_bytes(self) -> [u8; HEADER_SIZE] {
        let mut bytes = [0; HEADER_SIZE];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4] = VERSION;
        bytes[8..].copy_from_slice(&self.manifest_size.to_le_bytes());
        bytes
    }

    /// Where the manifest lies in the file.
    pub fn manifest_range(self) -> Range<u64> {
        HEADER_SIZE as u64..HEADER_SIZE as u64 + self.manifest_size
    }

    /// Where offset 0 of the manifest's segments lies in the file.
    pub fn segments_start(self) -> u64 {
        self.manifest_range().end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_prefixes_are_refused() {
        let header = Header {
            manifest_size: 1234,
        };
        let bytes = header.to_bytes();
        assert_eq!(Header::parse(&bytes), Ok(header));
        assert_eq!(header.segments_start(), 1250);
        for length in 0..bytes.len() {
            assert!(Header::parse(&bytes[..length]).is_err());
        }
        assert!(
            Header::parse(
                &Header {
                    manifest_size: u64::MAX
                }
                .to_bytes()
            )
            .is_err()
        );
    }
}
