//! Looks: what the materials of a glTF file become, which is one texture or a colour a vertex.
//!
//! Source: glTF 2.0 specification, section 3.9; KHR_texture_transform.

use std::collections::BTreeSet;

use ::gltf::json::image::Image as ImageEntry;
use ::gltf::json::material::{AlphaMode, Material};
use ::gltf::json::mesh::{Primitive, Semantic};
use ::gltf::json::texture::{Info, WrappingMode};
use ::gltf::json::validation::Checked;
use ::gltf::json::{Index, accessor::Accessor};
use anyhow::Result;
use glam::{Affine2, Vec2, Vec3, Vec4};
use image::RgbImage;

use super::document::Document;
use super::part::{Part, attribute, uneven};
use crate::args::TextureArg;
use crate::error::BadInput;
use crate::pack::texture::Image;

/// What a file looks like, vertex by vertex over all parts.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// v down; empty if no texture is wanted.
    pub(super) texture: Vec<[f32; 2]>,
    /// sRGB and alpha; empty beside a texture, and if the file has no colours.
    pub(super) colours: Vec<[u8; 4]>,
    /// The file's own texture.
    pub(super) image: Option<Image>,
    /// What is left out, in words for the operator.
    pub(super) loss: Option<String>,
}

/// What a part wears.
struct Dress<'a> {
    material: Option<&'a Material>,
    name: String,
    vertex_count: usize,
    /// Linear.
    tint: Vec4,
    /// Whether alpha counts.
    is_clear: bool,
    /// Linear, one a vertex; empty if the part has none.
    colours: Vec<Vec4>,
    image: Option<Index<ImageEntry>>,
    wrap: [WrappingMode; 2],
    /// Of the texture if there is one, else the first; empty if the part has none.
    coordinates: Vec<Vec2>,
}

impl Look {
    /// The file's texture or colours, or coordinates for a texture from elsewhere.
    pub(super) fn of(
        document: &Document,
        parts: &[(Part, &Primitive)],
        wanted: &TextureArg,
    ) -> Result<Self> {
        let dress = |(part, primitive): &(Part, &Primitive)| {
            Dress::of(document, primitive, part.positions.len())
        };
        let dresses: Vec<Dress<'_>> = parts.iter().map(dress).collect::<Result<_>>()?;
        let has_image = dresses.iter().any(|dress| dress.image.is_some());
        match wanted {
            TextureArg::At(_) => Ok(Self {
                texture: coordinates(&dresses),
                ..Self::default()
            }),
            TextureArg::Beside if has_image => Self::textured(document, &dresses),
            TextureArg::Beside | TextureArg::None => Self::coloured(document, &dresses),
        }
    }

    /// All parts wear the same texture.
    fn textured(document: &Document, dresses: &[Dress<'_>]) -> Result<Self> {
        let first = &dresses[0];
        let is_alike = |dress: &Dress<'_>| {
            dress.image == first.image && dress.tint.truncate() == first.tint.truncate()
        };
        let (Some(image), true) = (first.image, dresses.iter().all(is_alike)) else {
            let names = dresses.iter().map(|dress| dress.name.as_str());
            let names: Vec<&str> = names.collect::<BTreeSet<_>>().into_iter().collect();
            let what = format!(
                "its materials do not share one texture: {}",
                names.join(", ")
            );
            let remedy = "bake them into one, or say `texture=none` for a colour a vertex";
            return Err(BadInput::new(&document.path, what, remedy).into());
        };
        let tint = first.tint.truncate();
        let mut image = document.image(image)?;
        if tint != Vec3::ONE {
            image = image.recoloured(|pixel| srgb_of(linear_of(pixel) * tint))?;
        }
        let is_painted = |dress: &&Dress<'_>| {
            let mut colours = dress.colours.iter();
            colours.any(|colour| colour.truncate() != Vec3::ONE)
        };
        let painted = dresses.iter().find(is_painted);
        Ok(Self {
            texture: coordinates(dresses),
            colours: Vec::new(),
            image: Some(image),
            loss: painted.map(|dress| {
                let name = &dress.name;
                format!("its texture stays, the vertex colours of material {name} are left out")
            }),
        })
    }

    /// A colour a vertex: what the material, its texture and the vertex say together.
    fn coloured(document: &Document, dresses: &[Dress<'_>]) -> Result<Self> {
        let mut look = Self::default();
        let is_bare = |dress: &Dress<'_>| dress.material.is_none() && dress.colours.is_empty();
        if dresses.iter().all(is_bare) {
            return Ok(look);
        }
        let mut decoded: Option<(Index<ImageEntry>, RgbImage)> = None;
        for dress in dresses {
            if let Some(index) = dress.image
                && decoded.as_ref().is_none_or(|(of, _)| *of != index)
            {
                decoded = Some((index, document.image(index)?.decode()?));
            }
            let image = decoded.as_ref().filter(|_| dress.image.is_some());
            for vertex in 0..dress.vertex_count {
                let mut colour = dress.tint * dress.colours.get(vertex).unwrap_or(&Vec4::ONE);
                if let (Some((_, image)), Some(&at)) = (image, dress.coordinates.get(vertex)) {
                    colour *= texel(image, at, dress.wrap).extend(1.0);
                }
                let [r, g, b] = srgb_of(colour.truncate());
                let alpha = if dress.is_clear { colour.w } else { 1.0 };
                look.colours.push([r, g, b, byte_of(alpha)]);
            }
        }
        Ok(look)
    }
}

impl<'a> Dress<'a> {
    fn of(document: &'a Document, primitive: &Primitive, vertex_count: usize) -> Result<Self> {
        let material = primitive
            .material
            .map(|index| document.get(index))
            .transpose()?;
        let surface = material.map(|material| &material.pbr_metallic_roughness);
        let texture = surface.and_then(|surface| surface.base_color_texture.as_ref());
        let colours = match attribute(primitive, Semantic::Colors(0)) {
            Some(colours) => linear_colours(document, colours)?,
            None => Vec::new(),
        };
        let coordinates = coordinates_of(document, primitive, texture)?;
        for rows in [colours.len(), coordinates.len()] {
            if rows != 0 && rows != vertex_count {
                return Err(uneven(document, "an attribute"));
            }
        }
        let mut dress = Self {
            material,
            name: name_of(primitive, material),
            vertex_count,
            tint: surface.map_or(Vec4::ONE, |surface| surface.base_color_factor.0.into()),
            is_clear: material.is_some_and(|material| {
                matches!(material.alpha_mode, Checked::Valid(AlphaMode::Blend))
            }),
            colours,
            image: None,
            wrap: [WrappingMode::Repeat; 2],
            coordinates,
        };
        if let Some(texture) = texture {
            let texture = document.get(texture.index)?;
            dress.image = Some(texture.source);
            if let Some(sampler) = texture.sampler {
                let sampler = document.get(sampler)?;
                dress.wrap = [sampler.wrap_s, sampler.wrap_t].map(|wrap| match wrap {
                    Checked::Valid(wrap) => wrap,
                    Checked::Invalid => WrappingMode::Repeat,
                });
            }
        }
        Ok(dress)
    }
}

fn name_of(primitive: &Primitive, material: Option<&Material>) -> String {
    match (
        primitive.material,
        material.and_then(|material| material.name.clone()),
    ) {
        (_, Some(name)) => name,
        (Some(index), None) => index.to_string(),
        (None, None) => "(none)".to_owned(),
    }
}

/// Where a texture lies on a primitive.
fn coordinates_of(
    document: &Document,
    primitive: &Primitive,
    texture: Option<&Info>,
) -> Result<Vec<Vec2>> {
    let extensions = texture.and_then(|texture| texture.extensions.as_ref());
    let transform = extensions.and_then(|extensions| extensions.texture_transform.as_ref());
    let set = texture.map_or(0, |texture| texture.tex_coord);
    let set = transform
        .and_then(|transform| transform.tex_coord)
        .unwrap_or(set);
    let Some(accessor) = attribute(primitive, Semantic::TexCoords(set)) else {
        return Ok(Vec::new());
    };
    let image_from_uv = transform.map_or(Affine2::IDENTITY, |transform| {
        let (scale, offset) = (transform.scale.0.into(), transform.offset.0.into());
        // Counter-clockwise where v points down.
        Affine2::from_scale_angle_translation(scale, -transform.rotation.0, offset)
    });
    let uvs = document.numbers::<2>(accessor)?.into_iter();
    Ok(uvs
        .map(|uv| image_from_uv.transform_point2(uv.into()))
        .collect())
}

/// Red, green, blue and perhaps alpha, as they are in the file: linear.
fn linear_colours(document: &Document, index: Index<Accessor>) -> Result<Vec<Vec4>> {
    if document.width(index)? == 3 {
        let colours = document.numbers::<3>(index)?.into_iter();
        return Ok(colours.map(|rgb| Vec3::from(rgb).extend(1.0)).collect());
    }
    let colours = document.numbers::<4>(index)?.into_iter();
    Ok(colours.map(Vec4::from_array).collect())
}

/// Of all parts; empty if one has none.
fn coordinates(dresses: &[Dress<'_>]) -> Vec<[f32; 2]> {
    if dresses.iter().any(|dress| dress.coordinates.is_empty()) {
        return Vec::new();
    }
    let all = dresses.iter().flat_map(|dress| &dress.coordinates);
    all.map(Vec2::to_array).collect()
}

/// The linear colour of the pixel at a place.
fn texel(image: &RgbImage, at: Vec2, wrap: [WrappingMode; 2]) -> Vec3 {
    let pixel = |axis: usize, size: u32| {
        let inside = match wrap[axis] {
            WrappingMode::ClampToEdge => at[axis],
            WrappingMode::Repeat => at[axis].rem_euclid(1.0),
            // There and back again.
            WrappingMode::MirroredRepeat => 1.0 - (at[axis].rem_euclid(2.0) - 1.0).abs(),
        };
        // The cast saturates.
        ((inside * size as f32) as u32).min(size - 1)
    };
    let [x, y] = [pixel(0, image.width()), pixel(1, image.height())];
    linear_of(image.get_pixel(x, y).0)
}

/// Source: IEC 61966-2-1.
fn linear_of(srgb: [u8; 3]) -> Vec3 {
    let channel = |byte: u8| {
        let value = f32::from(byte) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    Vec3::from(srgb.map(channel))
}

/// Source: IEC 61966-2-1.
fn srgb_of(linear: Vec3) -> [u8; 3] {
    let channel = |value: f32| {
        let curve = 1.055 * value.powf(1.0 / 2.4) - 0.055;
        byte_of(if value <= 0.003_130_8 {
            value * 12.92
        } else {
            curve
        })
    };
    linear.to_array().map(channel)
}

/// 0 to 1 as 0 to 255; the cast saturates, so odd numbers become the nearest.
fn byte_of(share: f32) -> u8 {
    (share * 255.0).round() as u8
}
