//! The canvas and its GPU: opens them, opens them again after a loss, and paces the pictures.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use futures_channel::mpsc;
use futures_util::StreamExt;
use glam::UVec2;
use touchline_render::{
    Canvas, CanvasSource, Gpu, GpuError, Item, Presented, Renderer, TextureHandle, View,
};
use touchline_scene::Seconds;
use web_sys::OffscreenCanvas;

use crate::js;
use crate::messages::Problem;
use crate::texture::Image;

/// Pictures handed to the GPU and not yet done, at most. With more, a slow GPU falls ever further
/// behind the clock; with fewer, a fast one idles while the next picture is prepared.
const PENDING_COUNT_MAX: u32 = 2;
/// Devices lost in [`LOSS_PERIOD`] at most: a device that is lost at once is better left alone.
const LOSS_COUNT_MAX: usize = 3;
/// See [`LOSS_COUNT_MAX`].
const LOSS_PERIOD: Seconds = Seconds(60.0);
/// How much of a new measurement enters the expected latency.
const LATENCY_GAIN: f64 = 0.2;
/// No picture is expected to take longer than this, whatever was measured: a hidden tab's did not.
const LATENCY_MAX: Seconds = Seconds(0.25);

/// A device, what it draws to, and what it draws with.
pub(crate) struct Opened {
    gpu: Gpu,
    canvas: Canvas,
    renderer: Renderer,
    pace: Arc<Pace>,
}

/// How fast the GPU is. Written by its callbacks, which must be `Send`.
#[derive(Debug, Default)]
struct Pace {
    pending_count: AtomicU32,
    /// Seconds from the picture's instant to its end on the GPU, as bits.
    latency: AtomicU64,
}

/// The canvas and its GPU.
pub(crate) struct Screen {
    /// `None` until the GPU is there.
    opened: Option<Opened>,
    size_px: UVec2,
    losses: VecDeque<Seconds>,
    is_lost: bool,
}

impl Screen {
    /// A screen without a GPU: [`Screen::replace`] gives it one.
    pub(crate) fn new(source: &OffscreenCanvas) -> Self {
        Self {
            opened: None,
            size_px: UVec2::new(source.width(), source.height()),
            losses: VecDeque::new(),
            is_lost: false,
        }
    }

    /// Opens the GPU that draws to `source`.
    ///
    /// # Errors
    /// Problems 5001 to 5005: there is nothing to draw with.
    pub(crate) async fn open(source: OffscreenCanvas) -> Result<Opened, Problem> {
        let size_px = UVec2::new(source.width(), source.height());
        if !js::has_web_gpu() {
            return Err(gpu_problem(5001, "this browser has no WebGPU"));
        }
        Opened::new(Canvas::open(CanvasSource::Offscreen(source), size_px).await)
    }

    /// Whether there is a GPU, or was one that will be back.
    pub(crate) fn is_open(&self) -> bool {
        self.opened.is_some()
    }

    /// Draws at another size from now on, device pixels.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        self.size_px = UVec2::new(width, height);
        if let Some(opened) = self.opened.as_mut().filter(|_| !self.is_lost) {
            opened.canvas.resize(&opened.gpu, self.size_px);
        }
    }

    /// Width / height of the picture.
    pub(crate) fn aspect(&self) -> f32 {
        self.size_px.x as f32 / self.size_px.y as f32
    }

    /// What uploads and draws.
    pub(crate) fn renderer(&mut self) -> Option<&mut Renderer> {
        Some(&mut self.opened.as_mut()?.renderer)
    }

    /// Fills a texture with an image, which is at least as large.
    pub(crate) fn write_image(&mut self, texture: &TextureHandle, image: &Image) {
        if let Some(Opened { gpu, renderer, .. }) = &mut self.opened {
            renderer.write_image(gpu, texture, image.0.clone());
        }
    }

    /// The adapter, in the browser's words.
    pub(crate) fn adapter_name(&self) -> String {
        let opened = self.opened.as_ref();
        opened.map_or_else(String::new, |opened| opened.gpu.adapter.get_info().name)
    }

    /// How long from a picture's instant until it can be seen, as it was lately.
    pub(crate) fn latency(&self) -> Seconds {
        let opened = self.opened.as_ref();
        opened.map_or(Seconds(0.0), |opened| opened.pace.latency())
    }

    /// Whether the GPU has room for another picture.
    pub(crate) fn is_ready(&self) -> bool {
        let has_room =
            |opened: &Opened| opened.pace.pending_count.load(Ordering::Relaxed) < PENDING_COUNT_MAX;
        !self.is_lost && self.opened.as_ref().is_some_and(has_room)
    }

    /// Whether the GPU has a picture that is not done, as far as is known.
    pub(crate) fn is_busy(&self) -> bool {
        let is_busy = |opened: &Opened| opened.pace.pending_count.load(Ordering::Relaxed) > 0;
        !self.is_lost && self.opened.as_ref().is_some_and(is_busy)
    }

    /// Has the browser look which pictures are done. Firefox looks when something is submitted,
    /// else ten times a second (bugzilla.mozilla.org, 1870699): too late for the next picture.
    pub(crate) fn look(&self) {
        if let Some(opened) = self.opened.as_ref().filter(|_| self.is_busy()) {
            opened.gpu.queue.submit([]);
        }
    }

    /// Draws a picture; says whether it will show. `done` is called when the GPU has drawn it.
    pub(crate) fn draw(
        &mut self,
        view: &View<'_>,
        items: &[Item<'_>],
        done: impl FnOnce() + Send + 'static,
    ) -> bool {
        let Some(opened) = self.opened.as_mut().filter(|_| !self.is_lost) else {
            return false;
        };
        let started = js::now();
        let Opened {
            gpu,
            canvas,
            renderer,
            pace,
        } = opened;
        // Lost is heard of by the device's own callback too, which knows the reason.
        if canvas.draw(gpu, renderer, view, items) != Presented::Shown {
            return false;
        }
        pace.pending_count.fetch_add(1, Ordering::Relaxed);
        let pace = pace.clone();
        gpu.queue.on_submitted_work_done(move || {
            pace.done(js::now() - started);
            done();
        });
        true
    }

    /// Loses the device on purpose.
    pub(crate) fn lose(&self) {
        if let Some(opened) = &self.opened {
            opened.close();
        }
    }

    /// Resolves with the browser's words when the device is lost; never, if that is on purpose.
    pub(crate) fn lost(&self) -> impl Future<Output = Option<String>> + use<> {
        // The callback must be `Send` and may be called again: a channel is both.
        let (sender, mut receiver) = mpsc::unbounded();
        if let Some(opened) = &self.opened {
            opened.gpu.on_lost(move |reason| {
                // Nobody listens any more when the engine is gone.
                let _ = sender.unbounded_send(reason.to_owned());
            });
        }
        async move { receiver.next().await }
    }

    /// Opens the canvas with another device; [`Screen::replace`] takes it into use.
    pub(crate) fn reopen(&mut self) -> impl Future<Output = Result<Opened, Problem>> + use<> {
        self.is_lost = true;
        let now = js::now();
        self.losses.retain(|&at| now - at < LOSS_PERIOD);
        self.losses.push_back(now);
        let is_hopeless = self.losses.len() > LOSS_COUNT_MAX;
        let canvas = self.opened.as_ref().map(|opened| opened.canvas.clone());
        let size_px = self.size_px;
        async move {
            let Some(canvas) = canvas.filter(|_| !is_hopeless) else {
                let text = "the GPU device is lost again and again: reload the page, or update \
                            the browser or the graphics driver";
                return Err(gpu_problem(5004, text));
            };
            Opened::new(canvas.open_again(size_px).await)
        }
    }

    /// Draws with another device from now on.
    pub(crate) fn replace(&mut self, mut opened: Opened) {
        opened.canvas.resize(&opened.gpu, self.size_px);
        // If that fails the device is lost, and is heard of elsewhere.
        let _ = opened.renderer.warm_up(opened.canvas.size_px());
        self.opened = Some(opened);
        self.is_lost = false;
    }
}

impl Opened {
    fn new(opened: Result<(Gpu, Canvas), GpuError>) -> Result<Self, Problem> {
        let (gpu, canvas) = opened.map_err(|error| match error {
            GpuError::NoAdapter => gpu_problem(5002, "this browser finds no GPU for WebGPU"),
            GpuError::NoDevice => gpu_problem(5003, "the GPU cannot do what is needed"),
            GpuError::NoSurface | GpuError::NoPixels => {
                gpu_problem(5005, "the canvas cannot be drawn to")
            }
        })?;
        let renderer = Renderer::new(&gpu, canvas.format());
        Ok(Self {
            gpu,
            canvas,
            renderer,
            pace: Arc::default(),
        })
    }

    /// Gives the GPU's memory back at once.
    pub(crate) fn close(&self) {
        self.gpu.device.destroy();
    }
}

impl Pace {
    fn latency(&self) -> Seconds {
        Seconds(f64::from_bits(self.latency.load(Ordering::Relaxed)))
    }

    /// A picture is done, `span` after it was begun.
    fn done(&self, span: Seconds) {
        self.pending_count.fetch_sub(1, Ordering::Relaxed);
        let known = self.latency();
        let latency = (known + (span - known) * LATENCY_GAIN).0.min(LATENCY_MAX.0);
        self.latency.store(latency.to_bits(), Ordering::Relaxed);
    }
}

fn gpu_problem(code: u32, message: &str) -> Problem {
    Problem {
        code,
        is_fatal: true,
        message: message.to_owned(),
        url: None,
        http_status: None,
    }
}
