//! Reads PLY: points or a mesh, text or binary, with the comments that voxel captures carry.
//!
//! Coordinates of an integer type are cells of a grid: `comment voxel_metres V` is a cell's edge
//! and `comment offset_metres X Y Z` the grid's corner, both in metres.

use std::fmt;
use std::io::{BufRead, Cursor};
use std::marker::PhantomData;
use std::path::Path;

use anyhow::Result;
use glam::Vec3;
use serde::Deserialize;
use serde::de::{self, SeqAccess, Visitor};
use serde_ply::{ElementDef, PlyHeader, PlyReader, PropertyType, ScalarType};

use super::geometry::Geometry;
use crate::error::BadInput;

/// A point with a colour: the fast path of the PLY library, which knows no aliases.
#[derive(Deserialize)]
struct PointRow {
    x: f32,
    y: f32,
    z: f32,
    #[serde(default)]
    red: f32,
    #[serde(default)]
    green: f32,
    #[serde(default)]
    blue: f32,
}

/// A vertex with all that a mesh may have.
#[derive(Deserialize)]
struct VertexRow {
    x: f32,
    y: f32,
    z: f32,
    #[serde(default)]
    red: f32,
    #[serde(default)]
    green: f32,
    #[serde(default)]
    blue: f32,
    #[serde(default)]
    alpha: f32,
    #[serde(default, alias = "u", alias = "texture_u")]
    s: f32,
    #[serde(default, alias = "v", alias = "texture_v")]
    t: f32,
    #[serde(default)]
    nx: f32,
    #[serde(default)]
    ny: f32,
    #[serde(default)]
    nz: f32,
}

/// A polygon.
#[derive(Deserialize)]
struct FaceRow {
    #[serde(alias = "vertex_index")]
    vertex_indices: Vec<u32>,
}

/// A row that nobody asked for.
#[derive(Deserialize)]
struct OtherRow {}

/// The rows of an element as far as they could be read, and why not further.
struct Rows<T> {
    rows: Vec<T>,
    stopped: Option<String>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for All<T> {
            type Value = Rows<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("rows")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rows<T>, A::Error> {
                // Grows with the bytes there are, not as the header says.
                let mut rows = Vec::new();
                loop {
                    let stopped = match seq.next_element() {
                        Ok(Some(row)) => {
                            rows.push(row);
                            continue;
                        }
                        Ok(None) => None,
                        Err(error) => Some(error.to_string()),
                    };
                    return Ok(Rows { rows, stopped });
                }
            }
        }
        deserializer.deserialize_seq(All(PhantomData))
    }
}

/// Reads the bytes of the file at `path`.
pub(crate) fn read(path: &Path, mut bytes: Vec<u8>) -> Result<Geometry> {
    if !bytes.starts_with(b"ply\n") && !bytes.starts_with(b"ply\r") {
        let what = "this is no PLY file: it does not start with \"ply\"";
        return Err(BadInput::new(path, what, "export this frame as PLY or OBJ").into());
    }
    if header_says_ascii(&bytes) {
        bytes.push(b'\n'); // The last number needs an end to be read.
    }
    let mut cursor = Cursor::new(bytes.as_slice());
    let geometry = read_one(path, &mut cursor)?;
    let rest = &bytes[cursor.position() as usize..];
    if !rest.iter().all(u8::is_ascii_whitespace) {
        let what = format!("{} bytes follow the last element", rest.len());
        let remedy = "export this frame again: its header counts fewer rows than it has";
        return Err(BadInput::new(path, what, remedy).at("the end").into());
    }
    Ok(geometry)
}

/// Reads the next of several files that follow each other; nothing at the end of the stream.
///
/// `name` is what an error calls it.
pub(crate) fn read_next(name: &Path, stream: &mut impl BufRead) -> Result<Option<Geometry>> {
    loop {
        let unreadable = |error: std::io::Error| {
            BadInput::new(name, error.to_string(), "see why the stream broke off")
        };
        let rest = stream.fill_buf().map_err(unreadable)?;
        // A line end may stand between a text file's last number and the next file.
        let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
        let (blank_count, count) = (blank.count(), rest.len());
        stream.consume(blank_count);
        match (count, blank_count < count) {
            (0, _) => return Ok(None),
            (_, true) => return read_one(name, stream).map(Some),
            (_, false) => {}
        }
    }
}

/// Reads one file, up to its last row.
fn read_one(path: &Path, stream: &mut impl BufRead) -> Result<Geometry> {
    let mut reader = PlyReader::from_reader(&mut *stream).map_err(|error| {
        let what = format!("the header cannot be read: {}", error.0);
        BadInput::new(path, what, "export this frame again").at("the header")
    })?;
    let header = reader.header().clone();
    let plan = Plan::from_header(&header, path)?;
    let (mut geometry, mut failure) = (Geometry::default(), None);
    for element in &header.elem_defs {
        let (row_count, stopped) = match (element.name.as_str(), plan.is_mesh) {
            ("vertex", false) => read_points(&mut reader, &plan, &mut geometry)?,
            ("vertex", true) => read_vertices(&mut reader, &plan, &mut geometry)?,
            ("face", true) => read_faces(&mut reader, path, &mut geometry)?,
            _ => {
                let rows: Rows<OtherRow> = reader.next_element()?;
                (rows.rows.len(), rows.stopped)
            }
        };
        if let Some(stopped) = stopped {
            failure = Some((element, row_count, stopped));
            break;
        }
    }
    drop(reader);
    if let Some((element, row_index, stopped)) = failure {
        let is_truncated = stream.fill_buf().is_ok_and(<[u8]>::is_empty);
        return Err(row_error(path, element, row_index, &stopped, is_truncated).into());
    }
    geometry.voxel_metres = plan.voxel_metres;
    Ok(geometry)
}

/// Whether the numbers are text, which must be known before the header is parsed.
fn header_says_ascii(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|&byte| byte == b'\n').take(16);
    lines.any(|line| line.starts_with(b"format ascii"))
}

/// Says which row of which element could not be read.
fn row_error(
    path: &Path,
    element: &ElementDef,
    row_index: usize,
    stopped: &str,
    is_truncated: bool,
) -> BadInput {
    let place = format!("{} {row_index}", element.name);
    if is_truncated {
        let what = format!(
            "the file ends early: it has {row_index} of {} rows of `{}`",
            element.count, element.name
        );
        BadInput::new(path, what, "copy or export this frame again").at(place)
    } else {
        let what = format!("a value cannot be read: {stopped}");
        BadInput::new(path, what, "export this frame again").at(place)
    }
}

/// What the header promises.
struct Plan {
    is_mesh: bool,
    has_colour: bool,
    has_alpha: bool,
    has_texture: bool,
    has_normals: bool,
    /// Turns a stored colour into 0 to 255.
    colour_scale: f32,
    voxel_metres: Option<f32>,
    offset_metres: Vec3,
}

impl Plan {
    fn from_header(header: &PlyHeader, path: &Path) -> Result<Self> {
        let wrong = |what: String, remedy: &str| {
            anyhow::Error::from(BadInput::new(path, what, remedy).at("the header"))
        };
        let remedy = "export this frame with positions x y z of every vertex";
        let Some(vertex) = header.get_element("vertex") else {
            return Err(wrong("there is no element `vertex`".to_owned(), remedy));
        };
        for element in &header.elem_defs {
            // Rows without bytes would be read for ever.
            if element.properties.is_empty() && element.count > 0 {
                let what = format!("the element `{}` has no properties", element.name);
                return Err(wrong(what, "export this frame again"));
            }
        }
        if vertex.count == 0 {
            let remedy = "export this frame again, or leave it and all after it out";
            return Err(wrong("the frame has no points".to_owned(), remedy));
        }
        let mut is_grid = true;
        for axis in ["x", "y", "z"] {
            let Some(of_type) = scalar(vertex, axis) else {
                return Err(wrong(format!("vertices have no number `{axis}`"), remedy));
            };
            is_grid &= !matches!(of_type, ScalarType::F32 | ScalarType::F64);
        }
        let red = scalar(vertex, "red");
        let has_colour =
            red.is_some() && vertex.has_property("green") && vertex.has_property("blue");
        let colour_scale = match red {
            Some(ScalarType::F32 | ScalarType::F64) => 255.0,
            Some(ScalarType::U16) => 255.0 / 65535.0,
            _ => 1.0,
        };
        let has_texture = [("s", "t"), ("u", "v"), ("texture_u", "texture_v")]
            .iter()
            .any(|(u, v)| vertex.has_property(u) && vertex.has_property(v));
        let (voxel_metres, offset_metres) = if is_grid {
            grid(header, path)?
        } else {
            (None, Vec3::ZERO)
        };
        Ok(Self {
            is_mesh: header
                .get_element("face")
                .is_some_and(|face| face.count > 0),
            has_colour,
            has_alpha: vertex.has_property("alpha"),
            has_texture,
            has_normals: ["nx", "ny", "nz"]
                .iter()
                .all(|axis| scalar(vertex, axis).is_some()),
            colour_scale,
            voxel_metres,
            offset_metres,
        })
    }

    /// Where a stored coordinate lies.
    fn position(&self, stored: Vec3) -> Vec3 {
        match self.voxel_metres {
            Some(voxel) => (stored + 0.5) * voxel + self.offset_metres,
            None => stored,
        }
    }

    fn colour(&self, stored: [f32; 3], alpha: f32) -> [u8; 4] {
        // The casts saturate, so odd numbers become the nearest colour.
        let byte = |value: f32| (value * self.colour_scale).round() as u8;
        let alpha = if self.has_alpha { byte(alpha) } else { 255 };
        [byte(stored[0]), byte(stored[1]), byte(stored[2]), alpha]
    }
}

/// The type of a property that is one number.
fn scalar(element: &ElementDef, name: &str) -> Option<ScalarType> {
    match element.get_property(name)?.property_type {
        PropertyType::Scalar(of_type) => Some(of_type),
        PropertyType::List { .. } => None,
    }
}

/// The grid that integer coordinates count on.
fn grid(header: &PlyHeader, path: &Path) -> Result<(Option<f32>, Vec3)> {
    let numbers_of = |name: &str| -> Option<Vec<f32>> {
        let comment = header.comments.iter().find_map(|comment| {
            let (key, rest) = comment.split_once(' ')?;
            (key == name).then_some(rest)
        })?;
        comment
            .split_whitespace()
            .map(|number| number.parse().ok())
            .collect()
    };
    let wrong = |what: &str, remedy: &str| BadInput::new(path, what, remedy).at("the header");
    let voxel = match numbers_of("voxel_metres").as_deref() {
        Some(&[voxel]) if voxel > 0.0 && voxel.is_finite() => voxel,
        _ => {
            let what = "coordinates are integers, but no comment says how long one is";
            let remedy = "add `comment voxel_metres V` and `comment offset_metres X Y Z`";
            return Err(wrong(what, remedy).into());
        }
    };
    let offset = match numbers_of("offset_metres").as_deref() {
        None => Vec3::ZERO,
        Some(&[x, y, z]) if [x, y, z].iter().all(|axis| axis.is_finite()) => Vec3::new(x, y, z),
        Some(_) => {
            let what = "the comment `offset_metres` has no three numbers";
            return Err(wrong(what, "write `comment offset_metres X Y Z`").into());
        }
    };
    Ok((Some(voxel), offset))
}

/// How many rows were read, and why no more.
type Outcome = (usize, Option<String>);

fn read_points<R: BufRead>(
    reader: &mut PlyReader<R>,
    plan: &Plan,
    geometry: &mut Geometry,
) -> Result<Outcome> {
    let rows: Rows<PointRow> = reader.next_element()?;
    for row in &rows.rows {
        geometry
            .positions
            .push(plan.position(Vec3::new(row.x, row.y, row.z)));
        if plan.has_colour {
            geometry
                .colours
                .push(plan.colour([row.red, row.green, row.blue], 255.0));
        }
    }
    Ok((rows.rows.len(), rows.stopped))
}

fn read_vertices<R: BufRead>(
    reader: &mut PlyReader<R>,
    plan: &Plan,
    geometry: &mut Geometry,
) -> Result<Outcome> {
    let rows: Rows<VertexRow> = reader.next_element()?;
    for row in &rows.rows {
        geometry
            .positions
            .push(plan.position(Vec3::new(row.x, row.y, row.z)));
        if plan.has_colour {
            geometry
                .colours
                .push(plan.colour([row.red, row.green, row.blue], row.alpha));
        }
        if plan.has_texture {
            geometry.texture.push([row.s, row.t]);
        }
        if plan.has_normals {
            geometry.normals.push(Vec3::new(row.nx, row.ny, row.nz));
        }
    }
    Ok((rows.rows.len(), rows.stopped))
}

fn read_faces<R: BufRead>(
    reader: &mut PlyReader<R>,
    path: &Path,
    geometry: &mut Geometry,
) -> Result<Outcome> {
    let rows: Rows<FaceRow> = reader.next_element()?;
    for (face_index, face) in rows.rows.iter().enumerate() {
        let corners = &face.vertex_indices;
        if corners.len() < 3 {
            let what = format!("the face has {} corners", corners.len());
            let remedy = "export this frame with triangles only";
            return Err(BadInput::new(path, what, remedy)
                .at(format!("face {face_index}"))
                .into());
        }
        for pair in corners[1..].windows(2) {
            geometry.indices.extend([corners[0], pair[0], pair[1]]);
        }
    }
    Ok((rows.rows.len(), rows.stopped))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "property float x\nproperty float y\nproperty float z\n";

    fn ascii(elements: &str, rows: &str) -> Vec<u8> {
        format!("ply\nformat ascii 1.0\n{elements}end_header\n{rows}").into_bytes()
    }

    fn read_bytes(bytes: &[u8]) -> Result<Geometry> {
        read(Path::new("a.ply"), bytes.to_vec())
    }

    #[test]
    fn text_is_read_also_without_a_last_line_end() {
        let elements = format!(
            "element vertex 3\n{HEADER}property uchar red\nproperty uchar green\n\
             property uchar blue\n\
             element face 1\nproperty list uchar int vertex_index\n"
        );
        let rows = "0 0 0 255 0 0\n1 0 0 0 255 0\n0 1 0 0 0 255\n3 0 1 2";
        let mesh = read_bytes(&ascii(&elements, rows)).unwrap();
        assert_eq!(mesh.indices, [0, 1, 2]);
        assert_eq!(mesh.colours[1], [0, 255, 0, 255]);
        assert_eq!(mesh.positions[2], Vec3::Y);
    }

    #[test]
    fn both_byte_orders_and_grids_are_read() {
        for (order, low_first) in [("little", true), ("big", false)] {
            let mut bytes = format!(
                "ply\nformat binary_{order}_endian 1.0\ncomment voxel_metres 0.5\n\
                 comment offset_metres -1 0 2\nelement vertex 1\nproperty ushort x\n\
                 property ushort y\nproperty ushort z\nend_header\n"
            )
            .into_bytes();
            for cell in [1u16, 2, 3] {
                bytes.extend(if low_first {
                    cell.to_le_bytes()
                } else {
                    cell.to_be_bytes()
                });
            }
            let points = read_bytes(&bytes).unwrap();
            assert_eq!(points.positions, [Vec3::new(-0.25, 1.25, 3.75)]);
            assert_eq!(points.voxel_metres, Some(0.5));
            bytes.pop();
            let error = read_bytes(&bytes).unwrap_err().to_string();
            assert!(
                error.contains("ends early") && error.contains("vertex 0"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let vertex = format!("element vertex 2\n{HEADER}");
        let cases: [(Vec<u8>, &str); 7] = [
            (b"solid cube".to_vec(), "no PLY file"),
            (ascii(&vertex, "0 0 0\n0 x 0\n"), "vertex 1"),
            (ascii(&vertex, "0 0 0\n"), "ends early"),
            (ascii(&vertex, "0 0 0\n0 0 0\n1 1 1\n"), "follow the last"),
            (
                ascii("element vertex 1\nproperty float x\n", "0\n"),
                "no number `y`",
            ),
            (
                ascii(&format!("element vertex 0\n{HEADER}"), ""),
                "no points",
            ),
            (
                ascii(
                    &HEADER
                        .replace("float", "int")
                        .replacen("prop", "element vertex 1\nprop", 1),
                    "1 1 1\n",
                ),
                "voxel_metres",
            ),
        ];
        for (bytes, expected) in cases {
            let error = read_bytes(&bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{error} has no {expected}");
            assert!(error.ends_with("(a.ply)"), "{error}");
        }
    }
}
