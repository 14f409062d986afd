//! `touchline pack --live`: publishes a pack segment by segment while its frames still arrive.
//!
//! What the first segment is decides what cannot change later: grid, layers, renditions, textures.
//! A segment is made of its own frames alone, so that a process that goes on after another was
//! killed makes the same bytes.
//!
//! Always true: what was published stays as it is; a frame is published once.

mod arrivals;
mod feed;
mod incoming;
mod place;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use touchline_pack::{Manifest, Sha256};

use super::encode::{self, Plans};
use super::renditions::Plan;
use super::scene::Scene;
use super::survey::{Decided, Findings, Found};
use super::texture::{self, TexturePlan};
use super::track::{Before, Track};
use super::{Packed, input, reel};
use crate::args::{PackArgs, TrackArg};
use crate::error::{BadInput, Cancelled, LeftOpen};
use crate::progress::{Audience, Cancel, Ongoing};
use arrivals::Stamp;
use feed::{Around, Batch, Feed, STDIN};
use place::{Left, Note, Place, TrackNote};

/// How often it is looked whether something has come: a tenth of the shortest pause that a person
/// would notice in what takes seconds.
const LOOK_PERIOD: Duration = Duration::from_millis(100);

/// A pack that grows.
struct Live<'a> {
    args: &'a PackArgs,
    cancel: &'a Cancel,
    audience: Audience,
    place: Place,
    /// Until the first manifest has it.
    scene: Scene,
    /// In the order of the tracks, those that do not move among them.
    members: Vec<Member>,
    /// What viewers see.
    manifest: Option<Manifest>,
    manifest_bytes: u64,
    textures: Option<Vec<TexturePlan>>,
    ongoing: Ongoing,
}

enum Member {
    Growing(Box<Feed>),
    Static(TrackArg),
}

/// What is encoded together.
#[derive(Default)]
struct Ready {
    tracks: Vec<Track>,
    /// Of the tracks that grow.
    notes: Vec<TrackNote>,
    files: Vec<(PathBuf, Stamp)>,
}

/// Publishes what arrives, until it ends.
pub(super) fn pack(args: &PackArgs, cancel: &Cancel, audience: Audience) -> Result<Packed> {
    let started = Instant::now();
    let scene = match &args.scene {
        Some(path) => Scene::read(path)?,
        None => Scene::default(),
    };
    let (place, left) = Place::take(&args.out, &options(args)?)?;
    let mut live = Live::new(args, place, left, cancel, audience)?;
    live.scene = scene;
    if let Err(error) = live.run() {
        let frame_count = live.frame_count();
        return Err(match error.is::<Cancelled>() {
            true => LeftOpen { frame_count }.into(),
            false => error,
        });
    }
    let manifest = live.manifest.context("it ended without a manifest")?;
    live.place.end()?;
    let segments = manifest
        .tracks
        .iter()
        .flat_map(touchline_pack::Track::streams);
    let bytes: u64 = segments.map(touchline_pack::Stream::size).sum();
    Ok(Packed {
        out: args.out.clone(),
        bytes: bytes + live.manifest_bytes,
        frame_count: manifest.frame_count,
        duration_secs: manifest.duration().0,
        took_secs: started.elapsed().as_secs_f64(),
    })
}

impl<'a> Live<'a> {
    fn new(
        args: &'a PackArgs,
        place: Place,
        left: Option<Left>,
        cancel: &'a Cancel,
        audience: Audience,
    ) -> Result<Self> {
        let (manifest, notes) = match left {
            // Where nothing was published nothing was decided.
            Some(Left {
                manifest: Some(manifest),
                note,
            }) => (Some(manifest), note.tracks),
            _ => (None, Vec::new()),
        };
        let published = manifest.as_ref().map_or(0, |manifest| manifest.frame_count);
        let mut notes = notes.into_iter();
        let mut members = Vec::new();
        for arg in super::track_args(args)? {
            members.push(match is_static(&arg)? {
                true => Member::Static(arg),
                false => Member::Growing(Box::new(Feed::new(arg, notes.next(), published)?)),
            });
        }
        let feeds = members.iter().filter_map(Member::feed);
        let (count, streams) = (feeds.clone().count(), feeds.filter_map(Feed::stream_end));
        ensure!(
            count > 0,
            "no track can grow: leave out `--live`, or give a folder or pattern"
        );
        ensure!(
            streams.count() <= 1,
            "the standard input is one track: give `-` once"
        );
        let ongoing = audience.ongoing();
        if let Some(manifest) = &manifest {
            ongoing.say(&format!("goes on after {} frames", manifest.frame_count));
        }
        Ok(Self {
            args,
            cancel,
            audience,
            place,
            scene: Scene::default(),
            members,
            manifest,
            manifest_bytes: 0,
            textures: None,
            ongoing,
        })
    }

    fn frame_count(&self) -> u32 {
        let manifest = self.manifest.as_ref();
        manifest.map_or(0, |manifest| manifest.frame_count)
    }

    fn feeds(&mut self) -> impl Iterator<Item = &mut Feed> {
        self.members.iter_mut().filter_map(|member| match member {
            Member::Growing(feed) => Some(&mut **feed),
            Member::Static(_) => None,
        })
    }

    /// Publishes what arrives, and returns when it has ended.
    fn run(&mut self) -> Result<()> {
        if self
            .manifest
            .as_ref()
            .is_some_and(|manifest| !manifest.is_open)
        {
            return Ok(()); // Killed after its end.
        }
        let per_segment = encode::frames_per_segment(self.args);
        let mut news_at = Instant::now();
        loop {
            self.cancel.check()?;
            let limit = self.args.live.frames.unwrap_or(u32::MAX);
            let room = limit.saturating_sub(self.frame_count());
            let (args, audience) = (self.args, self.audience);
            let around = Around {
                args,
                audience,
                now: Instant::now(),
                want: per_segment.min(room),
            };
            let mut has_news = false;
            for feed in self.feeds() {
                has_news |= feed.look(around)?;
            }
            if has_news {
                news_at = around.now;
            }
            let ready = self
                .feeds()
                .map(|feed| feed.ready_count())
                .min()
                .unwrap_or(0);
            let is_whole = ready >= around.want;
            let is_last = match is_whole {
                true => ready >= room,
                false => self.is_ended(news_at)?,
            };
            if is_whole || is_last {
                self.publish(ready.min(around.want), is_last)?;
                news_at = Instant::now();
            } else {
                std::thread::sleep(LOOK_PERIOD);
            }
            if is_last
                && self
                    .manifest
                    .as_ref()
                    .is_some_and(|manifest| !manifest.is_open)
            {
                return Ok(());
            }
        }
    }

    /// Whether nothing more is to come, and what is there can all be packed.
    fn is_ended(&mut self, news_at: Instant) -> Result<bool> {
        let live = &self.args.live;
        let idle = live.idle_secs.map(Duration::from_secs_f64);
        let is_told = live.end_file.as_ref().is_some_and(|file| file.exists())
            || idle.is_some_and(|idle| news_at.elapsed() >= idle);
        let ends: Vec<bool> = self.feeds().filter_map(|feed| feed.stream_end()).collect();
        let has_run_dry = !ends.is_empty() && ends.iter().all(|&is_ended| is_ended);
        if !is_told && !has_run_dry || self.feeds().any(|feed| feed.is_pending()) {
            return Ok(false);
        }
        let counts: Vec<u32> = self.feeds().map(|feed| feed.ready_count()).collect();
        let is_even = counts.iter().all(|count| *count == counts[0]);
        let leftover = self.feeds().find_map(|feed| feed.leftover());
        let published = self.frame_count();
        match (is_even, leftover) {
            (true, None) => {
                let is_any = published + counts[0] > 0;
                ensure!(
                    is_any,
                    "it ended before any frame came: nothing was published"
                );
                Ok(true)
            }
            (_, Some(bad)) if is_told => Err(bad.into()),
            (false, None) if is_told => {
                let counts = counts.iter().map(|count| (published + count).to_string());
                let counts = counts.collect::<Vec<_>>().join(" and ");
                bail!(
                    "it ended with {counts} frames in its tracks: add those that are missing and \
                     run the same command again, or say `--frames` with the fewest"
                )
            }
            // The others are not done yet.
            _ => Ok(false),
        }
    }

    /// Packs the next `count` frames and shows them to viewers; waits on where they cannot be used.
    fn publish(&mut self, count: u32, is_last: bool) -> Result<()> {
        let packed = match count {
            0 => Ok(self.manifest.clone()),
            _ => self.pack_next(count),
        };
        let mut next = match packed {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(()),
            Err(error) => return self.wait_for_better(error),
        };
        next.is_open = !is_last;
        next.check().context(BROKEN)?;
        if let Some(last) = &self.manifest {
            last.check_growth(&next).context(BROKEN)?;
        }
        self.manifest_bytes = self.place.publish(&next)?;
        if let Some(path) = &self.args.reel {
            reel::update(path, &self.args.out, &next)?;
        }
        let (frames, secs) = (next.frame_count, next.duration().0);
        self.audience.line(&json!({
            "event": "published", "frameCount": frames, "durationSecs": secs,
            "isOpen": next.is_open,
        }));
        self.ongoing
            .say(&format!("{frames} frames published, {secs:.2} s"));
        self.manifest = Some(next);
        self.feeds().for_each(|feed| feed.advance(count));
        Ok(())
    }

    /// Makes the next segments; nothing if a file changed meanwhile.
    fn pack_next(&mut self, count: u32) -> Result<Option<Manifest>> {
        let mut ready = self.take(count)?;
        let plans = self.plans(&mut ready)?;
        if self.manifest.is_none() {
            self.place.write_note(&Note {
                options: options(self.args)?,
                tracks: ready.notes.clone(),
            })?;
        }
        let Some(made) = self.encode(&ready, &plans)? else {
            return Ok(None);
        };
        let mut next = match self.manifest.clone() {
            Some(manifest) => manifest,
            None => self.first_manifest(&ready.tracks)?,
        };
        let moving = ready.tracks.iter().filter(|track| !track.is_static);
        next.bounds = moving.fold(next.bounds, |all, track| all.union(track.bounds));
        next.frame_count = self.frame_count() + count;
        append(&mut next, made)?;
        for (feed, note) in self.feeds().zip(ready.notes) {
            feed.note = Some(note);
        }
        Ok(Some(next))
    }

    /// The next frames of all tracks; at first the tracks that stand still too.
    fn take(&mut self, count: u32) -> Result<Ready> {
        let frame_count = self.frame_count();
        let before = Before {
            frame_count,
            segment_count: frame_count / encode::frames_per_segment(self.args),
        };
        let (args, cancel, audience) = (self.args, self.cancel, self.audience);
        let is_first = self.manifest.is_none();
        let mut ready = Ready::default();
        for member in &mut self.members {
            match member {
                Member::Growing(feed) => {
                    let batch = feed.batch(count)?;
                    ready.files.extend(batch.files.iter().cloned());
                    let (track, note) = judge(batch, feed.note.as_ref(), before, args, audience)?;
                    ready.tracks.push(track);
                    ready.notes.push(note);
                }
                Member::Static(arg) if is_first => {
                    let found = Found::find(arg.clone(), args.frame_rate)?;
                    let track = found.survey(args, cancel, audience, || {})?;
                    refuse_motion(&track)?;
                    ready.tracks.push(track);
                }
                Member::Static(_) => {}
            }
        }
        super::refuse_same_ids(ready.tracks.iter().map(|track| track.id.as_str()))?;
        Ok(ready)
    }

    /// What becomes of the tracks: as in the segments before, if there are any.
    fn plans(&mut self, ready: &mut Ready) -> Result<Plans> {
        let (args, cancel, audience) = (self.args, self.cancel, self.audience);
        if self.manifest.is_some() {
            let textures = match &self.textures {
                Some(textures) => textures.clone(),
                None => texture::plan(&ready.tracks, args, audience)?,
            };
            self.textures = Some(textures.clone());
            let notes = ready.tracks.iter().zip(&ready.notes);
            let like = notes.map(|(track, note)| Plan::like(track, note.rendition_count, cancel));
            return Ok(Plans {
                renditions: like.collect::<Result<_>>()?,
                textures,
            });
        }
        let plans = Plans::of(&ready.tracks, args, cancel, audience)?;
        let moving = |index: &usize| !ready.tracks[*index].is_static;
        let moving: Vec<usize> = (0..ready.tracks.len()).filter(moving).collect();
        for (note, &index) in ready.notes.iter_mut().zip(&moving) {
            note.rendition_count = plans.renditions[index].rendition_count;
        }
        let textures = moving.iter().map(|&index| plans.textures[index].clone());
        self.textures = Some(textures.collect());
        Ok(plans)
    }

    /// Encodes frames and puts their segments in their places; nothing if a file changed meanwhile.
    fn encode(
        &mut self,
        ready: &Ready,
        plans: &Plans,
    ) -> Result<Option<Vec<touchline_pack::Track>>> {
        let place = &self.place;
        let written = Mutex::new(Vec::new());
        let write = |url: &str, bytes: &[u8]| {
            place.write(url, bytes)?;
            if let Ok(mut written) = written.lock() {
                written.push(url.to_owned());
            }
            Ok(())
        };
        let (cancel, nobody) = (self.cancel, Audience::Nobody);
        let made = encode::tracks(&ready.tracks, plans, self.args, &write, cancel, nobody);
        // One that is gone was there when it was read.
        let has_changed =
            |(path, stamp): &&(PathBuf, Stamp)| Stamp::of(path).is_some_and(|now| now != *stamp);
        let changed = ready.files.iter().find(has_changed);
        if changed.is_none() && made.is_ok() {
            return made.map(Some);
        }
        for url in written.into_inner().unwrap_or_default() {
            place.remove(&url)?;
        }
        if let Some((path, _)) = changed {
            let text = "a file changed while it was packed, and is packed again";
            self.audience.warn(&format!("{text} ({})", path.display()));
            self.feeds().for_each(Feed::forget);
            return Ok(None);
        }
        made.map(Some)
    }

    fn first_manifest(&mut self, tracks: &[Track]) -> Result<Manifest> {
        let args = self.args;
        let scene = std::mem::take(&mut self.scene);
        let mut manifest = super::manifest(args, scene, tracks, 0)?;
        if let Some(poster) = &args.poster {
            let write = |url: &str, bytes: &[u8]| self.place.write(url, bytes);
            manifest.poster = Some(super::write_poster(poster, &args.out, &write)?);
        }
        Ok(manifest)
    }

    /// Goes on waiting where a frame's file can be written again; else there is no going on.
    fn wait_for_better(&mut self, error: anyhow::Error) -> Result<()> {
        let bad = error.downcast::<BadInput>()?;
        // Before anything is published it may be the options that are wrong.
        let is_ours = self.manifest.is_some() && self.feeds().any(|feed| feed.refuse(&bad));
        if !is_ours {
            return Err(bad.into());
        }
        let text = format!("{bad}; waiting for it to be written again");
        self.audience.warn(&text);
        Ok(())
    }
}

impl Member {
    fn feed(&self) -> Option<&Feed> {
        match self {
            Self::Growing(feed) => Some(feed),
            Self::Static(_) => None,
        }
    }
}

/// The packer's own mistake.
const BROKEN: &str = "the packer broke its own rules";

/// Holds a batch against what its track was before.
fn judge(
    batch: Batch,
    note: Option<&TrackNote>,
    before: Before,
    args: &PackArgs,
    audience: Audience,
) -> Result<(Track, TrackNote)> {
    let first = *batch.surveys.first().context("a batch has no frames")?;
    let findings = Findings {
        surveys: batch.surveys,
        texture: batch.texture,
        has_texture_sequence: batch.has_texture_sequence,
        decided: note.map(|note| &note.decided),
        before,
    };
    let track = batch.found.judge(findings, args, audience)?;
    let fresh = || TrackNote {
        id: track.id.clone(),
        decided: Decided::by(&track, &first),
        rendition_count: 1,
        series: batch.series,
    };
    let note = note.cloned().unwrap_or_else(fresh);
    Ok((track, note))
}

/// Adds what was made to the tracks of a manifest, or all if it has none.
fn append(manifest: &mut Manifest, made: Vec<touchline_pack::Track>) -> Result<()> {
    if manifest.tracks.is_empty() {
        manifest.tracks = made;
        return Ok(());
    }
    for mut made in made {
        let track = manifest.tracks.iter_mut().find(|track| track.id == made.id);
        let track = track.with_context(|| format!("the pack has no track \"{}\"", made.id))?;
        let codecs = |track: &touchline_pack::Track| -> Vec<_> {
            track.streams().map(|stream| stream.codec).collect()
        };
        ensure!(
            codecs(track) == codecs(&made),
            "track \"{}\" becomes other streams than before: is `ffmpeg` still as it was?",
            made.id
        );
        for (stream, made) in track.streams_mut().zip(made.streams_mut()) {
            stream.segments.append(&mut made.segments);
            let (elements, triangles) = (made.element_count_max, made.triangle_count_max);
            stream.element_count_max = stream.element_count_max.max(elements);
            stream.triangle_count_max = stream.triangle_count_max.max(triangles);
            // The same but for the level, of which the highest counts.
            stream.codec_string = stream.codec_string.take().max(made.codec_string.take());
        }
    }
    Ok(())
}

/// Whether a track is there whole from the start.
fn is_static(arg: &TrackArg) -> Result<bool> {
    let path = Path::new(&arg.path);
    if arg.path == STDIN {
        feed::check_stream(arg)?;
        return Ok(false);
    }
    let is_venue = arg.role == Some(touchline_pack::Role::Venue);
    if arg.is_static == Some(true) || path.is_file() && (is_venue || input::is_model(path)) {
        return Ok(true);
    }
    if path.is_file() {
        let what = "one file is no sequence that grows";
        let remedy = "give its folder or a pattern, or say `static=true`";
        return Err(BadInput::new(path, what, remedy).into());
    }
    Ok(false)
}

fn refuse_motion(track: &Track) -> Result<()> {
    if track.is_static {
        return Ok(());
    }
    let what = "this file has all its frames already, so its track cannot grow";
    let remedy = "say `clip=none` or `static=true`, or leave out `--live`";
    Err(BadInput::new(Path::new(&track.arg.path), what, remedy).into())
}

/// All that decides what the pack becomes, by option; not when it ends.
fn options(args: &PackArgs) -> Result<BTreeMap<String, String>> {
    let mut options = BTreeMap::new();
    let mut put = |name: &str, value: String| options.insert(name.to_owned(), value);
    put(
        "FRAMES and --track",
        format!("{:?}", super::track_args(args)?),
    );
    put("--frame-rate", format!("{:?}", args.frame_rate));
    put("--start", format!("{:?}", args.start));
    put("--up", format!("{:?}", args.up));
    put("--unit", format!("{:?}", args.unit));
    put("--title", format!("{:?}", args.title));
    put("--id", format!("{:?}", args.id));
    put("--segment-secs", format!("{:?}", args.segment_secs));
    put("--voxel-metres", format!("{:?}", args.voxel_metres));
    put(
        "--position-error-mm",
        format!("{:?}", args.position_error_mm),
    );
    put("--colour-quality", format!("{:?}", args.colour_quality));
    put("--layers", args.layers.to_string());
    put("--renditions", args.renditions.to_string());
    put("--textures", format!("{:?}", args.textures));
    put("--texture-codec", format!("{:?}", args.texture_codec));
    put("--texture-quality", format!("{:?}", args.texture_quality));
    put("--preset", format!("{:?}", args.presets));
    put("--bounds", format!("{:?}", args.live.bounds));
    put("--reel", format!("{:?}", args.reel));
    for (name, file) in [("--scene", &args.scene), ("--poster", &args.poster)] {
        let content = file.as_ref().map(|file| {
            let bytes = std::fs::read(file).with_context(|| format!("({})", file.display()))?;
            Ok::<_, anyhow::Error>(Sha256::of(&bytes))
        });
        put(name, format!("{:?}", content.transpose()?));
    }
    Ok(options)
}
