//! The composition root: turns what happens into the player's events, and its actions into deeds.
//!
//! Every callback of the browser enters by [`enter`], which lets the player think once the
//! callback has had its say, and speaks to the page only after the engine is at rest: nothing
//! that the page does in answer can meet the engine half way.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use futures_channel::mpsc;
use futures_util::StreamExt;
use js_sys::{Function, Uint8Array};
use touchline_pack::{Manifest, Segment, SegmentEntry, Shading, Stream, Track};
use touchline_player::{
    Action, Config, Event, FailReason, JobId, Player, Recovery, RequestId, StreamKey,
};
use touchline_scene::{Seconds, SortedMap};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{MessagePort, OffscreenCanvas};

use crate::cmcd::Figures;
use crate::convert;
use crate::decode::{self, Answer, Decoders, FrameData, Job, Video};
use crate::fetch::Abort;
use crate::figures;
use crate::growth;
use crate::js;
use crate::messages::{Command, Notice, Problem, RequestType};
use crate::open::{Place, Source, open};
use crate::picture::Picture;
use crate::report::Reporter;
use crate::requests::{Requests, Wanted};
use crate::screen::{Opened, Screen};
use crate::store::{HeldSegment, Resident, Store};
use crate::texture::{self, Image};
use crate::upload;

/// Rounds of thinking in one go at most: an action that is done at once (a segment that is already
/// here) asks for one more round, and rounds must end.
const ROUND_COUNT_MAX: usize = 16;

/// The engine's one state, shared by every callback.
#[derive(Clone)]
pub(crate) struct Shared(Rc<RefCell<Core>>);

/// Something to be done.
type Deed = Box<dyn FnOnce(&mut Core)>;

/// A decode job under way.
#[derive(Clone, Copy, Debug)]
struct RunningJob {
    stream: StreamKey,
    segment: u32,
}

/// Everything the engine knows.
pub(crate) struct Core {
    me: Weak<RefCell<Core>>,
    pub(crate) player: Player,
    pub(crate) manifest: Option<Arc<Manifest>>,
    pub(crate) source: Option<Rc<Source>>,
    pub(crate) store: Store,
    pub(crate) screen: Screen,
    pub(crate) picture: Picture,
    pub(crate) report: Reporter,
    decoders: Decoders,
    pub(crate) inbox: Vec<Event>,
    send: Function,
    pub(crate) requests: Requests,
    pub(crate) decodable: Function,
    /// Of a manifest, at first or again.
    pub(crate) opening: Option<Abort>,
    /// For the next pack, whose first request has left already.
    pub(crate) expected: Option<Abort>,
    /// To be done as soon as the screen is open.
    postponed: Vec<Deed>,
    fetches: SortedMap<RequestId, Abort>,
    jobs: SortedMap<JobId, RunningJob>,
    /// Grows whenever another pack is opened, so that late answers can tell.
    pub(crate) visit: u32,
    src: Option<String>,
    pub(crate) is_visible: bool,
    is_closed: bool,
    is_frame_asked: bool,
    on_frame: Function,
    wake: Option<(i32, Seconds)>,
    on_wake: Function,
    /// Where a segment's bytes are looked at, kept so that it is allocated once.
    scratch: Vec<u8>,
}

impl Shared {
    /// An engine with nothing to show, and soon with a screen.
    pub(crate) fn new(
        canvas: OffscreenCanvas,
        ports: Vec<MessagePort>,
        send: Function,
        decodable: Function,
    ) -> Self {
        let (done, mut displayed) = mpsc::unbounded();
        let core = Rc::new_cyclic(|me: &Weak<RefCell<Core>>| {
            let callback = |deed: fn(&mut Core)| -> Function {
                let me = me.clone();
                // Handed to JavaScript for as long as the engine's thread lives.
                Closure::<dyn FnMut()>::new(move || enter(&me, deed))
                    .into_js_value()
                    .unchecked_into()
            };
            let answered = me.clone();
            let decoders = Decoders::new(ports, move |answer| {
                enter(&answered, |core| core.answered(answer));
            });
            let config = Config {
                decoder_count: decoders.count().max(1),
                ..Config::default()
            };
            RefCell::new(Core {
                me: me.clone(),
                player: Player::new(config),
                manifest: None,
                source: None,
                store: Store::default(),
                screen: Screen::new(&canvas),
                picture: Picture::new(done),
                report: Reporter::default(),
                decoders,
                inbox: Vec::new(),
                requests: Requests::new(send.clone()),
                send,
                decodable,
                opening: None,
                expected: None,
                postponed: Vec::new(),
                fetches: SortedMap::default(),
                jobs: SortedMap::default(),
                visit: 0,
                src: None,
                is_visible: true,
                is_closed: false,
                is_frame_asked: false,
                on_frame: callback(Core::animation_frame),
                wake: None,
                on_wake: callback(|core| core.wake = None),
                scratch: Vec::new(),
            })
        });
        open_screen(Rc::downgrade(&core), canvas);
        let me = Rc::downgrade(&core);
        spawn_local(async move {
            while let Some(number) = displayed.next().await {
                enter(&me, |core| core.displayed(number));
            }
        });
        Self(core)
    }

    /// Does a deed as a callback would.
    pub(crate) fn enter(&self, deed: impl FnOnce(&mut Core)) {
        enter(&Rc::downgrade(&self.0), deed);
    }
}

/// Opens the GPU; a core that is gone by then has none.
fn open_screen(core: Weak<RefCell<Core>>, canvas: OffscreenCanvas) {
    spawn_local(async move {
        let mut opened = Some(Screen::open(canvas).await);
        enter(&core, |core| {
            if let Some(opened) = opened.take() {
                core.screen_opened(opened);
            }
        });
        // Closed meanwhile.
        if let Some(Ok(unwanted)) = opened {
            unwanted.close();
        }
    });
}

/// The one way in: does the deed, lets the player think, then speaks to the page.
pub(crate) fn enter(core: &Weak<RefCell<Core>>, deed: impl FnOnce(&mut Core)) {
    let Some(core) = core.upgrade() else { return };
    let (notices, send) = {
        let mut core = core.borrow_mut();
        if core.is_closed {
            return;
        }
        deed(&mut core);
        core.think();
        (core.report.take(), core.send.clone())
    };
    for notice in notices {
        // The page's own exceptions are the page's own.
        let _ = send.call1(&JsValue::NULL, &to_js(&notice));
    }
}

/// As JavaScript has it; nothing that is sent could fail to be written.
pub(crate) fn to_js(value: &impl serde::Serialize) -> JsValue {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true);
    value.serialize(&serializer).unwrap_or(JsValue::NULL)
}

impl Core {
    /// Takes a command of the page.
    pub(crate) fn receive(&mut self, command: Command) {
        match command {
            Command::Open { src } => self.open(src),
            Command::SetRequests(rules) => self.requests.set_rules(rules),
            Command::Answer { id, request } => self.requests.answered(id, request),
            Command::Close {} => self.close(),
            Command::Resize { width, height } => {
                self.screen.resize(width, height);
                self.inbox.push(Event::Resized { width, height });
                self.picture.spoil();
            }
            Command::Visible { is_visible } => {
                self.is_visible = is_visible;
                self.inbox.push(Event::Hidden(!is_visible));
                self.picture.spoil();
            }
            Command::LoseDevice {} if self.screen.is_open() => {
                self.screen.lose();
                self.device_lost("lost on request".to_owned());
            }
            Command::Retry {} if self.manifest.is_none() => {
                if let Some(src) = self.src.take() {
                    self.open(src);
                }
            }
            other => {
                if matches!(other, Command::Seek { .. } | Command::Step { .. }) {
                    self.report.seek_asked();
                }
                self.inbox.extend(convert::events(other));
            }
        }
    }

    fn open(&mut self, src: String) {
        self.forget_pack();
        self.src = Some(src.clone());
        let abort = self.expected.take().unwrap_or_default();
        self.opening = Some(abort.clone());
        let (me, visit) = (self.me.clone(), self.visit);
        let (requests, decodable) = (self.requests.clone(), self.decodable.clone());
        spawn_local(async move {
            let result = open(&src, &requests, &abort, &decodable).await;
            enter(&me, |core| {
                if core.visit == visit {
                    core.opened(result);
                }
            });
        });
    }

    fn opened(&mut self, result: Result<(Manifest, Source), Problem>) {
        self.opening = None;
        match result {
            Ok((manifest, source)) => {
                self.report
                    .say(Notice::Opened(convert::opened(&manifest, &source)));
                let manifest = Arc::new(manifest);
                self.manifest = Some(manifest.clone());
                self.source = Some(Rc::new(source));
                self.inbox.push(Event::Opened(manifest));
                spawn_local(growth::follow(self.me.clone(), self.visit));
            }
            Err(problem) => self.report.say(Notice::Problem(problem)),
        }
    }

    /// Stops and drops all that belongs to the open pack.
    fn forget_pack(&mut self) {
        self.visit += 1;
        self.postponed.clear();
        self.opening.take().inspect(Abort::abort);
        for (_, abort) in self.fetches.take() {
            abort.abort();
        }
        for (job, _) in self.jobs.take() {
            self.decoders.cancel(job);
        }
        self.store = Store::default();
        self.picture.forget();
        self.report.forget();
        self.manifest = None;
        self.source = None;
    }

    fn close(&mut self) {
        self.forget_pack();
        self.decoders.close();
        // Gives its memory back at once; the canvas keeps its last picture.
        self.screen.lose();
        self.is_closed = true;
    }

    /// Lets the player think until it has nothing more to do, and asks for what it waits for.
    fn think(&mut self) {
        for _ in 0..ROUND_COUNT_MAX {
            let events = std::mem::take(&mut self.inbox);
            let actions = self.player.tick(js::now(), &events);
            for action in actions {
                self.perform(action);
            }
            if self.inbox.is_empty() {
                break;
            }
        }
        self.report
            .observe(&self.player, self.manifest.as_deref(), &self.picture);
        let is_stale = || self.picture.is_stale(&self.player);
        if self.is_visible && (self.player.is_moving() || is_stale() || self.screen.is_busy()) {
            self.ask_for_frame();
        }
        self.set_wake();
    }

    fn ask_for_frame(&mut self) {
        if !std::mem::replace(&mut self.is_frame_asked, true) {
            js::request_animation_frame(&self.on_frame);
        }
    }

    fn animation_frame(&mut self) {
        self.is_frame_asked = false;
        // Hidden meanwhile: the frame that comes with being visible again draws.
        if !self.is_visible {
            return;
        }
        let events = std::mem::take(&mut self.inbox);
        // The picture will be seen a little later than now: show what is right then.
        let seen_at = js::now() + self.screen.latency();
        for action in self.player.tick(seen_at, &events) {
            self.perform(action);
        }
        if self.picture.is_stale(&self.player) && self.screen.is_ready() {
            self.draw();
        } else {
            self.screen.look();
        }
    }

    fn draw(&mut self) {
        let Some(manifest) = self.manifest.clone() else {
            return;
        };
        self.picture
            .draw(&manifest, &self.player, &self.store, &mut self.screen);
    }

    fn displayed(&mut self, number: u32) {
        self.picture.displayed(number);
        self.report.displayed(&self.picture);
    }

    fn set_wake(&mut self) {
        let at = self.player.wake_at();
        if at == self.wake.map(|(_, at)| at) {
            return;
        }
        if let Some((id, _)) = self.wake.take() {
            js::clear_timeout(id);
        }
        self.wake = at.map(|at| {
            let millis = (at - js::now()).as_millis().max(0.0);
            (js::set_timeout(&self.on_wake, millis), at)
        });
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Fetch {
                request,
                stream,
                segment,
            } => self.fetch(request, stream, segment),
            Action::Abort { request } => {
                self.fetches.remove(&request).inspect(Abort::abort);
            }
            Action::Decode {
                job,
                stream,
                layer_count,
                segment,
                first,
                count,
            } => {
                self.jobs.insert(job, RunningJob { stream, segment });
                let frames = first..first + count;
                let started = self.decode(job, stream, layer_count, segment, frames);
                if started.is_none() {
                    self.jobs.remove(&job);
                    self.inbox.push(Event::JobFailed {
                        job,
                        recovery: Recovery::FetchAgain,
                    });
                }
            }
            Action::CancelDecode { job } => {
                self.jobs.remove(&job);
                self.decoders.cancel(job);
            }
            Action::DropSegment { stream, segment } => self.store.drop_segment(stream, segment),
            Action::DropFrame { stream, frame } => self.store.drop_frame(stream, frame),
            Action::Notify(notice) => {
                let url = |problem: touchline_player::Problem| {
                    let entry = self.entry(problem.stream?, problem.segment?)?;
                    match self.source.as_ref()?.place_of(entry).ok()? {
                        Place::Remote { url, .. } => url.split('?').next().map(str::to_owned),
                        Place::Here(_) => None,
                    }
                };
                let url = match notice {
                    touchline_player::Notice::Problem(problem) => url(problem),
                    _ => None,
                };
                self.report.notified(notice, url);
            }
        }
    }

    fn track(&self, key: StreamKey) -> Option<&Track> {
        self.manifest.as_ref()?.tracks.get(usize::from(key.track))
    }

    fn stream(&self, key: StreamKey) -> Option<&Stream> {
        key.stream_in(self.manifest.as_ref()?)
    }

    fn entry(&self, stream: StreamKey, segment: u32) -> Option<&SegmentEntry> {
        self.stream(stream)?.segments.get(segment as usize)
    }

    fn fetch(&mut self, request: RequestId, stream: StreamKey, index: u32) {
        let place = self.entry(stream, index).zip(self.source.as_ref());
        let place = place.map(|(entry, source)| source.place_of(entry));
        let (url, range) = match place {
            Some(Ok(Place::Remote { url, range })) => (url, range),
            Some(Ok(Place::Here(bytes))) => {
                return self.arrived(request, stream, index, bytes);
            }
            Some(Err(_)) | None => {
                let reason = FailReason::Malformed;
                return self.inbox.push(Event::SegmentFailed { request, reason });
            }
        };
        let abort = Abort::default();
        self.fetches.insert(request, abort.clone());
        let wanted = Wanted {
            url,
            range,
            is_anew: false,
            of_type: RequestType::Segment,
            track: self.track(stream).map(|track| track.id.clone()),
            figures: self.figures(stream, index),
        };
        let (me, requests) = (self.me.clone(), self.requests.clone());
        spawn_local(async move {
            let result = requests.fetch(&wanted, &abort).await;
            enter(&me, |core| {
                if core.fetches.remove(&request).is_none() {
                    return; // Aborted meanwhile.
                }
                match result {
                    Ok(fetched) => {
                        core.report.fetched(fetched.bytes.length());
                        // A server that ignores ranges has sent everything: take the part.
                        let bytes = match wanted.range.filter(|_| !fetched.is_range) {
                            Some(part) => fetched.bytes.slice(part.start as u32, part.end as u32),
                            None => fetched.bytes,
                        };
                        core.arrived(request, stream, index, bytes);
                    }
                    Err(reason) => core.inbox.push(Event::SegmentFailed { request, reason }),
                }
            });
        });
    }

    /// What the server is told of a segment; nothing where the page does not want it.
    fn figures(&self, stream: StreamKey, index: u32) -> Figures {
        let manifest = self.manifest.as_ref();
        let Some(manifest) = manifest.filter(|_| self.requests.tells_figures()) else {
            return Figures::default();
        };
        let stats = self.player.stats();
        let is_seeking = self.report.is_seeking();
        let figures =
            figures::of_segment(&self.player, &stats, manifest, (stream, index), is_seeking);
        Figures {
            is_starved: self.requests.is_first_since_stall(stats.stall_count),
            ..figures
        }
    }

    fn arrived(&mut self, request: RequestId, stream: StreamKey, index: u32, bytes: Uint8Array) {
        let size_bytes = u64::from(bytes.length());
        match self.check(stream, index, &bytes) {
            Ok((segment, brick_counts)) => {
                let held = HeldSegment {
                    bytes,
                    segment: Rc::new(segment),
                    brick_counts: brick_counts.into(),
                };
                self.store.put_segment(stream, index, held);
                self.inbox.push(Event::SegmentArrived {
                    request,
                    size_bytes,
                });
            }
            Err(reason) => self.inbox.push(Event::SegmentFailed { request, reason }),
        }
    }

    /// Holds a segment's bytes against the manifest, then reads its framing and the bricks of its
    /// frames.
    fn check(
        &mut self,
        stream: StreamKey,
        index: u32,
        bytes: &Uint8Array,
    ) -> Result<(Segment, Vec<u32>), FailReason> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.resize(bytes.length() as usize, 0);
        bytes.copy_to(&mut scratch);
        let result = self.check_bytes(stream, index, &scratch);
        let result = result.map(|segment| {
            let brick_counts = decode::brick_counts(stream.kind, &segment, &scratch);
            (segment, brick_counts)
        });
        self.scratch = scratch;
        result
    }

    fn check_bytes(
        &self,
        stream: StreamKey,
        index: u32,
        bytes: &[u8],
    ) -> Result<Segment, FailReason> {
        let entry = self.entry(stream, index).ok_or(FailReason::Malformed)?;
        if (bytes.len() as u64) < entry.size {
            return Err(FailReason::Truncated);
        }
        entry
            .sha256
            .check(bytes)
            .map_err(|_| FailReason::HashMismatch)?;
        let segment = Segment::parse(bytes).map_err(|_| FailReason::Malformed)?;
        let is_promised = self
            .stream(stream)
            .is_some_and(|stream| stream.codec == segment.codec)
            && segment.first_frame == entry.first_frame
            && segment.frames.len() == entry.frame_count as usize;
        if is_promised {
            Ok(segment)
        } else {
            Err(FailReason::Malformed)
        }
    }

    /// Starts a decode job; `None` if something it needs is not there.
    fn decode(
        &mut self,
        id: JobId,
        stream: StreamKey,
        layer_count: u8,
        index: u32,
        frames: Range<u32>,
    ) -> Option<()> {
        let video = self.stream(stream)?.codec_string.clone();
        if stream.kind.is_texture() && video.is_none() {
            let held = self.store.segment(stream, index)?.clone();
            let (me, visit) = (self.me.clone(), self.visit);
            self.once_open(move |_| texture::decode(me, visit, id, stream, held, frames));
            return Some(());
        }
        let held = |layer| self.store.segment(stream.with_layer(layer), index).cloned();
        let layers: Option<Vec<HeldSegment>> = (0..layer_count).map(held).collect();
        let finest = self.stream(stream.with_layer(layer_count.checked_sub(1)?))?;
        let job = Job {
            id,
            layers: layers?,
            frames,
            element_count_max: finest.element_count_max,
            triangle_count_max: finest.triangle_count_max,
            has_normals: self.track(stream)?.shading == Shading::Lit,
            video: video.map(|codec| Video {
                codec,
                width: finest.width,
                height: finest.height,
                lane: usize::from(stream.track),
                source: texture::number_of(self.visit, stream, index),
            }),
        };
        self.decoders.start(&job).ok()
    }

    fn answered(&mut self, answer: Answer) {
        self.once_open(|core| core.take_answer(answer));
    }

    fn take_answer(&mut self, answer: Answer) {
        let Some(answer) = self.decoders.join(answer) else {
            return;
        };
        match answer {
            Answer::Frame {
                job,
                index,
                millis,
                data,
                ..
            } => {
                let Some(running) = self.jobs.get(&job).copied() else {
                    return;
                };
                let Some(held) = self.store.segment(running.stream, running.segment).cloned()
                else {
                    return;
                };
                if let FrameData::Image(image) = data {
                    let frame = held.segment.first_frame + index;
                    return self.image_arrived(job, running.stream, frame, image);
                }
                self.report.decoded(millis);
                let key = held.segment.key_before(index as usize) as u32;
                let run = (running.stream, running.segment, key);
                let Some(renderer) = self.screen.renderer() else {
                    return;
                };
                match upload::upload(&data, run, &mut self.store, renderer) {
                    Ok((resident, size_bytes)) => {
                        let frame = held.segment.first_frame + index;
                        let decode = Seconds::from_millis(millis);
                        self.frame_ready(running.stream, frame, resident, (size_bytes, decode));
                    }
                    Err(_) => self.job_failed(job, Recovery::Stop),
                }
            }
            Answer::Done { job } => self.job_done(job),
            Answer::Failed { job, recovery } => self.job_failed(job, recovery),
        }
    }

    /// A frame of a video texture is decoded.
    fn image_arrived(&mut self, job: JobId, key: StreamKey, frame: u32, image: Image) {
        let size = self.stream(key).map(|stream| (stream.width, stream.height));
        match size.and_then(|size| texture::upload(self, size, &image)) {
            Some(texture) => {
                let size_bytes = texture.size_bytes();
                let resident = Resident::Texture(Rc::new(texture));
                self.frame_ready(key, frame, resident, (size_bytes, Seconds(0.0)));
            }
            None => self.job_failed(job, Recovery::Stop),
        }
    }

    /// A frame is on the GPU: its bytes there, and how long decoders worked on it.
    pub(crate) fn frame_ready(
        &mut self,
        stream: StreamKey,
        frame: u32,
        resident: Resident,
        (size_bytes, decode): (u64, Seconds),
    ) {
        let topology = match &resident {
            Resident::Mesh(_, run, _) => self.store.topology(*run),
            Resident::Points(..) | Resident::Texture(_) => None,
        };
        let extent = match &resident {
            Resident::Points(points, _) => points.extent(),
            Resident::Mesh(..) | Resident::Texture(_) => None,
        };
        let topology = topology.map(|topology| topology.number);
        self.store.put_frame(stream, frame, resident);
        self.inbox.push(Event::FrameReady {
            stream,
            frame,
            size_bytes,
            topology,
            decode,
            extent,
        });
    }

    /// Whether a job is still wanted.
    pub(crate) fn is_wanted(&self, job: JobId, visit: u32) -> bool {
        self.visit == visit && self.jobs.contains_key(&job)
    }

    /// A job has handed over its last frame.
    pub(crate) fn job_done(&mut self, job: JobId) {
        if self.jobs.remove(&job).is_some() {
            self.inbox.push(Event::JobDone { job });
        }
    }

    /// A job has ended early.
    pub(crate) fn job_failed(&mut self, job: JobId, recovery: Recovery) {
        if self.jobs.remove(&job).is_some() {
            self.inbox.push(Event::JobFailed { job, recovery });
        }
    }

    /// Does what needs a GPU, now or as soon as there is one; not if another pack is opened first.
    fn once_open(&mut self, deed: impl FnOnce(&mut Self) + 'static) {
        if self.screen.is_open() {
            deed(self);
        } else {
            self.postponed.push(Box::new(deed));
        }
    }

    fn screen_opened(&mut self, opened: Result<Opened, Problem>) {
        match opened {
            Ok(opened) => {
                self.screen.replace(opened);
                self.watch_device();
                self.report.started(&self.screen);
                for deed in std::mem::take(&mut self.postponed) {
                    deed(self);
                }
            }
            Err(problem) => {
                self.close();
                self.report.say(Notice::Problem(problem));
            }
        }
    }

    /// Hears of the loss of the GPU device, whenever it comes.
    fn watch_device(&mut self) {
        let (me, lost) = (self.me.clone(), self.screen.lost());
        spawn_local(async move {
            if let Some(reason) = lost.await {
                enter(&me, |core| core.device_lost(reason));
            }
        });
    }

    /// Draws with another device, at the same viewpoint and instant.
    fn device_lost(&mut self, reason: String) {
        self.store.lose_frames();
        self.picture.spoil();
        self.inbox.push(Event::FramesLost);
        self.report.say(Notice::DeviceLost {
            reason: reason.clone(),
            is_recovered: false,
        });
        let me = self.me.clone();
        let reopening = self.screen.reopen();
        spawn_local(async move {
            let result = reopening.await;
            enter(&me, |core| match result {
                Ok(reopened) => {
                    core.screen.replace(reopened);
                    core.watch_device();
                    // What was uploaded to the lost device meanwhile is lost too.
                    core.store.lose_frames();
                    core.picture.spoil();
                    core.inbox.push(Event::FramesLost);
                    core.report.say(Notice::DeviceLost {
                        reason,
                        is_recovered: true,
                    });
                }
                Err(problem) => core.report.say(Notice::Problem(problem)),
            });
        });
    }
}
