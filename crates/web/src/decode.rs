//! The decode ports: jobs out, GPU-ready frames in.
//!
//! A port leads to a decode worker, or to the same loop on this thread where there are no workers;
//! the two look alike from here. The words are those of `www/src/decode-loop.ts`.
//! Frames of several bricks are decoded by several ports at once, and put together here.

use std::ops::Range;

use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use touchline_pack::{CodecId, Segment};
use touchline_player::{JobId, Recovery, StreamKind};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, MessagePort};

use crate::store::HeldSegment;
use crate::texture::Image;

/// Bricks of a frame that are decoded apart at most: far more than there are workers. A frame that
/// claims more is decoded as a whole.
const BRICK_COUNT_MAX: u32 = 64;

/// What a decode worker answers.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A frame, or a brick of one.
    Frame {
        /// Of which job.
        job: JobId,
        /// Index in the segment.
        index: u32,
        /// Which brick; none for the whole frame.
        brick: Option<u32>,
        /// Time spent decoding it, milliseconds.
        millis: f64,
        /// Its buffers.
        data: FrameData,
    },
    /// The job's last frame has been handed over.
    Done {
        /// Which job.
        job: JobId,
    },
    /// The job has ended early.
    Failed {
        /// Which job.
        job: JobId,
        /// What can be done.
        recovery: Recovery,
    },
}

/// A decoded frame's buffers, in JavaScript's memory.
#[derive(Debug)]
pub(crate) enum FrameData {
    /// A point cloud, in bricks that follow each other.
    Points(Vec<PointsPiece>),
    /// A mesh.
    Mesh {
        /// One `Lattice` record.
        lattice: Uint8Array,
        /// `PackedVertex` records.
        vertices: Uint8Array,
        /// Indices and `PackedAttribute` records; with the first frame of each job at least.
        topology: Option<(Uint8Array, Uint8Array)>,
    },
    /// A picture of a video texture.
    Image(Image),
}

/// A brick of a point cloud, or all of it.
#[derive(Clone, Debug)]
pub(crate) struct PointsPiece {
    /// `PointChunk` records; their points are counted from the brick's first.
    pub(crate) chunks: Uint8Array,
    /// `PackedPoint` records.
    pub(crate) points: Uint8Array,
}

/// What a job decodes.
#[derive(Debug)]
pub(crate) struct Job {
    /// To answer with.
    pub(crate) id: JobId,
    /// The same stretch of each layer, coarsest first; one for a mesh.
    pub(crate) layers: Vec<HeldSegment>,
    /// Indices in the segment of the frames wanted.
    pub(crate) frames: Range<u32>,
    /// Points or vertices of the largest frame, made with these layers.
    pub(crate) element_count_max: u32,
    /// Triangles of the stream's largest frame.
    pub(crate) triangle_count_max: u32,
    /// Whether a mesh needs normals.
    pub(crate) has_normals: bool,
    /// If it is of a video texture.
    pub(crate) video: Option<Video>,
}

/// What decoding a video texture needs beside its chunks.
#[derive(Debug)]
pub(crate) struct Video {
    /// As WebCodecs names it.
    pub(crate) codec: String,
    /// Of the texture, pixels.
    pub(crate) width: u32,
    /// Of the texture, pixels.
    pub(crate) height: u32,
    /// Jobs of one lane go to one port, where the next may go on from the one before.
    pub(crate) lane: usize,
    /// Names the segment; no other has its number.
    pub(crate) source: f64,
}

/// For each frame of a layer-0 segment its bricks; empty where all have one.
///
/// A chunk whose header is damaged counts as one: decoding it tells what is wrong.
pub(crate) fn brick_counts(kind: StreamKind, segment: &Segment, bytes: &[u8]) -> Vec<u32> {
    if kind != StreamKind::Layer(0) {
        return Vec::new();
    }
    let count = |chunk: Range<usize>| {
        let count = touchline_codec::brick_count(segment.codec.0, &bytes[chunk]).unwrap_or(1);
        if count > BRICK_COUNT_MAX { 1 } else { count }
    };
    let frames = segment.frames.iter();
    let counts: Vec<u32> = frames.map(|frame| count(frame.bytes.clone())).collect();
    if counts.iter().all(|&count| count <= 1) {
        return Vec::new();
    }
    counts
}

struct Port {
    port: MessagePort,
    jobs: Vec<JobId>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

/// A job that several ports work at.
struct Shared {
    job: JobId,
    /// Ports that have not finished.
    port_count: usize,
    /// Its frames in bricks that are not complete.
    frames: Vec<Joining>,
}

/// A frame of which bricks are missing.
struct Joining {
    /// In the segment.
    index: u32,
    /// Those that are here, by their number.
    pieces: Vec<Option<PointsPiece>>,
    /// Time they took, milliseconds.
    millis: f64,
}

/// All decode workers.
pub(crate) struct Decoders {
    ports: Vec<Port>,
    shared: Vec<Shared>,
}

impl Decoders {
    /// Listens to `ports`; `answer` is called for each message that makes sense.
    pub(crate) fn new(ports: Vec<MessagePort>, answer: impl Fn(Answer) + Clone + 'static) -> Self {
        let listen = |port: MessagePort| {
            let answer = answer.clone();
            let on_message = Closure::new(move |event: MessageEvent| {
                if let Some(message) = read(&event.data()) {
                    answer(message);
                }
            });
            port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
            Port {
                port,
                jobs: Vec::new(),
                _on_message: on_message,
            }
        };
        Self {
            ports: ports.into_iter().map(listen).collect(),
            shared: Vec::new(),
        }
    }

    /// How many jobs can run side by side.
    pub(crate) fn count(&self) -> usize {
        self.ports.len()
    }

    /// Gives a job to the port with the least to do, or to several if its frames have bricks.
    ///
    /// # Errors
    /// What the browser threw, that there is no port, or that there are no such frames.
    pub(crate) fn start(&mut self, job: &Job) -> Result<(), JsValue> {
        let base = job.layers.first().ok_or("no layer")?;
        let brick_count = |index: u32| *base.brick_counts.get(index as usize).unwrap_or(&1);
        let brick_count_max = job.frames.clone().map(brick_count).max().unwrap_or(1);
        let share_count = self.ports.len().min(brick_count_max as usize);
        if share_count == 0 {
            return Err("no decoder".into());
        }
        let port_count = self.ports.len();
        for share in 0..share_count {
            let (message, transfer) = message(job, base, share, share_count)?;
            let is_busy = |port: &&mut Port| (port.jobs.contains(&job.id), port.jobs.len());
            let port = match &job.video {
                Some(video) => self.ports.get_mut(video.lane % port_count),
                None => self.ports.iter_mut().min_by_key(is_busy),
            };
            let port = port.ok_or("no decoder")?;
            port.port
                .post_message_with_transferable(&message, &transfer)?;
            port.jobs.push(job.id);
        }
        if share_count > 1 {
            let in_bricks = job.frames.clone().filter(|&index| brick_count(index) > 1);
            let joining = |index| Joining {
                index,
                pieces: vec![None; brick_count(index) as usize],
                millis: 0.0,
            };
            self.shared.push(Shared {
                job: job.id,
                port_count: share_count,
                frames: in_bricks.map(joining).collect(),
            });
        }
        Ok(())
    }

    /// Takes a port's answer; returns what it completes, if anything.
    pub(crate) fn join(&mut self, answer: Answer) -> Option<Answer> {
        match answer {
            Answer::Frame {
                job,
                index,
                brick: Some(brick),
                millis,
                data: FrameData::Points(mut piece),
            } => {
                let shared = self.shared.iter_mut().find(|shared| shared.job == job)?;
                let mut frames = shared.frames.iter_mut();
                let frame = frames.find(|frame| frame.index == index)?;
                *frame.pieces.get_mut(brick as usize)? = piece.pop();
                frame.millis += millis;
                let pieces: Option<Vec<PointsPiece>> = frame.pieces.iter().cloned().collect();
                let (data, millis) = (FrameData::Points(pieces?), frame.millis);
                shared.frames.retain(|frame| frame.index != index);
                Some(Answer::Frame {
                    job,
                    index,
                    brick: None,
                    millis,
                    data,
                })
            }
            Answer::Done { job } => {
                let mut shared = self.shared.iter_mut();
                if let Some(shared) = shared.find(|shared| shared.job == job)
                    && shared.port_count > 1
                {
                    shared.port_count -= 1;
                    return None;
                }
                self.forget(job);
                Some(answer)
            }
            Answer::Failed { job, .. } => {
                // Other ports need not go on with it.
                self.cancel(job);
                Some(answer)
            }
            whole @ Answer::Frame { .. } => Some(whole),
        }
    }

    /// Asks for a job to be stopped; frames on their way may still arrive.
    pub(crate) fn cancel(&mut self, job: JobId) {
        self.shared.retain(|shared| shared.job != job);
        for port in self
            .ports
            .iter_mut()
            .filter(|port| port.jobs.contains(&job))
        {
            port.jobs.retain(|&other| other != job);
            let message = object(&[("kind", "cancel".into()), ("job", (job.0 as f64).into())]);
            if let Ok(message) = message {
                // A closed port has nothing left to cancel.
                let _ = port.port.post_message(&message);
            }
        }
    }

    /// Hears nothing more from any port.
    pub(crate) fn close(&mut self) {
        for port in self.ports.drain(..) {
            port.port.set_onmessage(None);
            port.port.close();
        }
    }

    /// Forgets a job that has ended.
    fn forget(&mut self, job: JobId) {
        self.shared.retain(|shared| shared.job != job);
        for port in &mut self.ports {
            port.jobs.retain(|&other| other != job);
        }
    }
}

/// What one port of `share_count` is told of a job, and what is transferred with it.
fn message(
    job: &Job,
    base: &HeldSegment,
    share: usize,
    share_count: usize,
) -> Result<(JsValue, Array), JsValue> {
    let (frames, transfer) = (Array::new(), Array::new());
    let key = base.segment.key_before(job.frames.start as usize) as u32;
    for index in key..job.frames.end {
        let brick_count = base.brick_counts.get(index as usize);
        let (layers, bricks) = (Array::new(), Array::new());
        match brick_count {
            Some(&count) if share_count > 1 && count > 1 => {
                for brick in (share as u32..count).step_by(share_count) {
                    bricks.push(&brick.into());
                }
            }
            _ if share == 0 => {
                bricks.push(&JsValue::UNDEFINED);
            }
            _ => {}
        }
        if bricks.length() > 0 {
            for layer in &job.layers {
                let frame = layer.segment.frames.get(index as usize);
                let chunk = frame.ok_or("frames outside the segment")?.bytes.clone();
                let chunk = layer.bytes.slice(chunk.start as u32, chunk.end as u32);
                transfer.push(&chunk.buffer());
                layers.push(&chunk);
            }
        }
        frames.push(&object(&[
            ("layers", layers.into()),
            ("bricks", bricks.into()),
        ])?);
    }
    let video = match &job.video {
        None => JsValue::UNDEFINED,
        Some(video) => object(&[
            ("codec", video.codec.as_str().into()),
            ("width", video.width.into()),
            ("height", video.height.into()),
            ("source", video.source.into()),
        ])?,
    };
    let CodecId(codec) = base.segment.codec;
    let codec = String::from_utf8_lossy(&codec).into_owned();
    let message = object(&[
        ("kind", "job".into()),
        ("job", (job.id.0 as f64).into()),
        ("codec", codec.into()),
        ("elementCountMax", job.element_count_max.into()),
        ("triangleCountMax", job.triangle_count_max.into()),
        ("hasNormals", job.has_normals.into()),
        ("firstFrame", key.into()),
        ("skip", (job.frames.start - key).into()),
        ("frames", frames.into()),
        ("video", video),
    ])?;
    Ok((message, transfer))
}

/// A plain object.
fn object(fields: &[(&str, JsValue)]) -> Result<JsValue, JsValue> {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &JsValue::from_str(name), value)?;
    }
    Ok(object.into())
}

fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

fn bytes(object: &JsValue, name: &str) -> Option<Uint8Array> {
    field(object, name)
        .dyn_into::<ArrayBuffer>()
        .ok()
        .map(|buffer| Uint8Array::new(&buffer))
}

/// Reads an answer; `None` if it is none.
fn read(message: &JsValue) -> Option<Answer> {
    let job = JobId(field(message, "job").as_f64()? as u64);
    match field(message, "kind").as_string()?.as_str() {
        "frame" => Some(Answer::Frame {
            job,
            index: field(message, "frame").as_f64()? as u32,
            brick: field(message, "brick").as_f64().map(|brick| brick as u32),
            millis: field(message, "ms").as_f64()?,
            data: read_frame(&field(message, "data"))?,
        }),
        "done" => Some(Answer::Done { job }),
        "failed" => Some(Answer::Failed {
            job,
            recovery: match field(message, "recovery").as_string().as_deref() {
                Some("fetch-again") => Recovery::FetchAgain,
                Some("skip-to-next-key") => Recovery::SkipToNextKey,
                _ => Recovery::Stop,
            },
        }),
        _ => None,
    }
}

fn read_frame(data: &JsValue) -> Option<FrameData> {
    match field(data, "kind").as_string()?.as_str() {
        "points" => Some(FrameData::Points(vec![PointsPiece {
            chunks: bytes(data, "chunks")?,
            points: bytes(data, "points")?,
        }])),
        "mesh" => Some(FrameData::Mesh {
            lattice: bytes(data, "lattice")?,
            vertices: bytes(data, "vertices")?,
            topology: bytes(data, "indices").zip(bytes(data, "attributes")),
        }),
        // The decode worker checks its size: whatever it is, the GPU takes it.
        "image" => {
            let image = field(data, "image").unchecked_into();
            Some(FrameData::Image(Image(image)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a job carries what decoding needs and no more; answers that make no sense are not.

    use super::*;
    use std::rc::Rc;
    use touchline_pack::SegmentWriter;
    use wasm_bindgen_futures::JsFuture;
    use wasm_bindgen_test::wasm_bindgen_test;
    use web_sys::MessageChannel;

    /// Six frames, every other a key; chunks are three times `first` and up.
    fn segment(first: u8, brick_counts: &[u32]) -> HeldSegment {
        let mut writer = SegmentWriter::new(CodecId(*b"test"), 0);
        for index in 0..6_u8 {
            writer.push(&[first + index; 3], index % 2 == 0);
        }
        let bytes = writer.finish();
        HeldSegment {
            bytes: Uint8Array::from(&bytes[..]),
            segment: Rc::new(Segment::parse(&bytes).unwrap()),
            brick_counts: brick_counts.into(),
        }
    }

    fn job(layers: Vec<HeldSegment>, frames: Range<u32>) -> Job {
        Job {
            id: JobId(7),
            layers,
            frames,
            element_count_max: 10,
            triangle_count_max: 20,
            has_normals: true,
            video: None,
        }
    }

    /// Starts a job on so many ports; returns what each is told.
    async fn started(job: &Job, port_count: usize) -> (Decoders, Vec<JsValue>) {
        let channels: Vec<_> = (0..port_count)
            .map(|_| MessageChannel::new().unwrap())
            .collect();
        let ports = channels.iter().map(MessageChannel::port1).collect();
        let mut decoders = Decoders::new(ports, |_| {});
        let received: Vec<_> = channels
            .iter()
            .map(|channel| {
                js_sys::Promise::new(&mut |resolve, _| {
                    channel.port2().set_onmessage(Some(&resolve));
                })
            })
            .collect();
        decoders.start(job).unwrap();
        let mut messages = Vec::new();
        for event in received {
            let event: MessageEvent = JsFuture::from(event).await.unwrap().unchecked_into();
            messages.push(event.data());
        }
        (decoders, messages)
    }

    /// What a message says of its frame `index`: the layers' first bytes, and the bricks.
    fn frame(message: &JsValue, index: u32) -> (Vec<u8>, Vec<Option<f64>>) {
        let frames: Array = field(message, "frames").unchecked_into();
        let frame = frames.get(index);
        let layers: Array = field(&frame, "layers").unchecked_into();
        let bricks: Array = field(&frame, "bricks").unchecked_into();
        let first_byte = |chunk: JsValue| chunk.unchecked_into::<Uint8Array>().get_index(0);
        (
            layers.iter().map(first_byte).collect(),
            bricks.iter().map(|brick| brick.as_f64()).collect(),
        )
    }

    #[wasm_bindgen_test]
    async fn a_job_starts_at_the_key_before_it() {
        let job = job(vec![segment(0, &[])], 3..5);
        let (mut decoders, messages) = started(&job, 1).await;
        let message = &messages[0];
        assert_eq!(field(message, "firstFrame").as_f64(), Some(2.0));
        assert_eq!(field(message, "skip").as_f64(), Some(1.0));
        assert_eq!(field(message, "codec").as_string().as_deref(), Some("test"));
        let frames: Array = field(message, "frames").unchecked_into();
        assert_eq!(frames.length(), 3);
        assert_eq!(frame(message, 2), (vec![4], vec![None]));
        decoders.close();
    }

    #[wasm_bindgen_test]
    async fn a_job_carries_all_layers_of_a_frame() {
        let layers = vec![segment(0, &[]), segment(10, &[]), segment(20, &[])];
        let (mut decoders, messages) = started(&job(layers, 4..6), 1).await;
        assert_eq!(frame(&messages[0], 0), (vec![4, 14, 24], vec![None]));
        assert_eq!(frame(&messages[0], 1), (vec![5, 15, 25], vec![None]));
        decoders.close();
    }

    #[wasm_bindgen_test]
    async fn jobs_of_a_video_go_to_one_port() {
        let channels = [
            MessageChannel::new().unwrap(),
            MessageChannel::new().unwrap(),
        ];
        let ports = channels.iter().map(MessageChannel::port1).collect();
        let mut decoders = Decoders::new(ports, |_| {});
        let received = js_sys::Promise::new(&mut |resolve, _| {
            channels[1].port2().set_onmessage(Some(&resolve));
        });
        for id in [7, 8] {
            let video = Video {
                codec: "avc1.640028".to_owned(),
                width: 30,
                height: 20,
                lane: 5,
                source: 2.0,
            };
            let mut job = job(vec![segment(0, &[])], 3..5);
            (job.id, job.video) = (JobId(id), Some(video));
            decoders.start(&job).unwrap();
        }
        assert_eq!(decoders.ports[1].jobs, [JobId(7), JobId(8)]);
        let event: MessageEvent = JsFuture::from(received).await.unwrap().unchecked_into();
        let video = field(&event.data(), "video");
        let codec = field(&video, "codec").as_string();
        assert_eq!(codec.as_deref(), Some("avc1.640028"));
        let [width, height, source] =
            ["width", "height", "source"].map(|name| field(&video, name).as_f64());
        assert_eq!((width, height, source), (Some(30.0), Some(20.0), Some(2.0)));
        decoders.close();
    }

    fn piece(index: u32, brick: u32) -> Answer {
        let bytes = Uint8Array::from(&[brick as u8][..]);
        Answer::Frame {
            job: JobId(7),
            index,
            brick: Some(brick),
            millis: 1.0,
            data: FrameData::Points(vec![PointsPiece {
                chunks: bytes.clone(),
                points: bytes,
            }]),
        }
    }

    #[wasm_bindgen_test]
    async fn bricks_are_decoded_apart_and_put_together() {
        let layers = vec![segment(0, &[1, 1, 3, 1, 1, 1]), segment(10, &[])];
        let (mut decoders, messages) = started(&job(layers, 2..4), 2).await;
        let (one, other) = (&messages[0], &messages[1]);
        assert_eq!(frame(one, 0), (vec![2, 12], vec![Some(0.0), Some(2.0)]));
        assert_eq!(frame(other, 0), (vec![2, 12], vec![Some(1.0)]));
        assert_eq!(frame(one, 1), (vec![3, 13], vec![None]));
        assert_eq!(frame(other, 1), (vec![], vec![]));
        assert!(decoders.join(piece(2, 1)).is_none());
        assert!(decoders.join(piece(2, 0)).is_none());
        assert!(decoders.join(Answer::Done { job: JobId(7) }).is_none());
        let Some(Answer::Frame { millis, data, .. }) = decoders.join(piece(2, 2)) else {
            panic!("three pieces are a frame");
        };
        let FrameData::Points(pieces) = data else {
            panic!("of points");
        };
        let order: Vec<u8> = pieces
            .iter()
            .map(|piece| piece.points.get_index(0))
            .collect();
        assert_eq!((order, millis), (vec![0, 1, 2], 3.0));
        assert!(decoders.join(piece(2, 2)).is_none(), "once is enough");
        assert!(decoders.join(Answer::Done { job: JobId(7) }).is_some());
        decoders.close();
    }

    #[wasm_bindgen_test]
    async fn one_port_that_fails_ends_the_job() {
        let layers = vec![segment(0, &[2; 6])];
        let (mut decoders, _) = started(&job(layers, 2..3), 2).await;
        let failed = || Answer::Failed {
            job: JobId(7),
            recovery: Recovery::Stop,
        };
        assert!(decoders.join(piece(2, 0)).is_none());
        assert!(decoders.join(failed()).is_some());
        assert!(decoders.join(piece(2, 1)).is_none());
        decoders.close();
    }

    #[wasm_bindgen_test]
    fn frames_outside_a_segment_are_no_job() {
        let channel = MessageChannel::new().unwrap();
        let mut decoders = Decoders::new(vec![channel.port1()], |_| {});
        assert!(decoders.start(&job(vec![segment(0, &[])], 5..7)).is_err());
        assert!(decoders.start(&job(Vec::new(), 0..1)).is_err());
        decoders.close();
    }

    #[wasm_bindgen_test]
    fn nonsense_is_no_answer() {
        for json in [
            "null",
            "3",
            "{}",
            r#"{"kind":"frame","job":1}"#,
            r#"{"kind":"x","job":1}"#,
        ] {
            assert!(
                read(&js_sys::JSON::parse(json).unwrap()).is_none(),
                "took {json}"
            );
        }
        let done = js_sys::JSON::parse(r#"{"kind":"done","job":4}"#).unwrap();
        assert!(matches!(read(&done), Some(Answer::Done { job: JobId(4) })));
    }
}
