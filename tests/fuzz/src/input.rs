//! Several chunks in one input of the fuzzer.
//!
//! The first byte says how many (1 to 4), then follow each but the last with its size before it,
//! 2 bytes little-endian, then the last. Any bytes are an input: what is too long is cut.

/// Chunks in an input at most.
pub(super) const CHUNK_COUNT_MAX: usize = 4;

/// The chunks of an input, never none.
pub(super) fn split(input: &[u8]) -> Vec<&[u8]> {
    let (count, mut rest) = input.split_first().unwrap_or((&0, &[]));
    let mut chunks = Vec::new();
    for _ in 0..usize::from(*count) % CHUNK_COUNT_MAX {
        let (size, after) = rest.split_first_chunk().unwrap_or((&[0; 2], rest));
        let size = usize::from(u16::from_le_bytes(*size));
        let (chunk, after) = after.split_at(size.min(after.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks.push(rest);
    chunks
}

/// The input that [`split`] takes apart into `chunks`.
///
/// # Panics
/// If they are too many or too long.
pub(super) fn join(chunks: &[Vec<u8>]) -> Vec<u8> {
    assert!((1..=CHUNK_COUNT_MAX).contains(&chunks.len()));
    let mut input = vec![chunks.len() as u8 - 1];
    for (index, chunk) in chunks.iter().enumerate() {
        if index + 1 < chunks.len() {
            assert!(chunk.len() <= usize::from(u16::MAX));
            input.extend_from_slice(&(chunk.len() as u16).to_le_bytes());
        }
        input.extend_from_slice(chunk);
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_is_split() {
        for chunks in [
            vec![vec![]],
            vec![vec![7; 5]],
            vec![vec![1; 300], vec![], vec![2], vec![3; 9]],
        ] {
            assert_eq!(split(&join(&chunks)), chunks);
        }
    }

    #[test]
    fn any_input_has_chunks() {
        for (input, chunks) in [
            (&b""[..], vec![&b""[..]]),
            (b"\x03", vec![b"", b"", b"", b""]),
            (b"\x01\xff", vec![b"", b"\xff"]),
            (b"\x01\xff\x00ab", vec![b"ab", b""]),
        ] {
            assert_eq!(split(input), chunks);
        }
    }
}
