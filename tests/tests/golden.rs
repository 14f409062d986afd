//! Goal: the renderer draws the pictures that a person has looked at, on every machine.
//! Method: draw small scenes made here with a native GPU (in CI lavapipe) and compare with
//! `golden/*.png`; `BLESS=1` writes them anew.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod scenes;

use std::path::PathBuf;

use glam::UVec2;
use scenes::{Bench, OFF_SHARE_MAX, SIZE_PX, difference, mesh_ball, on, points, upload_ball};
use touchline_render::{Item, Surface};

/// GPUs round interpolation, filtering and coverage differently, by a level or two everywhere and
/// by more along edges. A wrong colour, size or place moves whole areas, far beyond these.
const MEAN_DIFFERENCE_MAX: f64 = 1.0;
fn check(name: &str, rgba: &[u8]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("golden/{name}.png"));
    if std::env::var_os("BLESS").is_some() {
        image::save_buffer(&path, rgba, SIZE_PX.x, SIZE_PX.y, image::ColorType::Rgba8).unwrap();
        return;
    }
    let golden = image::open(&path)
        .unwrap_or_else(|error| panic!("{error}: BLESS=1 writes {}", path.display()))
        .to_rgba8();
    assert_eq!(golden.dimensions(), (SIZE_PX.x, SIZE_PX.y), "{name}");
    let (mean, off_share) = difference(golden.as_raw(), rgba);
    if mean > MEAN_DIFFERENCE_MAX || off_share > OFF_SHARE_MAX {
        let drawn = std::env::temp_dir().join(format!("touchline-golden-{name}.png"));
        image::save_buffer(&drawn, rgba, SIZE_PX.x, SIZE_PX.y, image::ColorType::Rgba8).unwrap();
        panic!(
            "{name}: mean difference {mean:.2}, {:.2} % of pixels off; drawn: {}",
            off_share * 100.0,
            drawn.display()
        );
    }
}

#[test]
fn every_surface() {
    let mut bench = Bench::new();
    let surfaces = [
        ("none", Surface::None),
        ("studio", Surface::Studio),
        ("pitch", Surface::Pitch),
        ("track", Surface::Track),
        ("ice", Surface::Ice),
        ("snow", Surface::Snow),
        ("court", Surface::Court),
    ];
    assert_eq!(surfaces.map(|(_, surface)| surface), Surface::ALL);
    for (name, surface) in surfaces {
        let rgba = bench.draw(&on(surface), &[]);
        check(&format!("surface-{name}"), &rgba);
    }
}

#[test]
fn points_on_a_pitch() {
    let mut bench = Bench::new();
    let ball = upload_ball(&mut bench);
    let rgba = bench.draw(&on(Surface::Pitch), &[points(&ball)]);
    check("points", &rgba);
}

#[test]
fn a_lit_mesh_in_vertex_colours() {
    let mut bench = Bench::new();
    let frame = &mesh_ball(&mut bench, [200, 60, 40, 255]);
    let item = Item::Mesh {
        frame,
        next: None,
        texture: None,
        is_lit: true,
        opacity: 1.0,
    };
    let rgba = bench.draw(&on(Surface::Pitch), &[item]);
    check("mesh-lit", &rgba);
}

/// Eight by four squares, finer and finer to the right; rows from the top.
fn chequers() -> (UVec2, Vec<u8>) {
    let size_px = UVec2::new(256, 128);
    let texel = |x: u32, y: u32| {
        let edge = if x < 128 { 16 } else { 2 };
        let is_light = (x / edge + y / edge).is_multiple_of(2);
        let top = if y < 32 { 255 } else { 40 };
        if is_light {
            [250, 250, 245, 255]
        } else {
            [top, 40, 90, 255]
        }
    };
    let rgba = (0..size_px.y)
        .flat_map(|y| (0..size_px.x).flat_map(move |x| texel(x, y)))
        .collect();
    (size_px, rgba)
}

#[test]
fn a_textured_mesh() {
    let mut bench = Bench::new();
    let frame = &mesh_ball(&mut bench, [255; 4]);
    let (size_px, rgba) = chequers();
    let texture = bench.renderer.create_texture(size_px.x, size_px.y).unwrap();
    bench.renderer.write_rgba(&texture, &rgba).unwrap();
    let item = Item::Mesh {
        frame,
        next: None,
        texture: Some(&texture),
        is_lit: false,
        opacity: 1.0,
    };
    let rgba = bench.draw(&on(Surface::Studio), &[item]);
    check("mesh-textured", &rgba);
}
