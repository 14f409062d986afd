//! Letters of straight strokes with round ends, for shirts and boards.

use glam::Vec2;

/// From where to where a stroke goes: x and y, x and y.
type Stroke = (f32, f32, f32, f32);

/// A letter's strokes on a grid 2 wide and 4 high, and its width in grid units.
type Glyph = (&'static [Stroke], f32);

/// The letters that are known, those of one shape together.
const GLYPHS: [(&str, Glyph); 16] = [
    (
        "0O",
        (
            &[
                (0.5, 0.0, 1.5, 0.0),
                (1.5, 0.0, 2.0, 0.6),
                (2.0, 0.6, 2.0, 3.4),
                (2.0, 3.4, 1.5, 4.0),
                (1.5, 4.0, 0.5, 4.0),
                (0.5, 4.0, 0.0, 3.4),
                (0.0, 3.4, 0.0, 0.6),
                (0.0, 0.6, 0.5, 0.0),
            ],
            2.0,
        ),
    ),
    ("1", (&[(0.7, 0.0, 0.7, 4.0), (0.7, 4.0, 0.0, 3.3)], 0.9)),
    (
        "A",
        (
            &[
                (0.0, 0.0, 1.0, 4.0),
                (1.0, 4.0, 2.0, 0.0),
                (0.4, 1.3, 1.6, 1.3),
            ],
            2.0,
        ),
    ),
    (
        "C",
        (
            &[
                (2.0, 0.5, 1.5, 0.0),
                (1.5, 0.0, 0.5, 0.0),
                (0.5, 0.0, 0.0, 0.6),
                (0.0, 0.6, 0.0, 3.4),
                (0.0, 3.4, 0.5, 4.0),
                (0.5, 4.0, 1.5, 4.0),
                (1.5, 4.0, 2.0, 3.5),
            ],
            2.0,
        ),
    ),
    (
        "E",
        (
            &[
                (0.0, 0.0, 0.0, 4.0),
                (0.0, 0.0, 1.8, 0.0),
                (0.0, 2.0, 1.5, 2.0),
                (0.0, 4.0, 1.8, 4.0),
            ],
            1.8,
        ),
    ),
    (
        "F",
        (
            &[
                (0.0, 0.0, 0.0, 4.0),
                (0.0, 2.0, 1.5, 2.0),
                (0.0, 4.0, 1.8, 4.0),
            ],
            1.8,
        ),
    ),
    (
        "G",
        (
            &[
                (2.0, 3.5, 1.5, 4.0),
                (1.5, 4.0, 0.5, 4.0),
                (0.5, 4.0, 0.0, 3.4),
                (0.0, 3.4, 0.0, 0.6),
                (0.0, 0.6, 0.5, 0.0),
                (0.5, 0.0, 2.0, 0.0),
                (2.0, 0.0, 2.0, 1.9),
                (2.0, 1.9, 1.2, 1.9),
            ],
            2.0,
        ),
    ),
    (
        "H",
        (
            &[
                (0.0, 0.0, 0.0, 4.0),
                (2.0, 0.0, 2.0, 4.0),
                (0.0, 2.0, 2.0, 2.0),
            ],
            2.0,
        ),
    ),
    ("I", (&[(0.2, 0.0, 0.2, 4.0)], 0.4)),
    ("L", (&[(0.0, 0.0, 0.0, 4.0), (0.0, 0.0, 1.7, 0.0)], 1.7)),
    (
        "N",
        (
            &[
                (0.0, 0.0, 0.0, 4.0),
                (0.0, 4.0, 2.0, 0.0),
                (2.0, 0.0, 2.0, 4.0),
            ],
            2.0,
        ),
    ),
    (
        "R",
        (
            &[
                (0.0, 0.0, 0.0, 4.0),
                (0.0, 4.0, 1.5, 4.0),
                (1.5, 4.0, 2.0, 3.5),
                (2.0, 3.5, 2.0, 2.6),
                (2.0, 2.6, 1.5, 2.1),
                (1.5, 2.1, 0.0, 2.1),
                (1.0, 2.1, 2.0, 0.0),
            ],
            2.0,
        ),
    ),
    (
        "S",
        (
            &[
                (0.0, 0.5, 0.5, 0.0),
                (0.5, 0.0, 1.5, 0.0),
                (1.5, 0.0, 2.0, 0.6),
                (2.0, 0.6, 2.0, 1.5),
                (2.0, 1.5, 0.0, 2.5),
                (0.0, 2.5, 0.0, 3.4),
                (0.0, 3.4, 0.5, 4.0),
                (0.5, 4.0, 1.5, 4.0),
                (1.5, 4.0, 2.0, 3.5),
            ],
            2.0,
        ),
    ),
    ("T", (&[(1.0, 0.0, 1.0, 4.0), (0.0, 4.0, 2.0, 4.0)], 2.0)),
    (
        "U",
        (
            &[
                (0.0, 4.0, 0.0, 0.6),
                (0.0, 0.6, 0.5, 0.0),
                (0.5, 0.0, 1.5, 0.0),
                (1.5, 0.0, 2.0, 0.6),
                (2.0, 0.6, 2.0, 4.0),
            ],
            2.0,
        ),
    ),
    ("V", (&[(0.0, 4.0, 1.0, 0.0), (1.0, 0.0, 2.0, 4.0)], 2.0)),
];

/// What any other letter is.
const SPACE: Glyph = (&[], 1.0);

fn glyph(letter: char) -> Glyph {
    let known = GLYPHS.iter().find(|(letters, _)| letters.contains(letter));
    known.map_or(SPACE, |&(_, glyph)| glyph)
}

/// The space between letters, grid units.
const GAP: f32 = 1.1;

/// The strokes of `text`, from its middle, on lines `height` high; and half its width.
pub(crate) fn strokes(text: &str, height: f32) -> (Vec<(Vec2, Vec2)>, f32) {
    let unit = height / 4.0;
    let width: f32 = text
        .chars()
        .map(|letter| glyph(letter).1 + GAP)
        .sum::<f32>()
        - GAP;
    let mut pen = -width * 0.5;
    let mut strokes = Vec::new();
    for letter in text.chars() {
        let (lines, advance) = glyph(letter);
        for &(x0, y0, x1, y1) in lines {
            strokes.push((
                Vec2::new(pen + x0, y0 - 2.0) * unit,
                Vec2::new(pen + x1, y1 - 2.0) * unit,
            ));
        }
        pen += advance + GAP;
    }
    (strokes, width * 0.5 * unit)
}

/// Whether `text`, centred on `(centre_x, centre_y)`, covers the point `(x, y)`.
pub(crate) fn is_inked(
    text: &str,
    x: f32,
    y: f32,
    centre_x: f32,
    centre_y: f32,
    height: f32,
    thickness: f32,
) -> bool {
    let point = Vec2::new(x - centre_x, y - centre_y);
    if point.y.abs() > (height + thickness) * 0.5 {
        return false;
    }
    let (strokes, half_width) = strokes(text, height - thickness);
    point.x.abs() < half_width + thickness
        && strokes.iter().any(|&(a, b)| {
            let along = b - a;
            let share = (point - a).dot(along) / along.length_squared();
            (point - a - along * share.clamp(0.0, 1.0)).length() < thickness * 0.5
        })
}
