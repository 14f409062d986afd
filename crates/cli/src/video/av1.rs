//! AV1 as packs hold it: one temporal unit a chunk, the sequence header in keys; and IVF, the
//! framing in which ffmpeg hands it over.
//!
//! Source: AV1 bitstream specification, 5.3 to 5.9 and annex A.

use anyhow::{Context, Result, bail, ensure};

use super::ChunkInfo;

const SEQUENCE_HEADER: u8 = 1;
const FRAME_HEADER: u8 = 3;
const FRAME: u8 = 6;
const IVF_HEADER_SIZE: usize = 32;
const IVF_FRAME_HEADER_SIZE: usize = 12;

/// Cuts an IVF file into its frames.
pub(super) fn split(ivf: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut chunks = Vec::new();
    let mut rest = ivf.get(IVF_HEADER_SIZE..).context("ffmpeg made no IVF")?;
    while !rest.is_empty() {
        let cut_off = "the IVF that ffmpeg made is cut off";
        let (header, more) = rest
            .split_at_checked(IVF_FRAME_HEADER_SIZE)
            .context(cut_off)?;
        let size = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
        let (chunk, more) = more.split_at_checked(size as usize).context(cut_off)?;
        chunks.push(chunk.to_vec());
        rest = more;
    }
    Ok(chunks)
}

/// Joins chunks to an IVF file.
pub(super) fn join(chunks: &[&[u8]], [width, height]: [u32; 2]) -> Vec<u8> {
    let mut ivf = b"DKIF\0\0\x20\0AV01".to_vec();
    ivf.extend((width as u16).to_le_bytes());
    ivf.extend((height as u16).to_le_bytes());
    // A rate of 1 a second, as many frames as there are, and nothing.
    for number in [1, 1, chunks.len() as u32, 0] {
        ivf.extend(number.to_le_bytes());
    }
    for (index, chunk) in (0u64..).zip(chunks) {
        ivf.extend((chunk.len() as u32).to_le_bytes());
        ivf.extend(index.to_le_bytes());
        ivf.extend_from_slice(chunk);
    }
    ivf
}

/// What a temporal unit says of itself.
pub(super) fn read(chunk: &[u8]) -> Result<ChunkInfo> {
    let mut codec_string = None;
    let mut shown_count = 0;
    let mut is_key = false;
    let mut rest = chunk;
    while let Some((&header, more)) = rest.split_first() {
        ensure!(header & 0x82 == 2, "a unit in it has no size");
        rest = more;
        if header & 4 != 0 {
            rest = rest.get(1..).context("a unit is cut off")?;
        }
        let size = leb128(&mut rest).context("a unit is cut off")?;
        let (unit, more) = rest.split_at_checked(size).context("a unit is cut off")?;
        rest = more;
        match header >> 3 & 15 {
            SEQUENCE_HEADER => codec_string = Some(codec_string_of(unit)?),
            FRAME_HEADER | FRAME => {
                let first = *unit.first().context("a frame is cut off")?;
                let (is_repeat, frame_type, is_shown) =
                    (first >> 7, first >> 5 & 3, first >> 4 & 1);
                // Frames that are only referred to belong to the next one that is shown.
                if is_repeat == 1 || is_shown == 1 {
                    shown_count += 1;
                    is_key = is_repeat == 0 && frame_type == 0;
                }
            }
            _ => {}
        }
    }
    ensure!(shown_count == 1, "it has {shown_count} pictures, not 1");
    ensure!(
        !is_key || codec_string.is_some(),
        "a key has no sequence header"
    );
    Ok(ChunkInfo {
        is_key,
        codec_string: codec_string.filter(|_| is_key),
    })
}

fn leb128(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for place in 0..5 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= usize::from(byte & 127) << (7 * place);
        if byte & 128 == 0 {
            return Some(value);
        }
    }
    None
}

/// `av01.PROFILE.LEVEL TIER.DEPTH` of a sequence header: main profile alone, 8 bits a sample.
fn codec_string_of(header: &[u8]) -> Result<String> {
    let number = header.iter().take(8).enumerate();
    let bits = number.fold(0, |all, (at, &byte)| all | u64::from(byte) << (56 - 8 * at));
    // From the most significant bit on: profile 3, still 1, reduced 1, timing info 1, delay 1,
    // operating points 5, the first one's layers 12, its level 5, its tier 1 for levels above 7.
    let field = |at: u32, count: u32| bits >> (64 - at - count) & ((1 << count) - 1);
    ensure!(field(0, 3) == 0, "it is not of the main profile");
    if field(4, 1) != 0 || field(5, 1) != 0 {
        bail!("its sequence header is of a kind that no video texture has");
    }
    let level = field(24, 5);
    let tier = if level > 7 && field(29, 1) == 1 {
        'H'
    } else {
        'M'
    };
    Ok(format!("av01.0.{level:02}{tier}.08"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As SVT-AV1 made it of pictures of 1024 x 1024, level 5.
    const SEQUENCE: &[u8] = &[0x0a, 0x06, 0x00, 0x00, 0x00, 0x2c, 0xcf, 0xff];
    const KEY: &[u8] = &[0x32, 0x01, 0b0001_0000];
    const HIDDEN: &[u8] = &[0x32, 0x01, 0b0010_0000];
    const SHOWN: &[u8] = &[0x32, 0x01, 0b0011_0000];
    const REPEAT: &[u8] = &[0x1a, 0x01, 0b1000_0000];

    #[test]
    fn keys_and_others_are_told_apart() {
        let key = read(&[&[0x12, 0x00], SEQUENCE, KEY].concat()).unwrap();
        assert_eq!(key.codec_string.as_deref(), Some("av01.0.05M.08"));
        assert!(key.is_key);
        for other in [SHOWN.to_vec(), REPEAT.to_vec(), [HIDDEN, SHOWN].concat()] {
            assert!(!read(&other).unwrap().is_key);
        }
    }

    #[test]
    fn what_is_not_one_picture_is_refused() {
        for (wrong, chunk) in [
            ("nothing", vec![]),
            ("a key without its header", KEY.to_vec()),
            ("a header alone", SEQUENCE.to_vec()),
            ("two pictures", [SHOWN, SHOWN].concat()),
            ("a hidden picture", HIDDEN.to_vec()),
            ("a unit cut off", vec![0x32, 0x05, 0x10]),
            ("a unit without a size", vec![0x30, 0x10]),
        ] {
            assert!(read(&chunk).is_err(), "took {wrong}");
        }
    }

    #[test]
    fn ivf_goes_there_and_back() {
        let chunks: [&[u8]; 2] = [KEY, SHOWN];
        assert_eq!(split(&join(&chunks, [8, 8])).unwrap(), chunks);
        assert!(split(&join(&chunks, [8, 8])[..50]).is_err());
    }
}
