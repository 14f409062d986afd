//! The frame code: a frame's index in black and white, to be read from a video's pixels.

use anyhow::{Result, ensure};
use glam::UVec2;

/// Cells of a frame code: white, black, 13 bits of the frame's index, even parity.
const CODE_CELL_COUNT: u32 = 16;
/// Bits of the frame's index.
const CODE_BIT_COUNT: u32 = 13;

/// Burns the frame's index into the top left corner, to be read from a video's pixels.
///
/// One row of 16 square cells: white, black, then the index's 13 bits, most significant first,
/// white for 1, and a last one that makes the number of ones even.
pub(super) fn burn(rgba: &mut [u8], size_px: UVec2, index: u32) -> Result<()> {
    ensure!(
        index < 1 << CODE_BIT_COUNT,
        "a frame code counts to 8191, this is frame {index}"
    );
    let cell_px = (size_px.x / 80 / 2 * 2).max(8);
    let fits = cell_px * CODE_CELL_COUNT <= size_px.x && cell_px <= size_px.y;
    ensure!(
        fits,
        "the picture is too small for a frame code: 128 pixels wide is the least"
    );
    for y in 0..cell_px {
        for x in 0..cell_px * CODE_CELL_COUNT {
            let value = if code_cell(index, x / cell_px) {
                255
            } else {
                0
            };
            let at = ((y * size_px.x + x) * 4) as usize;
            rgba[at..at + 3].fill(value);
        }
    }
    Ok(())
}

/// Whether a cell of the code is white.
fn code_cell(index: u32, cell: u32) -> bool {
    match cell {
        0 => true,
        1 => false,
        15 => index.count_ones() % 2 == 1,
        _ => index >> (CODE_BIT_COUNT + 1 - cell) & 1 == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_index() {
        for index in [0, 1, 77, 4096, 8191] {
            let cells: Vec<bool> = (0..16).map(|cell| code_cell(index, cell)).collect();
            assert_eq!(cells[..2], [true, false]);
            let read = cells[2..15]
                .iter()
                .fold(0, |read, &bit| read << 1 | u32::from(bit));
            assert_eq!(read, index);
            assert_eq!(cells[2..].iter().filter(|&&bit| bit).count() % 2, 0);
        }
        let mut rgba = vec![7; 320 * 180 * 4];
        burn(&mut rgba, UVec2::new(320, 180), 5).unwrap();
        assert_eq!(rgba[..3], [255; 3]);
        assert_eq!(rgba[8 * 4..8 * 4 + 3], [0; 3]);
        assert!(burn(&mut rgba, UVec2::new(100, 100), 5).is_err());
        assert!(burn(&mut rgba, UVec2::new(320, 180), 8192).is_err());
    }
}
