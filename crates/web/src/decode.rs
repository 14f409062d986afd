//! The decode ports: jobs out, GPU-ready frames in.
//!
//! A port leads to a decode worker, or to the same loop on this thread where there are no workers;
//! the two look alike from here. The words are those of `www/src/decode-loop.ts`.

use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use touchline_pack::{CodecId, Segment};
use touchline_player::{JobId, Recovery};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, MessagePort};

/// What a decode worker answers.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A frame.
    Frame {
        /// Of which job.
        job: JobId,
        /// Index in the segment.
        index: u32,
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
    /// A point cloud.
    Points {
        /// `PointChunk` records.
        chunks: Uint8Array,
        /// `PackedPoint` records.
        points: Uint8Array,
    },
    /// A mesh.
    Mesh {
        /// One `Lattice` record.
        lattice: Uint8Array,
        /// `PackedVertex` records.
        vertices: Uint8Array,
        /// Indices and `PackedAttribute` records; with the first frame of each job at least.
        topology: Option<(Uint8Array, Uint8Array)>,
    },
}

/// What a job decodes.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    /// To answer with.
    pub(crate) id: JobId,
    /// The segment's bytes.
    pub(crate) bytes: &'a Uint8Array,
    /// Its framing.
    pub(crate) segment: &'a Segment,
    /// Index in the segment of the first frame wanted.
    pub(crate) first: u32,
    /// How many frames.
    pub(crate) count: u32,
    /// Points or vertices of the stream's largest frame.
    pub(crate) element_count_max: u32,
    /// Triangles of the stream's largest frame.
    pub(crate) triangle_count_max: u32,
}

struct Port {
    port: MessagePort,
    jobs: Vec<JobId>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

/// All decode workers.
pub(crate) struct Decoders {
    ports: Vec<Port>,
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
        }
    }

    /// How many jobs can run side by side.
    pub(crate) fn count(&self) -> usize {
        self.ports.len()
    }

    /// Gives a job to the port with the least to do.
    ///
    /// # Errors
    /// What the browser threw, or that there is no port.
    pub(crate) fn start(&mut self, job: &Job<'_>) -> Result<(), JsValue> {
        let port = self.ports.iter_mut().min_by_key(|port| port.jobs.len());
        let port = port.ok_or_else(|| JsValue::from_str("no decoder"))?;
        let key = job.segment.key_before(job.first as usize);
        let until = (job.first + job.count) as usize;
        let frames = job.segment.frames.get(key..until);
        let frames = frames.ok_or_else(|| JsValue::from_str("frames outside the segment"))?;
        let (chunks, transfer) = (Array::new(), Array::new());
        for frame in frames {
            let chunk = job
                .bytes
                .slice(frame.bytes.start as u32, frame.bytes.end as u32);
            transfer.push(&chunk.buffer());
            chunks.push(&chunk);
        }
        let CodecId(codec) = job.segment.codec;
        let codec = String::from_utf8_lossy(&codec).into_owned();
        let message = object(&[
            ("kind", "job".into()),
            ("job", (job.id.0 as f64).into()),
            ("codec", codec.into()),
            ("elementCountMax", job.element_count_max.into()),
            ("triangleCountMax", job.triangle_count_max.into()),
            ("firstFrame", (key as u32).into()),
            ("skip", (job.first - key as u32).into()),
            ("chunks", chunks.into()),
        ])?;
        port.port
            .post_message_with_transferable(&message, &transfer)?;
        port.jobs.push(job.id);
        Ok(())
    }

    /// Asks for a job to be stopped; frames on their way may still arrive.
    pub(crate) fn cancel(&mut self, job: JobId) {
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
    pub(crate) fn ended(&mut self, job: JobId) {
        for port in &mut self.ports {
            port.jobs.retain(|&other| other != job);
        }
    }
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
        "points" => Some(FrameData::Points {
            chunks: bytes(data, "chunks")?,
            points: bytes(data, "points")?,
        }),
        "mesh" => Some(FrameData::Mesh {
            lattice: bytes(data, "lattice")?,
            vertices: bytes(data, "vertices")?,
            topology: bytes(data, "indices").zip(bytes(data, "attributes")),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a job carries what decoding needs and no more; answers that make no sense are not.

    use super::*;
    use touchline_pack::SegmentWriter;
    use wasm_bindgen_futures::JsFuture;
    use wasm_bindgen_test::wasm_bindgen_test;
    use web_sys::MessageChannel;

    fn segment() -> (Uint8Array, Segment) {
        let mut writer = SegmentWriter::new(CodecId(*b"test"), 0);
        for index in 0..6_u8 {
            writer.push(&[index; 3], index % 2 == 0);
        }
        let bytes = writer.finish();
        (
            Uint8Array::from(&bytes[..]),
            Segment::parse(&bytes).unwrap(),
        )
    }

    #[wasm_bindgen_test]
    async fn a_job_starts_at_the_key_before_it() {
        let channel = MessageChannel::new().unwrap();
        let mut decoders = Decoders::new(vec![channel.port1()], |_| {});
        let (bytes, segment) = segment();
        let received = js_sys::Promise::new(&mut |resolve, _| {
            channel.port2().set_onmessage(Some(&resolve));
        });
        let job = Job {
            id: JobId(7),
            bytes: &bytes,
            segment: &segment,
            first: 3,
            count: 2,
            element_count_max: 10,
            triangle_count_max: 20,
        };
        decoders.start(&job).unwrap();
        let event: MessageEvent = JsFuture::from(received).await.unwrap().unchecked_into();
        let message = event.data();
        assert_eq!(field(&message, "firstFrame").as_f64(), Some(2.0));
        assert_eq!(field(&message, "skip").as_f64(), Some(1.0));
        assert_eq!(
            field(&message, "codec").as_string().as_deref(),
            Some("test")
        );
        let chunks: Array = field(&message, "chunks").unchecked_into();
        assert_eq!(chunks.length(), 3);
        let last: Uint8Array = chunks.get(2).unchecked_into();
        assert_eq!(last.to_vec(), [4; 3]);
        decoders.close();
    }

    #[wasm_bindgen_test]
    fn frames_outside_a_segment_are_no_job() {
        let channel = MessageChannel::new().unwrap();
        let mut decoders = Decoders::new(vec![channel.port1()], |_| {});
        let (bytes, segment) = segment();
        let job = Job {
            id: JobId(1),
            bytes: &bytes,
            segment: &segment,
            first: 5,
            count: 2,
            element_count_max: 0,
            triangle_count_max: 0,
        };
        assert!(decoders.start(&job).is_err());
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
