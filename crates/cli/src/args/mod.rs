//! What can be asked of `touchline` on the command line.
//!
//! Only shapes and texts: a value that can be refused without looking at files is refused here.

mod keyed;
mod live;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use touchline_scene::FrameRate;

pub use live::{BoundsArg, LiveArgs};

pub use keyed::{ClipArg, NormalsArg, PresetArg, TextureArg, TrackArg, ViewpointArg};

/// Makes, checks, serves and draws replay packs.
#[derive(Debug, Parser)]
#[command(name = "touchline", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes a pack from captured frames
    Pack(Box<PackArgs>),
    /// Says what is in a pack
    Inspect(InspectArgs),
    /// Checks every byte of a pack
    Verify(VerifyArgs),
    /// Serves a folder to browsers, for development
    Serve(ServeArgs),
    /// Draws frames of a pack to PNG files
    Render(RenderArgs),
}

/// Makes a pack from captured frames.
///
/// A track's frames are PLY or OBJ files with numbers at the ends of their names. Images beside
/// mesh frames with the same numbers are their textures.
///
/// A glTF file (.glb or .gltf) is a track by itself: its scene in one of its animations, baked to
/// a mesh for each frame from 0 to the animation's end, so 1 s at 30 frames a second gives 31. It
/// brings its texture; without an animation it is static.
#[derive(Debug, Args)]
#[command(after_help = PACK_EXAMPLES)]
pub struct PackArgs {
    /// Frames of one track each: a folder, a file or a quoted pattern such as 'points/*.ply'
    #[arg(value_name = "FRAMES")]
    pub inputs: Vec<String>,
    /// A track with its options: path=FOLDER|FILE|PATTERN and any of id, title, kind
    /// (points|mesh), role (subject|ball|venue), alternative, shading (baked|lit),
    /// normals (derived|coded: smooth ones that a player makes, or those of the frames, for hard
    /// edges and finer detail under light; coded ones imply shading=lit), static (true|false),
    /// texture (PATTERN|FILE|none), clip (NAME|NUMBER|none: which animation of a glTF file, if it
    /// has several), v (up|down: where texture rows grow; PLY and glTF down, OBJ up), joined by
    /// commas
    #[arg(long = "track", value_name = "KEY=VALUE,..")]
    pub tracks: Vec<TrackArg>,
    /// Where the pack goes: a single file if this ends in `.touchline`, else a folder
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
    /// Overwrite a pack that is there already
    #[arg(long)]
    pub force: bool,
    /// Frames a second, as 25 or 30000/1001
    #[arg(long, value_name = "RATE", default_value = "30", value_parser = parse_frame_rate)]
    pub frame_rate: FrameRate,
    /// Programme date-time of the first frame, as 2026-02-14T19:30:00Z
    #[arg(long, value_name = "RFC3339")]
    pub start: Option<jiff::Timestamp>,
    /// The axis that points up in the input; in glTF it is always y
    #[arg(long, value_enum, default_value_t = Up::Y)]
    pub up: Up,
    /// The unit of lengths in the input; in glTF it is always the metre
    #[arg(long, value_enum, default_value_t = Unit::Metres)]
    pub unit: Unit,
    /// Names the pack for people
    #[arg(long)]
    pub title: Option<String>,
    /// Names the pack for machines; the default is made from the title or the output's name
    #[arg(long)]
    pub id: Option<String>,
    /// Seconds in a segment: shorter starts faster, longer packs tighter
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, value_parser = parse_segment_secs)]
    pub segment_secs: f64,
    /// Grid on which points are stored; the default is the `voxel_metres` comment of the input,
    /// else the median distance between neighbouring points of the first frame, so that few
    /// points fall together
    #[arg(long, value_name = "METRES", value_parser = parse_positive)]
    pub voxel_metres: Option<f32>,
    /// How far a stored vertex of a mesh may lie from where it was, on each axis
    #[arg(long, value_name = "MM", default_value_t = 0.6, value_parser = parse_positive)]
    pub position_error_mm: f32,
    /// How exactly the colours of points are kept
    #[arg(long, value_enum, default_value_t = ColourQuality::Standard)]
    pub colour_quality: ColourQuality,
    /// Layers of points: the first is a coarse figure that is there soon, each further one
    /// refines it
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = parse_layers())]
    pub layers: u8,
    /// Renditions of meshes: the first as it was captured, each further one with about a third of
    /// the triangles of the one before; fewer where a mesh has few triangles
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = parse_renditions())]
    pub renditions: u8,
    /// What a mesh's sequence of images becomes: a video, images as they are, or both, of which a
    /// player takes the first that it can decode; a video needs `ffmpeg` on the path
    #[arg(
        long,
        value_name = "KIND,..",
        value_enum,
        value_delimiter = ',',
        default_values_t = [TextureKind::Video, TextureKind::Images]
    )]
    pub textures: Vec<TextureKind>,
    /// The codec of video textures
    #[arg(long, value_enum, default_value_t = TextureCodec::H264)]
    pub texture_codec: TextureCodec,
    /// How exactly a video texture shows its images
    #[arg(long, value_enum, default_value_t = TextureQuality::Standard)]
    pub texture_quality: TextureQuality,
    /// Title, stage, presets, cameras and credits, written as in a manifest
    #[arg(long, value_name = "FILE")]
    pub scene: Option<PathBuf>,
    /// A named viewpoint: id=, title=, target='x y z' (metres), yaw= and pitch= (degrees),
    /// distance= (metres), fov= (degrees), joined by commas; the first is where a fan starts
    #[arg(long = "preset", value_name = "KEY=VALUE,..")]
    pub presets: Vec<PresetArg>,
    /// A picture to show before the replay
    #[arg(long, value_name = "FILE")]
    pub poster: Option<PathBuf>,
    /// Add the pack to this reel, the list of an event's packs, or bring it up to date there; the
    /// pack must lie in the reel's folder or below it
    #[arg(long, value_name = "FILE")]
    pub reel: Option<PathBuf>,
    /// Threads to work with; the default is one a processor
    #[arg(long, value_name = "COUNT")]
    pub threads: Option<usize>,
    /// Progress and result as lines of JSON on the standard output
    #[arg(long)]
    pub json: bool,
    /// How frames are waited for.
    #[command(flatten)]
    pub live: LiveArgs,
}

const PACK_EXAMPLES: &str = "\
Examples:
  touchline pack points/ --frame-rate 30 --out jump.touchline
  touchline pack --frame-rate 25 --out match/ \\
    --track 'id=athlete,path=mesh/,texture=mesh/tex_*.jpg,alternative=athlete' \\
    --track 'id=cloud,path=points/*.ply,alternative=athlete' \\
    --track 'id=stadium,path=stadium.obj,role=venue,shading=lit'
  touchline pack --track 'path=mascot.glb,clip=Cheer' --out mascot.touchline
  touchline pack --live frames/ --frame-rate 50 --end-file frames/done --out event/goal-1
  reconstruct | touchline pack --live - --out event/goal-2 --reel event/reel.json";

/// Says what is in a pack.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A `.touchline` file, a folder with a manifest.json, or the manifest
    pub pack: PathBuf,
    /// As JSON on the standard output
    #[arg(long)]
    pub json: bool,
}

/// Checks every byte of a pack.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A `.touchline` file, a folder with a manifest.json, or the manifest
    pub pack: PathBuf,
    /// Threads to work with; the default is one a processor
    #[arg(long, value_name = "COUNT")]
    pub threads: Option<usize>,
    /// Progress and result as lines of JSON on the standard output
    #[arg(long)]
    pub json: bool,
}

/// Serves a folder to browsers, for development.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// What to serve
    pub folder: PathBuf,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
}

/// Draws frames of a pack to PNG files.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// A `.touchline` file, a folder with a manifest.json, or the manifest
    pub pack: PathBuf,
    /// Index of the frame to draw
    #[arg(long, default_value_t = 0)]
    pub frame: u32,
    /// Look from this preset; the default is the pack's first
    #[arg(long, value_name = "ID", group = "from")]
    pub preset: Option<String>,
    /// Look from here: target='x y z' (metres), yaw= and pitch= (degrees), distance= (metres),
    /// fov= (degrees), joined by commas
    #[arg(long, value_name = "KEY=VALUE,..", group = "from")]
    pub viewpoint: Option<ViewpointArg>,
    /// Look through this broadcast camera
    #[arg(long, value_name = "ID", group = "from")]
    pub camera: Option<String>,
    /// Draw these tracks only; the default is all, the first of each alternative
    #[arg(long = "track", value_name = "ID")]
    pub tracks: Vec<String>,
    /// Draw points from so many of their layers only, coarsest first; the default is all
    #[arg(long, value_name = "COUNT", value_parser = parse_layers())]
    pub layers: Option<u8>,
    /// Draw meshes in this of their renditions, 0 the finest; in their coarsest if they have fewer
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    pub rendition: usize,
    /// Width and height of the picture, pixels
    #[arg(long, value_name = "WxH", default_value = "1280x720", value_parser = parse_size)]
    pub size: [u32; 2],
    /// The PNG file to write
    #[arg(long, value_name = "FILE", required_unless_present = "frames_dir")]
    pub out: Option<PathBuf>,
    /// Draw every frame into this folder, as frame_00000.png
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["out", "frame"])]
    pub frames_dir: Option<PathBuf>,
    /// Burn the frame's number into the top left corner, for checks of synchrony
    #[arg(long)]
    pub frame_code: bool,
    /// Progress and result as lines of JSON on the standard output
    #[arg(long)]
    pub json: bool,
}

/// How exactly the colours of points are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColourQuality {
    /// Every bit
    Exact,
    /// Hard to tell from exact
    High,
    /// As good as the photographs behind most captures
    Standard,
    /// For thin lines
    Low,
}

/// What a sequence of images becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextureKind {
    /// A video: a fraction of the bytes
    Video,
    /// Images as they are, for players that cannot decode the video
    Images,
}

/// The codec of a video texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextureCodec {
    /// Decoded everywhere, most often by hardware
    H264,
    /// Smaller, but not decoded by older phones
    Av1,
}

/// How exactly a video texture shows its images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextureQuality {
    /// Hard to tell from the images
    High,
    /// As good as the photographs behind most captures
    Standard,
    /// For thin lines
    Low,
}

/// The axis that points up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Up {
    /// As the stage has it.
    Y,
    /// As most survey and CAD tools have it.
    Z,
}

/// A unit of length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Unit {
    /// As the stage has it.
    Metres,
    /// Hundredths.
    Cm,
    /// Thousandths.
    Mm,
    /// 0.0254 m.
    Inches,
    /// 0.3048 m.
    Feet,
}

impl Unit {
    /// Metres in one of it.
    pub fn metres(self) -> f32 {
        match self {
            Self::Metres => 1.0,
            Self::Cm => 0.01,
            Self::Mm => 0.001,
            Self::Inches => 0.0254,
            Self::Feet => 0.3048,
        }
    }
}

fn parse_frame_rate(text: &str) -> Result<FrameRate, String> {
    let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
    let whole = |part: &str| part.trim().parse::<u32>().ok().filter(|&number| number > 0);
    match (whole(numerator), whole(denominator)) {
        (Some(numerator), Some(denominator)) => Ok(FrameRate {
            numerator,
            denominator,
        }),
        _ => Err("a frame rate is a whole number or a fraction, as 25 or 30000/1001".to_owned()),
    }
}

fn parse_segment_secs(text: &str) -> Result<f64, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| format!("`{text}` is no number of seconds"))?;
    if (0.05..=10.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("a segment lasts 0.05 to 10 seconds".to_owned())
    }
}

/// As many as a track may have streams.
fn parse_layers() -> clap::builder::RangedI64ValueParser<u8> {
    clap::value_parser!(u8).range(1..=16)
}

/// More would have hardly any triangles.
fn parse_renditions() -> clap::builder::RangedI64ValueParser<u8> {
    clap::value_parser!(u8).range(1..=4)
}

fn parse_positive(text: &str) -> Result<f32, String> {
    let number: f32 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if number > 0.0 && number.is_finite() {
        Ok(number)
    } else {
        Err("must be above 0".to_owned())
    }
}

fn parse_size(text: &str) -> Result<[u32; 2], String> {
    let side = |part: &str| {
        let sides = 16..=8192;
        part.parse::<u32>().ok().filter(|side| sides.contains(side))
    };
    let (width, height) = text.split_once('x').unwrap_or((text, ""));
    match (side(width), side(height)) {
        (Some(width), Some(height)) => Ok([width, height]),
        _ => Err("a size is WIDTHxHEIGHT, 16 to 8192 pixels each".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn rates_and_sizes_are_read() {
        assert_eq!(parse_frame_rate("25").unwrap(), FrameRate::whole(25));
        assert_eq!(parse_frame_rate("30000/1001").unwrap().denominator, 1001);
        assert!(parse_frame_rate("0").is_err() && parse_frame_rate("29.97").is_err());
        assert_eq!(parse_size("640x360").unwrap(), [640, 360]);
        assert!(parse_size("640").is_err() && parse_size("640x9000").is_err());
    }
}
