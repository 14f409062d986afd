//! What can be asked of `touchline pack --live`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use glam::Vec3;
use touchline_scene::Bounds;

/// How frames are waited for.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "While frames still arrive")]
pub struct LiveArgs {
    /// Publish segment by segment while frames still arrive, in folders or patterns that are
    /// watched, or as PLY files one after another on the standard input for the one track whose
    /// path is `-`. Ended by the end of the standard input or one of the next three options.
    /// Stopped in any other way, the pack stays open: the same command goes on where it was
    #[arg(long, conflicts_with = "force")]
    pub live: bool,
    /// End with so many frames
    #[arg(long, value_name = "COUNT", requires = "live",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub frames: Option<u32>,
    /// End with the frames that are there once this file is there too
    #[arg(long, value_name = "FILE", requires = "live")]
    pub end_file: Option<PathBuf>,
    /// End when nothing has come for so long; 0 takes what is there and ends
    #[arg(long, value_name = "SECONDS", requires = "live", value_parser = parse_secs)]
    pub idle_secs: Option<f64>,
    /// Take a file when it has not changed for so long and is a whole frame. A file that is
    /// renamed into place needs none; OBJ and text that are written slowly need more
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, value_parser = parse_secs)]
    pub settle_secs: f64,
    /// The box in which all will happen, metres, y up, its lowest corner first: 'x y z x y z'.
    /// Camera and ground are made for it; the default is the box around the first segment, which
    /// grows with the frames
    #[arg(
        long,
        value_name = "BOX",
        requires = "live",
        allow_hyphen_values = true
    )]
    pub bounds: Option<BoundsArg>,
}

/// One `--bounds`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundsArg(pub Bounds);

impl FromStr for BoundsArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Result<Vec<f32>, _> = text.split_whitespace().map(str::parse).collect();
        if let Ok(&[a, b, c, x, y, z]) = numbers.as_deref() {
            let (lo, hi) = (Vec3::new(a, b, c), Vec3::new(x, y, z));
            if lo.is_finite() && hi.is_finite() && lo.cmple(hi).all() {
                return Ok(Self(Bounds { lo, hi }));
            }
        }
        Err("a box is six numbers, the lowest corner first, as '-5 0 -5 5 2.5 5'".to_owned())
    }
}

/// A day at most: more is a slip.
fn parse_secs(text: &str) -> Result<f64, String> {
    let secs: f64 = text
        .parse()
        .map_err(|_| format!("`{text}` is no number of seconds"))?;
    if (0.0..=86_400.0).contains(&secs) {
        Ok(secs)
    } else {
        Err("0 to 86400 seconds".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_and_spans_are_read() {
        let BoundsArg(bounds) = "-5 0 -5 5 2.5 5".parse().unwrap();
        assert_eq!(bounds.hi, Vec3::new(5.0, 2.5, 5.0));
        for wrong in [
            "",
            "0 0 0 1 1",
            "0 0 0 1 -1 1",
            "0 0 0 1 1 nan",
            "a b c d e f",
        ] {
            assert!(wrong.parse::<BoundsArg>().is_err(), "took {wrong}");
        }
        assert_eq!(parse_secs("0"), Ok(0.0));
        assert!(parse_secs("-1").is_err() && parse_secs("nan").is_err());
    }
}
