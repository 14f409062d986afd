//! Options that hold several values: `key=value,key=value`.

use std::str::FromStr;

use touchline_pack::{Kind, Role, Shading};
use touchline_scene::Viewpoint;

/// Where the frames' textures are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TextureArg {
    /// Images beside the frames, if there are any with the same numbers.
    #[default]
    Beside,
    /// There are none, whatever lies beside the frames.
    None,
    /// This file, folder or pattern.
    At(String),
}

/// Which motion of a glTF file is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClipArg {
    /// The only one that it has; a file without one stands still.
    #[default]
    Only,
    /// None, whatever it has.
    None,
    /// The one of this name, or of this number counted from 0.
    Chosen(String),
}

/// Where the normals of a mesh come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NormalsArg {
    /// The player makes smooth ones.
    #[default]
    Derived,
    /// The frames have them, and they are coded.
    Coded,
}

/// One `--track`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackArg {
    /// Folder, file or pattern of its frames.
    pub path: String,
    /// Unique in the pack; made from the path if absent.
    pub id: Option<String>,
    /// For people.
    pub title: String,
    /// Which motion of a glTF file it shows.
    pub clip: ClipArg,
    /// Seen from the files if absent.
    pub kind: Option<Kind>,
    /// Subject if absent.
    pub role: Option<Role>,
    /// Name shared by tracks that show the same thing.
    pub alternative: Option<String>,
    /// How its colours meet the light; lit if absent and normals are coded, else baked.
    pub shading: Option<Shading>,
    /// Where its normals come from.
    pub normals: NormalsArg,
    /// Whether it is shown all the time; a venue of one frame and a glTF file that does not move
    /// are if absent.
    pub is_static: Option<bool>,
    /// Where its textures are.
    pub texture: TextureArg,
    /// Whether v of texture coordinates grows upwards; the file kind's habit if absent.
    pub is_v_up: Option<bool>,
}

impl TrackArg {
    /// How its colours meet the light: normals are coded for the sake of it.
    pub fn shading(&self) -> Shading {
        self.shading.unwrap_or(match self.normals {
            NormalsArg::Derived => Shading::Baked,
            NormalsArg::Coded => Shading::Lit,
        })
    }
}

impl FromStr for TrackArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut track = Self::default();
        for (key, value) in pairs(text)? {
            match key {
                "path" => value.clone_into(&mut track.path),
                "id" => track.id = Some(value.to_owned()),
                "title" => value.clone_into(&mut track.title),
                "alternative" => track.alternative = Some(value.to_owned()),
                "kind" => track.kind = Some(one_of(key, value, &KINDS)?),
                "role" => track.role = Some(one_of(key, value, &ROLES)?),
                "shading" => track.shading = Some(one_of(key, value, &SHADINGS)?),
                "normals" => track.normals = one_of(key, value, &NORMALS)?,
                "static" => track.is_static = Some(one_of(key, value, &BOOLEANS)?),
                "clip" if value == "none" => track.clip = ClipArg::None,
                "clip" => track.clip = ClipArg::Chosen(value.to_owned()),
                "v" => track.is_v_up = Some(one_of(key, value, &V_DIRECTIONS)?),
                "texture" if value == "none" => track.texture = TextureArg::None,
                "texture" => track.texture = TextureArg::At(value.to_owned()),
                _ => {
                    return Err(unknown_key(
                        key,
                        "path, id, title, kind, role, alternative, shading, normals, static, \
                         texture, clip, v",
                    ));
                }
            }
        }
        if track.path.is_empty() {
            return Err("`path=` is missing: say where the track's frames are".to_owned());
        }
        if track.normals == NormalsArg::Coded && track.shading == Some(Shading::Baked) {
            return Err(
                "`normals=coded` is for light, and `shading=baked` has none: \
                        leave one of them out"
                    .to_owned(),
            );
        }
        Ok(track)
    }
}

const KINDS: [(&str, Kind); 2] = [("points", Kind::Points), ("mesh", Kind::Mesh)];
const ROLES: [(&str, Role); 3] = [
    ("subject", Role::Subject),
    ("ball", Role::Ball),
    ("venue", Role::Venue),
];
const SHADINGS: [(&str, Shading); 2] = [("baked", Shading::Baked), ("lit", Shading::Lit)];
const NORMALS: [(&str, NormalsArg); 2] = [
    ("derived", NormalsArg::Derived),
    ("coded", NormalsArg::Coded),
];
const BOOLEANS: [(&str, bool); 2] = [("true", true), ("false", false)];
const V_DIRECTIONS: [(&str, bool); 2] = [("up", true), ("down", false)];

/// One `--preset`.
#[derive(Clone, Debug, PartialEq)]
pub struct PresetArg {
    /// Unique in the pack.
    pub id: String,
    /// For people.
    pub title: String,
    /// Where it looks from.
    pub viewpoint: Viewpoint,
}

impl FromStr for PresetArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut id, mut title) = (None, None);
        let mut rest = Vec::new();
        for (key, value) in pairs(text)? {
            match key {
                "id" => id = Some(value.to_owned()),
                "title" => title = Some(value.to_owned()),
                _ => rest.push((key, value)),
            }
        }
        let id = id.ok_or("`id=` is missing")?;
        Ok(Self {
            title: title.unwrap_or_else(|| id.clone()),
            id,
            viewpoint: viewpoint_from_pairs(&rest)?,
        })
    }
}

/// One `--viewpoint`.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewpointArg(pub Viewpoint);

impl FromStr for ViewpointArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        viewpoint_from_pairs(&pairs(text)?).map(Self)
    }
}

fn viewpoint_from_pairs(pairs: &[(&str, &str)]) -> Result<Viewpoint, String> {
    let mut viewpoint = Viewpoint {
        target: glam::Vec3::ZERO,
        yaw_radians: 0.0,
        pitch_radians: 0.0,
        distance_metres: 0.0,
        fov_y_radians: 40f32.to_radians(),
    };
    for &(key, value) in pairs {
        match key {
            "target" => viewpoint.target = parse_vector(value)?,
            "yaw" => viewpoint.yaw_radians = parse_number(key, value)?.to_radians(),
            "pitch" => viewpoint.pitch_radians = parse_number(key, value)?.to_radians(),
            "distance" => viewpoint.distance_metres = parse_number(key, value)?,
            "fov" => viewpoint.fov_y_radians = parse_number(key, value)?.to_radians(),
            _ => return Err(unknown_key(key, "target, yaw, pitch, distance, fov")),
        }
    }
    if viewpoint.distance_metres <= 0.0 {
        return Err("`distance=` is missing or not above 0: metres from target to eye".to_owned());
    }
    if viewpoint.pitch_radians.abs() > std::f32::consts::FRAC_PI_2 {
        return Err("`pitch` is -90 to 90 degrees".to_owned());
    }
    if viewpoint.fov_y_radians <= 0.0 || viewpoint.fov_y_radians >= std::f32::consts::PI {
        return Err("`fov` is 0 to 180 degrees".to_owned());
    }
    Ok(viewpoint)
}

/// Splits `key=value,key=value`.
fn pairs(text: &str) -> Result<Vec<(&str, &str)>, String> {
    text.split(',')
        .map(|pair| {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("`{pair}` is no `key=value`"))?;
            Ok((key.trim(), value.trim()))
        })
        .collect()
}

fn unknown_key(key: &str, known: &str) -> String {
    format!("unknown key `{key}`; known are {known}")
}

fn one_of<T: Copy>(key: &str, value: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let found = choices.iter().find(|(name, _)| *name == value);
    found.map(|&(_, choice)| choice).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|&(name, _)| name).collect();
        format!("`{key}` is one of {}, not `{value}`", names.join(", "))
    })
}

fn parse_number(key: &str, value: &str) -> Result<f32, String> {
    let number: f32 = value
        .parse()
        .map_err(|_| format!("`{key}` is a number, not `{value}`"))?;
    if number.is_finite() {
        Ok(number)
    } else {
        Err(format!("`{key}` is finite"))
    }
}

fn parse_vector(value: &str) -> Result<glam::Vec3, String> {
    let axes = value
        .split_whitespace()
        .map(|axis| parse_number("target", axis))
        .collect::<Result<Vec<_>, _>>()?;
    let axes: [f32; 3] = axes
        .try_into()
        .map_err(|_| "`target` is three numbers with spaces between them".to_owned())?;
    Ok(axes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_are_read() {
        let track: TrackArg = "id=a,path=points/,kind=points,role=ball,static=true,v=up"
            .parse()
            .unwrap();
        assert_eq!(track.id.as_deref(), Some("a"));
        assert_eq!(track.kind, Some(Kind::Points));
        assert_eq!(track.is_static, Some(true));
        assert_eq!(track.is_v_up, Some(true));
        assert_eq!(track.shading(), Shading::Baked);
        let track: TrackArg = "path=a.obj,normals=coded".parse().unwrap();
        assert_eq!(track.shading(), Shading::Lit);
        for wrong in [
            "id=a",
            "path=x,kind=cube",
            "path=x,colour=red",
            "path=x,normals=coded,shading=baked",
            "path",
        ] {
            assert!(wrong.parse::<TrackArg>().is_err(), "took {wrong}");
        }
    }

    #[test]
    fn presets_are_read() {
        let preset: PresetArg = "id=goal,target=0 1 -2,yaw=90,pitch=10,distance=12"
            .parse()
            .unwrap();
        assert_eq!(preset.title, "goal");
        assert_eq!(preset.viewpoint.target, glam::Vec3::new(0.0, 1.0, -2.0));
        assert!((preset.viewpoint.yaw_radians - std::f32::consts::FRAC_PI_2).abs() < 1e-6);
        for wrong in [
            "id=a",
            "target=0 0 0,distance=1",
            "id=a,target=0 0,distance=1",
            "id=a,distance=1,pitch=91",
            "id=a,distance=nan",
        ] {
            assert!(wrong.parse::<PresetArg>().is_err(), "took {wrong}");
        }
    }
}
