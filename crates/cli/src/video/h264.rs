//! H.264 as packs hold it: byte stream format, one access unit a chunk, parameter sets in keys.
//!
//! Source: ITU-T H.264, 7.3 and annex B.

use anyhow::{Context, Result, ensure};

use super::ChunkInfo;

const SLICE: u8 = 1;
const IDR_SLICE: u8 = 5;
const SEQUENCE_PARAMETERS: u8 = 7;
const PICTURE_PARAMETERS: u8 = 8;
const DELIMITER: u8 = 9;

/// Cuts a stream at its access unit delimiters.
pub(super) fn split(stream: &[u8]) -> Vec<Vec<u8>> {
    let starts: Vec<usize> = units(stream)
        .filter(|unit| kind(unit.bytes) == DELIMITER)
        .map(|unit| unit.start)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    let pairs = starts.iter().zip(ends);
    pairs
        .map(|(&start, end)| stream[start..end].to_vec())
        .collect()
}

/// What an access unit says of itself.
pub(super) fn read(chunk: &[u8]) -> Result<ChunkInfo> {
    let mut codec_string = None;
    let (mut picture_count, mut idr_count, mut slice_count) = (0, 0, 0);
    let mut has_picture_parameters = false;
    ensure!(
        chunk.starts_with(&[0, 0, 1]) || chunk.starts_with(&[0, 0, 0, 1]),
        "it does not begin with a start code"
    );
    for Unit { bytes, .. } in units(chunk) {
        match kind(bytes) {
            unit @ (SLICE | IDR_SLICE) => {
                let mut bits = Bits::new(&bytes[1..]);
                let first = bits.exp_golomb().context("a slice is cut off")?;
                let slice_type = bits.exp_golomb().context("a slice is cut off")?;
                ensure!(
                    matches!(slice_type % 5, 0 | 2),
                    "a slice is neither of type I nor P"
                );
                picture_count += u32::from(first == 0);
                idr_count += u32::from(unit == IDR_SLICE);
                slice_count += 1;
            }
            SEQUENCE_PARAMETERS => {
                let profile = bytes.get(1..4).context("its parameters are cut off")?;
                let [profile, constraints, level] = [profile[0], profile[1], profile[2]];
                codec_string = Some(format!("avc1.{profile:02x}{constraints:02x}{level:02x}"));
            }
            PICTURE_PARAMETERS => has_picture_parameters = true,
            _ => {}
        }
    }
    ensure!(picture_count == 1, "it has {picture_count} pictures, not 1");
    let is_key = idr_count > 0;
    ensure!(
        !is_key || idr_count == slice_count,
        "only some of its slices can be decoded by themselves"
    );
    let has_parameters = codec_string.is_some() && has_picture_parameters;
    ensure!(!is_key || has_parameters, "a key has no parameter sets");
    Ok(ChunkInfo {
        is_key,
        codec_string: codec_string.filter(|_| is_key),
    })
}

/// A unit between two start codes; never empty.
struct Unit<'a> {
    /// Where its start code begins, with the zero byte before it.
    start: usize,
    bytes: &'a [u8],
}

fn units(stream: &[u8]) -> impl Iterator<Item = Unit<'_>> {
    let mut codes = stream
        .windows(3)
        .enumerate()
        .filter(|(_, window)| *window == [0, 0, 1])
        .map(|(at, _)| at)
        .peekable();
    std::iter::from_fn(move || {
        let code = codes.next()?;
        let end = codes.peek().copied().unwrap_or(stream.len());
        let start = code - usize::from(code > 0 && stream[code - 1] == 0);
        let bytes = &stream[code + 3..end.max(code + 3)];
        Some(Unit { start, bytes })
    })
    .filter(|unit| !unit.bytes.is_empty())
}

fn kind(unit: &[u8]) -> u8 {
    unit[0] & 31
}

/// Reads the first few values of a slice.
///
/// They are too small for the bytes that keep start codes out of slices to stand among them,
/// unless a picture has millions of macroblocks, and then the value is refused or another.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn bit(&mut self) -> Option<u32> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit.into())
    }

    fn exp_golomb(&mut self) -> Option<u32> {
        let mut zero_count = 0;
        while self.bit()? == 0 {
            zero_count += 1;
            if zero_count > 30 {
                return None;
            }
        }
        let mut value = 1;
        for _ in 0..zero_count {
            value = value << 1 | self.bit()?;
        }
        Some(value - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMETERS: &[u8] = &[0, 0, 0, 1, 0x67, 0x64, 0, 0x28, 1, 0, 0, 1, 0x68, 1];
    /// A first slice of type I (7), then of type P (5) and B (6).
    const IDR: &[u8] = &[0, 0, 1, 0x65, 0b1000_1000];
    const P: &[u8] = &[0, 0, 1, 0x41, 0b1001_1000];
    const B: &[u8] = &[0, 0, 1, 0x41, 0b1001_1100];

    #[test]
    fn keys_and_others_are_told_apart() {
        let key = read(&[PARAMETERS, IDR].concat()).unwrap();
        assert_eq!(key.codec_string.as_deref(), Some("avc1.640028"));
        assert!(key.is_key);
        let other = read(P).unwrap();
        assert_eq!((other.is_key, other.codec_string), (false, None));
    }

    #[test]
    fn what_is_not_one_picture_in_order_is_refused() {
        for (wrong, chunk) in [
            ("nothing", vec![]),
            ("no start code", vec![0x65, 0x88]),
            ("no parameters", IDR.to_vec()),
            ("parameters alone", PARAMETERS.to_vec()),
            ("two pictures", [PARAMETERS, IDR, IDR].concat()),
            (
                "half a key",
                [PARAMETERS, IDR, &[0, 0, 1, 0x41, 0b0101_1000]].concat(),
            ),
            ("a B slice", B.to_vec()),
            ("a slice cut off", vec![0, 0, 1, 0x41]),
        ] {
            assert!(read(&chunk).is_err(), "took {wrong}");
        }
    }

    #[test]
    fn a_stream_is_cut_at_its_delimiters() {
        let delimiter: &[u8] = &[0, 0, 0, 1, 9, 0x10];
        let stream = [delimiter, PARAMETERS, IDR, delimiter, P].concat();
        let chunks = split(&stream);
        assert_eq!(chunks.len(), 2);
        assert_eq!(chunks.concat(), stream);
        assert!(read(&chunks[0]).unwrap().is_key && !read(&chunks[1]).unwrap().is_key);
    }
}
