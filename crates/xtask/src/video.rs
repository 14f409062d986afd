//! The demo's broadcast: frames to an HLS stream with exact programme date-times.
//!
//! Always true: the media time of frame `i` is `i / rate`, and the playlist's date-times are the
//! start plus the media times of its segments. ffprobe is asked before anything is believed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};

use crate::tools;

/// A stream to make.
pub(crate) struct Video<'a> {
    /// Holds `frame_00000.png` and so on.
    pub(crate) frames: &'a Path,
    /// Frames a second.
    pub(crate) frame_rate: u32,
    /// Programme date-time of frame 0.
    pub(crate) start: Timestamp,
    /// Where the playlist and the segments go.
    pub(crate) folder: &'a Path,
}

/// Seconds in a segment: hls.js starts at once, and date-times are frequent.
const SEGMENT_SECS: u32 = 2;

/// As much as the picture needs at 720 lines, little beside the replay.
const BITS_PER_SECOND_MAX: &str = "2M";

impl Video<'_> {
    /// Makes the stream and returns its playlist.
    ///
    /// # Errors
    /// If ffmpeg fails, or a frame is not at its time.
    pub(crate) fn make(&self) -> Result<PathBuf> {
        let playlist = self.folder.join("broadcast.m3u8");
        self.encode(&playlist)?;
        let text = fs::read_to_string(&playlist).context("reading the playlist of ffmpeg")?;
        fs::write(&playlist, with_date_times(&text, self.start)?)?;
        self.verify(&playlist)?;
        Ok(playlist)
    }

    fn encode(&self, playlist: &Path) -> Result<()> {
        let rate = self.frame_rate.to_string();
        let mut ffmpeg = tools::command("ffmpeg");
        ffmpeg.args([
            "-hide_banner",
            "-loglevel",
            "error",
            "-y",
            "-framerate",
            &rate,
            "-i",
        ]);
        ffmpeg.arg(self.frames.join("frame_%05d.png"));
        ffmpeg.args([
            "-vf",
            "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
        ]);
        ffmpeg.args([
            "-colorspace",
            "bt709",
            "-color_primaries",
            "bt709",
            "-color_trc",
            "bt709",
        ]);
        self.compress(&mut ffmpeg);
        self.cut(&mut ffmpeg, playlist);
        tools::run(&mut ffmpeg)
    }

    /// Asks for H.264 within the budget, the same bytes on every machine.
    fn compress(&self, ffmpeg: &mut Command) {
        let key_interval = (self.frame_rate * SEGMENT_SECS).to_string();
        // No B-frames: decoding order is display order, so media time starts at 0 everywhere.
        ffmpeg.args([
            "-c:v",
            "libx264",
            "-profile:v",
            "high",
            "-preset",
            "slow",
            "-bf",
            "0",
        ]);
        ffmpeg.args([
            "-crf",
            "28",
            "-maxrate",
            BITS_PER_SECOND_MAX,
            "-bufsize",
            "2M",
        ]);
        ffmpeg.args([
            "-g",
            &key_interval,
            "-keyint_min",
            &key_interval,
            "-sc_threshold",
            "0",
        ]);
        // Names of makers and their versions would change the bytes from machine to machine.
        ffmpeg.args([
            "-fflags",
            "+bitexact",
            "-flags:v",
            "+bitexact",
            "-map_metadata",
            "-1",
        ]);
    }

    /// Asks for segments of their own and the playlist that names them.
    fn cut(&self, ffmpeg: &mut Command, playlist: &Path) {
        ffmpeg.args(["-f", "hls", "-hls_time", &SEGMENT_SECS.to_string()]);
        ffmpeg.args([
            "-hls_playlist_type",
            "vod",
            "-hls_flags",
            "independent_segments",
        ]);
        ffmpeg.args([
            "-hls_segment_type",
            "fmp4",
            "-hls_fmp4_init_filename",
            "init.mp4",
        ]);
        ffmpeg.arg("-hls_segment_filename");
        ffmpeg
            .arg(self.folder.join("broadcast_%02d.m4s"))
            .arg(playlist);
    }

    /// Compares the media time of every frame with what it must be.
    fn verify(&self, playlist: &Path) -> Result<()> {
        let mut ffprobe = tools::command("ffprobe");
        ffprobe.args(["-loglevel", "error", "-select_streams", "v:0"]);
        ffprobe.args([
            "-show_entries",
            "packet=pts_time",
            "-of",
            "csv=print_section=0",
        ]);
        let times = tools::output(ffprobe.arg(playlist))?;
        let times = times.lines().map(|line| line.trim_matches([',', ' ']));
        let times: Vec<f64> = times
            .filter(|time| !time.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()
            .context("reading what ffprobe says")?;
        let frame_count = self.frames.read_dir()?.count();
        ensure!(
            times.len() == frame_count,
            "the video has {} frames of {frame_count}",
            times.len()
        );
        for (index, time) in times.iter().enumerate() {
            let wanted = index as f64 / f64::from(self.frame_rate);
            // Containers count in small ticks, here 1/12800 s.
            ensure!(
                (time - wanted).abs() < 1e-4,
                "frame {index} of the video is at {time} s instead of {wanted} s"
            );
        }
        Ok(())
    }
}

/// Writes the programme date-time before every segment, summed from the segments' durations.
///
/// ffmpeg writes the wall clock's time instead (`program_date_time`), so its flag is not used.
fn with_date_times(playlist: &str, start: Timestamp) -> Result<String> {
    let mut dated = String::new();
    let mut media_time = SignedDuration::ZERO;
    for line in playlist.lines() {
        if let Some(duration) = line.strip_prefix("#EXTINF:") {
            let time = start.checked_add(media_time)?;
            dated += &format!("#EXT-X-PROGRAM-DATE-TIME:{time:.3}\n");
            let secs: f64 = duration
                .trim_end_matches(',')
                .parse()
                .context("a duration")?;
            media_time += SignedDuration::try_from_secs_f64(secs)?;
        }
        dated += line;
        dated.push('\n');
    }
    Ok(dated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_times_add_up() {
        let playlist = "#EXTM3U\n#EXTINF:2.000000,\na.m4s\n#EXTINF:1.960000,\nb.m4s\n";
        let start = "2026-02-14T19:30:00Z".parse().unwrap();
        assert_eq!(
            with_date_times(playlist, start).unwrap(),
            "#EXTM3U\n#EXT-X-PROGRAM-DATE-TIME:2026-02-14T19:30:00.000Z\n#EXTINF:2.000000,\n\
             a.m4s\n#EXT-X-PROGRAM-DATE-TIME:2026-02-14T19:30:02.000Z\n#EXTINF:1.960000,\nb.m4s\n"
        );
    }
}
