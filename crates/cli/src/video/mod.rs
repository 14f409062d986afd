//! Video textures: images to chunks and back through `ffmpeg`, and what can be said of a chunk
//! without it.
//!
//! Follows FORMAT.md 2.4. Nothing here is linked: the `ffmpeg` on the path is started as a program.

mod av1;
mod h264;

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, anyhow, bail, ensure};
use image::RgbImage;
use touchline_pack::CodecId;
use touchline_scene::FrameRate;

use crate::args::{TextureCodec, TextureQuality};

/// A video codec that packs know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VideoCodec {
    H264,
    Av1,
}

/// What a chunk turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkInfo {
    pub(crate) is_key: bool,
    /// As WebCodecs has it; of keys alone.
    pub(crate) codec_string: Option<String>,
}

impl VideoCodec {
    /// The codec of a stream; `None` for images and geometry.
    pub(crate) fn of(codec: CodecId) -> Option<Self> {
        [Self::H264, Self::Av1]
            .into_iter()
            .find(|one| one.id() == codec)
    }

    /// Its name in packs.
    pub(crate) fn id(self) -> CodecId {
        CodecId(match self {
            Self::H264 => *b"h264",
            Self::Av1 => *b"av1_",
        })
    }

    /// Reads what a chunk says of itself.
    ///
    /// # Errors
    /// If it is not one picture, shown in the order in which it is coded.
    pub(crate) fn read(self, chunk: &[u8]) -> Result<ChunkInfo> {
        match self {
            Self::H264 => h264::read(chunk),
            Self::Av1 => av1::read(chunk),
        }
    }
}

/// The encoders that the `ffmpeg` on the path has; `None` if there is no such program.
///
/// # Errors
/// If it is there and does not run.
pub(crate) fn encoders() -> Result<Option<BTreeSet<String>>> {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-encoders"]);
    let output = match command.stdin(Stdio::null()).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        output => output.context("ffmpeg cannot be started")?,
    };
    ensure!(output.status.success(), "ffmpeg does not run");
    let text = String::from_utf8_lossy(&output.stdout);
    // A line is flags, a name and a text.
    let names = text
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1));
    Ok(Some(names.map(str::to_owned).collect()))
}

/// How images become a video.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encoding {
    codec: VideoCodec,
    /// What ffmpeg calls it.
    encoder: &'static str,
    quality: TextureQuality,
    frame_rate: FrameRate,
}

/// SVT-AV1 takes no smaller pictures.
const SVT_SIDE_MIN: u32 = 64;

impl Encoding {
    /// With the encoder of `available` that is best for pictures of `size`; `None` without any.
    pub(crate) fn choose(
        codec: TextureCodec,
        quality: TextureQuality,
        frame_rate: FrameRate,
        size: [u32; 2],
        available: &BTreeSet<String>,
    ) -> Option<Self> {
        let (codec, encoders) = match codec {
            TextureCodec::H264 => (VideoCodec::H264, &["libx264"][..]),
            // The first is ten times as fast, and no worse.
            TextureCodec::Av1 if size.into_iter().all(|side| side >= SVT_SIDE_MIN) => {
                (VideoCodec::Av1, &["libsvtav1", "libaom-av1"][..])
            }
            TextureCodec::Av1 => (VideoCodec::Av1, &["libaom-av1"][..]),
        };
        let encoder = encoders.iter().find(|name| available.contains(**name))?;
        Some(Self {
            codec,
            encoder,
            quality,
            frame_rate,
        })
    }

    /// What it makes.
    pub(crate) fn codec(&self) -> VideoCodec {
        self.codec
    }

    /// Encodes `frame_count` images of `size` pixels, the first as a key; one chunk an image.
    ///
    /// `image` is asked for each, in order.
    pub(crate) fn encode(
        &self,
        [width, height]: [u32; 2],
        frame_count: usize,
        mut image: impl FnMut(usize) -> Result<RgbImage>,
    ) -> Result<Vec<Vec<u8>>> {
        let mut ffmpeg = ffmpeg();
        let size = format!("{}x{}", even(width), even(height));
        let FrameRate {
            numerator,
            denominator,
        } = self.frame_rate;
        let rate = format!("{numerator}/{denominator}");
        ffmpeg.args(["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", &size]);
        ffmpeg.args(["-framerate", &rate, "-i", "pipe:0"]);
        let to_yuv = "scale=in_range=full:out_range=limited:out_color_matrix=bt709\
                      :flags=bicubic+accurate_rnd+full_chroma_int,format=yuv420p";
        ffmpeg.args(["-vf", to_yuv, "-c:v", self.encoder]);
        let (crf, key_distance) = (self.crf().to_string(), frame_count.to_string());
        ffmpeg.args(["-crf", &crf, "-g", &key_distance, "-threads", "1"]);
        // The images are sRGB, which has the primaries of BT.709 and a curve of its own.
        ffmpeg.args(["-color_primaries", "bt709", "-color_trc", "iec61966-2-1"]);
        ffmpeg.args(["-colorspace", "bt709", "-color_range", "tv"]);
        match self.encoder {
            "libx264" => {
                ffmpeg.args(["-preset", "medium", "-profile:v", "high", "-bf", "0"]);
                // Delimiters tell where a chunk begins.
                ffmpeg.args(["-x264-params", "aud=1:scenecut=0:open-gop=0"]);
                // What the encoder says of itself is longer than many a picture.
                ffmpeg.args(["-bsf:v", "filter_units=remove_types=6", "-f", "h264"]);
            }
            "libsvtav1" => {
                ffmpeg.args(["-preset", "8", "-svtav1-params", "scd=0", "-f", "ivf"]);
                ffmpeg.env("SVT_LOG", "1"); // Errors alone.
            }
            _ => {
                ffmpeg.args(["-cpu-used", "6", "-row-mt", "0", "-b:v", "0", "-f", "ivf"]);
            }
        }
        let mut rgb = Vec::new();
        let coded = Running::start(ffmpeg.arg("pipe:1"))?.feed(|stdin| {
            for index in 0..frame_count {
                let image = image(index)?;
                ensure!(
                    image.dimensions() == (width, height),
                    "an image changed while it was packed"
                );
                pad_to_even(&image, &mut rgb);
                stdin.write_all(&rgb)?;
            }
            Ok(())
        })?;
        let chunks = match self.codec {
            VideoCodec::H264 => h264::split(&coded),
            VideoCodec::Av1 => av1::split(&coded)?,
        };
        let count = chunks.len();
        ensure!(
            count == frame_count,
            "ffmpeg made {count} pictures of {frame_count} images"
        );
        Ok(chunks)
    }

    /// The encoder's constant rate factor, of which less is better.
    fn crf(&self) -> u8 {
        match (self.codec, self.quality) {
            (VideoCodec::H264, TextureQuality::High) => 16,
            (VideoCodec::H264, TextureQuality::Standard) => 20,
            (VideoCodec::H264, TextureQuality::Low) => 26,
            (VideoCodec::Av1, TextureQuality::High) => 20,
            (VideoCodec::Av1, TextureQuality::Standard) => 28,
            (VideoCodec::Av1, TextureQuality::Low) => 36,
        }
    }
}

/// Decodes chunks from a key on; returns the last picture, RGBA.
///
/// # Errors
/// If there is no `ffmpeg`, or it refuses the chunks.
pub(crate) fn decode_last(
    codec: VideoCodec,
    chunks: &[&[u8]],
    [width, height]: [u32; 2],
) -> Result<Vec<u8>> {
    let coded = match codec {
        VideoCodec::H264 => chunks.concat(),
        VideoCodec::Av1 => av1::join(chunks, [even(width), even(height)]),
    };
    let mut ffmpeg = ffmpeg();
    ffmpeg.args([
        "-f",
        if codec == VideoCodec::H264 {
            "h264"
        } else {
            "ivf"
        },
    ]);
    ffmpeg.args(["-i", "pipe:0", "-fps_mode", "passthrough"]);
    let last = chunks.len() - 1;
    let to_rgb = format!(
        "select=eq(n\\,{last}),scale=in_color_matrix=bt709:in_range=limited:out_range=full\
         :flags=bicubic+accurate_rnd+full_chroma_int,crop={width}:{height}:0:0:exact=1,format=rgba"
    );
    ffmpeg.args([
        "-vf", &to_rgb, "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1",
    ]);
    let rgba = Running::start(&mut ffmpeg)?.feed(|stdin| Ok(stdin.write_all(&coded)?))?;
    let size = width as usize * height as usize * 4;
    ensure!(rgba.len() == size, "ffmpeg decodes it to another size");
    Ok(rgba)
}

fn ffmpeg() -> Command {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-loglevel", "error", "-nostats", "-y"]);
    ffmpeg
}

/// Videos have even sides.
fn even(side: u32) -> u32 {
    side.next_multiple_of(2)
}

/// An image's rows with the last column and row said twice where their count is odd.
fn pad_to_even(image: &RgbImage, out: &mut Vec<u8>) {
    out.clear();
    let row_bytes = image.width() as usize * 3;
    let rows = || image.as_raw().chunks_exact(row_bytes);
    let surplus_rows = (image.height() % 2) as usize;
    for row in rows().chain(rows().next_back().into_iter().take(surplus_rows)) {
        out.extend_from_slice(row);
        if image.width() % 2 == 1 {
            out.extend_from_slice(&row[row_bytes - 3..]);
        }
    }
}

/// A program at work; ended when dropped.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Result<Self> {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        match command.stderr(Stdio::piped()).spawn() {
            Ok(child) => Ok(Self(child)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("there is no ffmpeg on the path: install it")
            }
            Err(error) => Err(error).context("ffmpeg cannot be started"),
        }
    }

    /// Gives the program what `write` writes and returns what it answers.
    fn feed(
        mut self,
        write: impl FnOnce(&mut std::process::ChildStdin) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let pipes = (
            self.0.stdin.take(),
            self.0.stdout.take(),
            self.0.stderr.take(),
        );
        let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
            bail!("ffmpeg has no pipes");
        };
        // All at once: a full pipe would hold the others up.
        let (written, answer, said) = std::thread::scope(|scope| {
            let answer = scope.spawn(|| read_all(stdout));
            let said = scope.spawn(|| read_all(stderr));
            let written = write(&mut stdin);
            drop(stdin);
            if written.is_err() {
                // It may be waiting for what will not come; whether it has ended, `wait` tells.
                let _ = self.0.kill();
            }
            (written, answer.join(), said.join())
        });
        let status = self.0.wait()?;
        let said = said.map_err(|_| anyhow!("ffmpeg could not be listened to"))?;
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        match written {
            // A pipe that broke is no reason: what the program said is.
            Err(error) if !error.is::<std::io::Error>() || said.is_empty() => return Err(error),
            _ if !status.success() || !said.is_empty() && answer.is_err() => {
                bail!("ffmpeg failed: {said}")
            }
            Err(_) => bail!("ffmpeg failed: {said}"),
            Ok(()) => {}
        }
        answer.map_err(|_| anyhow!("ffmpeg could not be read"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Most often it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// All that comes, up to where reading fails: the program's status says why.
fn read_all(mut pipe: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = pipe.read_to_end(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_images_repeat_their_edges() {
        let image = RgbImage::from_fn(3, 1, |x, _| image::Rgb([x as u8; 3]));
        let mut padded = Vec::new();
        pad_to_even(&image, &mut padded);
        let columns: Vec<u8> = padded.iter().copied().step_by(3).collect();
        assert_eq!(columns, [0, 1, 2, 2, 0, 1, 2, 2]);
        pad_to_even(&RgbImage::new(4, 2), &mut padded);
        assert_eq!(padded.len(), 24);
    }

    #[test]
    fn encoders_are_chosen_by_what_is_there() {
        let choose = |codec, size, names: &[&str]| {
            let available = names.iter().map(|&name| name.to_owned()).collect();
            let rate = FrameRate::whole(25);
            let quality = TextureQuality::Standard;
            Encoding::choose(codec, quality, rate, size, &available).map(|found| found.encoder)
        };
        let all = ["libx264", "libsvtav1", "libaom-av1"];
        assert_eq!(choose(TextureCodec::H264, [8, 8], &all), Some("libx264"));
        assert_eq!(choose(TextureCodec::H264, [8, 8], &all[1..]), None);
        assert_eq!(choose(TextureCodec::Av1, [64, 64], &all), Some("libsvtav1"));
        assert_eq!(
            choose(TextureCodec::Av1, [64, 63], &all),
            Some("libaom-av1")
        );
        assert_eq!(
            choose(TextureCodec::Av1, [64, 64], &all[2..]),
            Some("libaom-av1")
        );
    }
}
