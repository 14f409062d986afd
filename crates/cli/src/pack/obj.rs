//! Reads OBJ: a mesh with texture coordinates, normals, vertex colours or the colours of its
//! materials.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::Result;
use glam::Vec3;
use tobj::LoadError;

use super::geometry::Geometry;
use crate::error::BadInput;

/// Counts the lines that were read, so that an error can say where it is.
struct CountLines<'a> {
    rest: &'a [u8],
    line_count: usize,
}

impl Read for CountLines<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.rest.read(out)?;
        self.line_count += out[..read].iter().filter(|&&byte| byte == b'\n').count();
        Ok(read)
    }
}

impl BufRead for CountLines<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        Ok(self.rest)
    }

    fn consume(&mut self, amount: usize) {
        let (used, rest) = self.rest.split_at(amount);
        self.line_count += used.iter().filter(|&&byte| byte == b'\n').count();
        self.rest = rest;
    }
}

/// Reads the bytes of the file at `path`; its material library is looked for beside it.
pub(crate) fn read(path: &Path, bytes: &[u8]) -> Result<Geometry> {
    let mut reader = CountLines {
        rest: bytes,
        line_count: 0,
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let load_materials = |name: &Path| match std::fs::File::open(folder.join(name)) {
        Ok(file) => tobj::load_mtl_buf(&mut BufReader::new(file)),
        // Materials only lend colours: a mesh without them is a mesh still.
        Err(_) => Ok(Default::default()),
    };
    let loaded = tobj::load_obj_buf(&mut reader, &tobj::GPU_LOAD_OPTIONS, load_materials);
    let (models, materials) = loaded.map_err(|error| load_error(path, reader.line_count, error))?;
    let materials = materials.unwrap_or_default();
    let has_texture = models.iter().any(|model| !model.mesh.texcoords.is_empty());
    let is_coloured = |model: &tobj::Model| {
        !model.mesh.vertex_color.is_empty() || diffuse(model, &materials).is_some()
    };
    let has_colour = models.iter().any(is_coloured);
    // Of all or of none: a face without any has no other to take.
    let has_normals = models
        .iter()
        .all(|model| model.mesh.normals.len() == model.mesh.positions.len());
    let mut geometry = Geometry::default();
    for model in &models {
        append(&mut geometry, model, &materials, has_texture, has_colour);
    }
    if has_normals {
        let normals = models
            .iter()
            .flat_map(|model| model.mesh.normals.chunks_exact(3));
        geometry.normals = normals.map(Vec3::from_slice).collect();
    }
    if geometry.indices.is_empty() {
        let what = "the file has no faces";
        let remedy = "export the mesh with faces; give point clouds as PLY";
        return Err(BadInput::new(path, what, remedy).into());
    }
    Ok(geometry)
}

/// Joins one object of the file to the mesh.
fn append(
    geometry: &mut Geometry,
    model: &tobj::Model,
    materials: &[tobj::Material],
    has_texture: bool,
    has_colour: bool,
) {
    let mesh = &model.mesh;
    let first_vertex = geometry.positions.len() as u32;
    let vertex_count = mesh.positions.len() / 3;
    let positions = mesh.positions.chunks_exact(3);
    geometry.positions.extend(positions.map(Vec3::from_slice));
    geometry
        .indices
        .extend(mesh.indices.iter().map(|index| first_vertex + index));
    if has_texture {
        let of_vertices = mesh.texcoords.chunks_exact(2).map(|uv| [uv[0], uv[1]]);
        geometry.texture.extend(of_vertices);
        geometry.texture.resize(geometry.positions.len(), [0.0; 2]);
    }
    if has_colour {
        if mesh.vertex_color.len() == 3 * vertex_count {
            let of_vertices = mesh.vertex_color.chunks_exact(3).map(colour);
            geometry.colours.extend(of_vertices);
        } else {
            let of_material = diffuse(model, materials).unwrap_or([255; 4]);
            geometry
                .colours
                .resize(geometry.positions.len(), of_material);
        }
    }
}

/// The colour of an object's material.
fn diffuse(model: &tobj::Model, materials: &[tobj::Material]) -> Option<[u8; 4]> {
    let material = materials.get(model.mesh.material_id?)?;
    material.diffuse.map(|diffuse| colour(&diffuse))
}

/// Red, green and blue, 0 to 1, as bytes.
fn colour(rgb: &[f32]) -> [u8; 4] {
    // The casts saturate, so odd numbers become the nearest colour.
    let byte = |value: f32| (value * 255.0).round() as u8;
    [byte(rgb[0]), byte(rgb[1]), byte(rgb[2]), 255]
}

fn load_error(path: &Path, line_count: usize, error: LoadError) -> BadInput {
    let place = match error {
        // Found when an object is complete, so the line is where it ends.
        LoadError::FaceVertexOutOfBounds
        | LoadError::FaceTexCoordOutOfBounds
        | LoadError::FaceNormalOutOfBounds
        | LoadError::FaceColorOutOfBounds => format!("the object that ends in line {line_count}"),
        _ => format!("line {line_count}"),
    };
    let what = format!("this is no sound OBJ file: {error}");
    BadInput::new(path, what, "export this frame again").at(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Geometry> {
        read(Path::new("a.obj"), text.as_bytes())
    }

    #[test]
    fn polygons_objects_and_colours_are_read() {
        let text = "o a\nv 0 0 0 1 0 0\nv 1 0 0 1 0 0\nv 1 1 0 1 0 0\nv 0 1 0 1 0 0\n\
                    vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nf 1/1 2/2 3/3 4/4\n";
        let mesh = read_text(text).unwrap();
        assert_eq!(mesh.indices.len(), 6);
        assert_eq!(mesh.colours, [[255, 0, 0, 255]; 4]);
        assert_eq!(mesh.texture[2], [1.0, 1.0]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, expected) in [
            ("v 0 0 0\nv 1 x 0\n", "line 2"),
            ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n", "out of bounds"),
            ("v 0 0 0\n", "no faces"),
        ] {
            let error = read_text(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error} has no {expected}");
        }
    }
}
