//! One track whose frames still arrive: which of them are whole, and what is in them.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rayon::prelude::*;
use touchline_pack::Kind;

use super::super::geometry::{self, Space};
use super::super::input::{self, IMAGE_EXTENSIONS, Sequence};
use super::super::source::Source;
use super::super::survey::{self, Found, Survey};
use super::super::texture::{Image, TextureShape};
use super::arrivals::{Arrivals, Seen, Stamp};
use super::incoming::{Incoming, Named, Next};
use super::place::{Series, TrackNote};
use crate::args::{NormalsArg, PackArgs, TextureArg, TrackArg};
use crate::error::BadInput;
use crate::progress::Audience;

/// The path that means the standard input.
pub(super) const STDIN: &str = "-";
/// The kinds of files that hold one frame each.
const FRAME_EXTENSIONS: [&str; 2] = ["ply", "obj"];
/// How long a frame may be missing, with later ones there, until the operator is told.
const GAP_GRACE: Duration = Duration::from_secs(2);

/// What every look at the frames needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    pub(super) args: &'a PackArgs,
    pub(super) audience: Audience,
    pub(super) now: Instant,
    /// How many frames are of use now.
    pub(super) want: u32,
}

/// A track whose frames still arrive.
#[derive(Debug)]
pub(super) struct Feed {
    arg: TrackArg,
    origin: Origin,
    /// How many of its frames are published.
    published: u32,
    pub(super) note: Option<TrackNote>,
}

#[derive(Debug)]
enum Origin {
    Files(Box<Files>),
    Stream(Stream),
}

/// Files that arrive.
#[derive(Debug)]
struct Files {
    frames: Arrivals,
    images: Images,
    /// What is in those that are whole, by number.
    checked: BTreeMap<u64, Checked>,
    refused: Option<Refused>,
    gap: Option<(u64, Instant)>,
}

#[derive(Debug)]
enum Images {
    None,
    /// The same for all frames.
    One(Image, TextureShape),
    Sequence(Arrivals),
}

#[derive(Clone, Debug)]
struct Checked {
    files: Vec<(PathBuf, Stamp)>,
    survey: Survey,
    image: Option<(Image, TextureShape)>,
}

/// A frame that cannot be used as it is.
#[derive(Debug)]
struct Refused {
    number: u64,
    files: Vec<(PathBuf, Stamp)>,
    error: BadInput,
}

/// Frames of the standard input.
#[derive(Debug)]
struct Stream {
    incoming: Incoming,
    held: VecDeque<(Named, Survey)>,
    is_ended: bool,
}

/// Frames that are ready to be packed.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) found: Found,
    pub(super) surveys: Vec<Survey>,
    pub(super) texture: Option<TextureShape>,
    pub(super) has_texture_sequence: bool,
    pub(super) series: Option<Series>,
    /// The files as they were read.
    pub(super) files: Vec<(PathBuf, Stamp)>,
}

impl Feed {
    /// Listens for a track's frames, after those that are `published`.
    pub(super) fn new(arg: TrackArg, note: Option<TrackNote>, published: u32) -> Result<Self> {
        // Not by the number of files that happen to be there.
        let arg = TrackArg {
            is_static: Some(false),
            ..arg
        };
        let origin = if arg.path == STDIN {
            Origin::Stream(Stream {
                incoming: Incoming::start(published)?,
                held: VecDeque::new(),
                is_ended: false,
            })
        } else {
            let mut frames = Arrivals::at(&arg.path, &FRAME_EXTENSIONS)?;
            if let Some(series) = note.as_ref().and_then(|note| note.series.as_ref()) {
                frames.decide(series);
            }
            Origin::Files(Box::new(Files {
                frames,
                images: Images::of(&arg)?,
                checked: BTreeMap::new(),
                refused: None,
                gap: None,
            }))
        };
        Ok(Self {
            arg,
            origin,
            published,
            note,
        })
    }

    /// Looks what has come; says whether anything has.
    ///
    /// # Errors
    /// What is wrong and cannot be put right by writing a file again.
    pub(super) fn look(&mut self, around: Around<'_>) -> Result<bool> {
        let start = self.start();
        match &mut self.origin {
            Origin::Files(files) => files.look(&self.arg, start, around),
            Origin::Stream(stream) => stream.look(&self.arg, around),
        }
    }

    /// How many frames can be packed now, of those that are of use.
    pub(super) fn ready_count(&self) -> u32 {
        match &self.origin {
            Origin::Files(files) => files.ready_count(self.start()),
            Origin::Stream(stream) => stream.held.len() as u32,
        }
    }

    /// Whether it is a stream, and whether that has ended.
    pub(super) fn stream_end(&self) -> Option<bool> {
        match &self.origin {
            Origin::Files(_) => None,
            Origin::Stream(stream) => Some(stream.is_ended),
        }
    }

    /// Whether the next frame is there and only waited for.
    pub(super) fn is_pending(&self) -> bool {
        match &self.origin {
            Origin::Files(files) => files.is_pending(self.start()),
            Origin::Stream(_) => false,
        }
    }

    /// Why it cannot end here, if it cannot: something is there and cannot be packed.
    pub(super) fn leftover(&self) -> Option<BadInput> {
        match &self.origin {
            Origin::Files(files) => files.leftover(self.start()),
            Origin::Stream(_) => None,
        }
    }

    /// The next `count` frames, which are ready.
    pub(super) fn batch(&mut self, count: u32) -> Result<Batch> {
        let (start, note) = (self.start(), self.note.as_ref());
        let id = note.map(|note| note.id.clone()).or(self.arg.id.clone());
        let batch = match &mut self.origin {
            Origin::Files(files) => files.batch(&self.arg, id, start, count),
            Origin::Stream(stream) => Ok(stream.batch(&self.arg, id, count)),
        }?;
        survey::check_id(&batch.found.id)?;
        Ok(batch)
    }

    /// The frames of a batch are published.
    pub(super) fn advance(&mut self, count: u32) {
        self.published += count;
        let start = self.start();
        if let Origin::Files(files) = &mut self.origin {
            if let Some(series) = self.note.as_ref().and_then(|note| note.series.as_ref()) {
                files.frames.decide(series);
            }
            files.checked.retain(|&number, _| Some(number) >= start);
        }
    }

    /// Waits until the file that an error is about is written again; says whether it is ours.
    pub(super) fn refuse(&mut self, error: &BadInput) -> bool {
        let Origin::Files(files) = &mut self.origin else {
            return false;
        };
        let is_it = |(_, checked): &(&u64, &Checked)| {
            let mut paths = checked.files.iter().map(|(path, _)| path);
            paths.any(|path| *path == error.path)
        };
        let found = files.checked.iter().find(is_it);
        let Some(number) = found.map(|(&number, _)| number) else {
            return false;
        };
        if let Some(checked) = files.checked.remove(&number) {
            files.refused = Some(Refused {
                number,
                files: checked.files,
                error: error.clone(),
            });
        }
        true
    }

    /// Forgets what was found in files, to read them again.
    pub(super) fn forget(&mut self) {
        if let Origin::Files(files) = &mut self.origin {
            files.checked.clear();
        }
    }

    /// The number of the next frame's file, if it is known.
    fn start(&self) -> Option<u64> {
        let series = self.note.as_ref().and_then(|note| note.series.as_ref());
        let first = series.map(|series| series.first);
        Some(first? + u64::from(self.published))
    }
}

impl Images {
    fn of(arg: &TrackArg) -> Result<Self> {
        match &arg.texture {
            _ if arg.kind == Some(Kind::Points) => Ok(Self::None),
            TextureArg::None | TextureArg::Beside => Ok(Self::None),
            TextureArg::At(place) if Path::new(place).is_file() => {
                let image = input::one_texture(place)?;
                let shape = image.survey()?;
                Ok(Self::One(image, shape))
            }
            TextureArg::At(place) => Ok(Self::Sequence(Arrivals::at(place, &IMAGE_EXTENSIONS)?)),
        }
    }
}

impl Files {
    fn look(&mut self, arg: &TrackArg, start: Option<u64>, around: Around<'_>) -> Result<bool> {
        let Around { audience, now, .. } = around;
        let from = start.unwrap_or(0);
        let mut has_changed = self.frames.look(from, now, audience)?;
        if let Images::Sequence(images) = &mut self.images {
            has_changed |= images.look(from, now, audience)?;
        }
        let Some(start) = start.or_else(|| self.lowest()) else {
            return Ok(has_changed);
        };
        let mut fresh = Vec::new();
        for number in start..start + u64::from(around.want) {
            let Some(files) = self.whole(number, around) else {
                break;
            };
            let stamps = stamps(&files);
            match (self.checked.get(&number), &self.refused) {
                (Some(checked), _) if checked.files == stamps => {}
                (_, Some(refused)) if refused.number == number && refused.files == stamps => break,
                _ => fresh.push((number, files)),
            }
        }
        let check = |(number, files): (u64, Vec<Seen>)| {
            let checked = self.check(&files, arg, around.args);
            (number, stamps(&files), checked)
        };
        let all: Vec<_> = fresh.into_par_iter().map(check).collect();
        for (number, files, checked) in all {
            match checked {
                Ok(checked) => {
                    self.checked.insert(number, checked);
                }
                Err(error) => {
                    let error: BadInput = error.downcast()?;
                    audience.warn(&format!("{error}; waiting for it to be written again"));
                    self.checked.remove(&number);
                    self.refused = Some(Refused {
                        number,
                        files,
                        error,
                    });
                    break;
                }
            }
        }
        self.tell_gap(start, around);
        Ok(has_changed)
    }

    /// The first frame, as long as nothing is published.
    fn lowest(&self) -> Option<u64> {
        self.frames.seen.keys().next().copied()
    }

    /// The files of a frame, once nobody writes to them any more.
    fn whole(&self, number: u64, around: Around<'_>) -> Option<Vec<Seen>> {
        let settle = Duration::from_secs_f64(around.args.live.settle_secs);
        let mut files = vec![self.frames.seen.get(&number)?.clone()];
        if let Images::Sequence(images) = &self.images {
            files.push(images.seen.get(&number)?.clone());
        }
        let is_whole = files.iter().all(|file| file.is_settled(around.now, settle));
        is_whole.then_some(files)
    }

    fn check(&self, files: &[Seen], arg: &TrackArg, args: &PackArgs) -> Result<Checked> {
        let path = &files[0].path;
        let geometry = geometry::read(path, space(arg, args))?;
        let survey = Survey::of(&geometry);
        if arg.texture == TextureArg::Beside && !geometry.texture.is_empty() {
            let what = "it has texture coordinates, and it is not said where its image will be";
            let remedy = "say `texture=PATTERN`, or `texture=none`";
            return Err(BadInput::new(path, what, remedy).into());
        }
        let image = match (&self.images, files.get(1)) {
            (Images::One(image, shape), _) => Some((image.clone(), *shape)),
            (Images::Sequence(_), Some(file)) => {
                let image = Image::File(file.path.clone());
                let shape = image.survey()?;
                Some((image, shape))
            }
            _ => None,
        };
        Ok(Checked {
            files: stamps(files),
            survey,
            image,
        })
    }

    fn ready_count(&self, start: Option<u64>) -> u32 {
        let Some(start) = start.or_else(|| self.lowest()) else {
            return 0;
        };
        (start..)
            .take_while(|number| self.checked.contains_key(number))
            .count() as u32
    }

    /// The number of the first frame that is not ready.
    fn next(&self, start: Option<u64>) -> Option<u64> {
        let first = start.or_else(|| self.lowest())?;
        Some(first + u64::from(self.ready_count(start)))
    }

    fn is_refused(&self, number: u64) -> bool {
        let refused = self.refused.as_ref();
        let is_same = |(path, stamp): &(PathBuf, Stamp)| Stamp::of(path) == Some(*stamp);
        refused.is_some_and(|refused| refused.number == number && refused.files.iter().all(is_same))
    }

    fn is_pending(&self, start: Option<u64>) -> bool {
        let next = self.next(start);
        next.is_some_and(|next| {
            let has_image = match &self.images {
                Images::Sequence(images) => images.seen.contains_key(&next),
                Images::None | Images::One(..) => true,
            };
            self.frames.seen.contains_key(&next) && has_image && !self.is_refused(next)
        })
    }

    fn leftover(&self, start: Option<u64>) -> Option<BadInput> {
        let next = self.next(start)?;
        if let Some(refused) = self.refused.as_ref().filter(|_| self.is_refused(next)) {
            return Some(refused.error.clone());
        }
        let last = *self.frames.seen.keys().next_back()?;
        let remedy = "add it, and run the same command again";
        if let Some(frame) = self.frames.seen.get(&next) {
            let what = format!("no image has the number {next} of this frame");
            return Some(BadInput::new(&frame.path, what, remedy));
        }
        let missing = self.frames.path_of(next)?;
        let what = format!("this frame is missing, and later ones up to {last} are there");
        (last > next).then(|| BadInput::new(&missing, what, remedy))
    }

    /// Tells of a frame that is late while others are there, once.
    fn tell_gap(&mut self, start: u64, around: Around<'_>) {
        let Some(next) = self.next(Some(start)) else {
            return;
        };
        let is_missing = !self.frames.seen.contains_key(&next)
            && self.frames.seen.keys().next_back() > Some(&next);
        match self.gap {
            _ if !is_missing => self.gap = None,
            Some((number, since)) if number == next => {
                // Told once: the moment of it then lies in the future.
                if since <= around.now && around.now - since >= GAP_GRACE {
                    self.gap = Some((next, around.now + Duration::from_secs(86_400)));
                    if let Some(missing) = self.frames.path_of(next) {
                        let text = "later frames are there, and this one is waited for";
                        around
                            .audience
                            .warn(&format!("{text} ({})", missing.display()));
                    }
                }
            }
            _ => self.gap = Some((next, around.now)),
        }
    }

    fn batch(
        &self,
        arg: &TrackArg,
        id: Option<String>,
        start: Option<u64>,
        count: u32,
    ) -> Result<Batch> {
        let first = start.or_else(|| self.lowest()).context(NOT_READY)?;
        let numbers: Vec<u64> = (first..first + u64::from(count)).collect();
        let checked = numbers.iter().map(|number| self.checked.get(number));
        let checked: Vec<&Checked> = checked.collect::<Option<_>>().context(NOT_READY)?;
        let files: Vec<PathBuf> = checked.iter().map(|one| one.files[0].0.clone()).collect();
        let images: Option<Vec<(Image, TextureShape)>> =
            checked.iter().map(|one| one.image.clone()).collect();
        let (images, shapes): (Vec<_>, Vec<_>) = images.unwrap_or_default().into_iter().unzip();
        let series = Series::of(&files[0], first);
        let found = Found {
            arg: arg.clone(),
            id: id.unwrap_or_else(|| survey::default_id(&files[0], 2)),
            source: Source::Files(Sequence { files, numbers }),
            textures: (!images.is_empty()).then(|| images.clone()),
        };
        let texture = match shapes.is_empty() {
            true => None,
            false => Some(found.same_shape(&images, &shapes)?),
        };
        Ok(Batch {
            found,
            surveys: checked.iter().map(|one| one.survey).collect(),
            texture,
            has_texture_sequence: matches!(self.images, Images::Sequence(_)),
            series,
            files: checked.iter().flat_map(|one| one.files.clone()).collect(),
        })
    }
}

/// A batch is asked for when its frames are there.
const NOT_READY: &str = "frames were taken before they were ready";

impl Series {
    fn of(path: &Path, first: u64) -> Option<Self> {
        let (prefix, _) = input::trailing_number(path)?;
        let extension = path.extension()?.to_str()?.to_owned();
        Some(Self {
            prefix,
            extension,
            first,
        })
    }
}

impl Stream {
    fn look(&mut self, arg: &TrackArg, around: Around<'_>) -> Result<bool> {
        let mut has_changed = false;
        while !self.is_ended && self.held.len() < around.want as usize {
            match self.incoming.next()? {
                Next::Frame(frame) => {
                    let (name, geometry) = *frame;
                    let staged = geometry.clone();
                    let staged = staged.into_stage(&name, space(arg, around.args), false)?;
                    if arg.texture == TextureArg::Beside && !staged.texture.is_empty() {
                        let what = "it has texture coordinates, and a stream brings no images";
                        return Err(BadInput::new(&name, what, "say `texture=none`").into());
                    }
                    self.held.push_back(((name, geometry), Survey::of(&staged)));
                }
                Next::End => self.is_ended = true,
                Next::NotYet => break,
            }
            has_changed = true;
        }
        Ok(has_changed)
    }

    fn batch(&mut self, arg: &TrackArg, id: Option<String>, count: u32) -> Batch {
        let frames = self.held.drain(..(count as usize).min(self.held.len()));
        let (frames, surveys) = frames.unzip();
        Batch {
            found: Found {
                arg: arg.clone(),
                id: id.unwrap_or_else(|| "subject".to_owned()),
                source: Source::Held(frames),
                textures: None,
            },
            surveys,
            texture: None,
            has_texture_sequence: false,
            series: None,
            files: Vec::new(),
        }
    }
}

fn stamps(files: &[Seen]) -> Vec<(PathBuf, Stamp)> {
    let stamp = |file: &Seen| (file.path.clone(), file.stamp);
    files.iter().map(stamp).collect()
}

fn space(arg: &TrackArg, args: &PackArgs) -> Space {
    Space {
        up: args.up,
        unit: args.unit,
        is_v_up: arg.is_v_up,
    }
}

/// Refuses what a stream cannot bring.
pub(super) fn check_stream(arg: &TrackArg) -> Result<()> {
    let wrong = |what: &str, remedy: &str| BadInput::new(Path::new(STDIN), what, remedy);
    if matches!(arg.texture, TextureArg::At(_)) {
        let what = "the standard input brings no images";
        return Err(wrong(what, "write frames and images to a folder").into());
    }
    if arg.normals == NormalsArg::Coded && arg.kind == Some(Kind::Points) {
        return Err(wrong("`normals=coded` is for meshes", "leave it out").into());
    }
    Ok(())
}
