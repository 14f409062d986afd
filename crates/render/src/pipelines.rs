//! The pipelines of all passes and the layouts they share.
//!
//! Bind group 0 is the frame, 1 the item, 2 its grid, 3 its texture.

use touchline_scene::{PackedAttribute, PackedPoint, PackedVertex};

use crate::attachments::DEPTH_FORMAT;
use crate::shaders::{self, Module};
use crate::{RendererOptions, layout};

/// One for each of the four bind groups.
#[derive(Debug)]
pub(crate) struct Layouts {
    pub(crate) frame: wgpu::BindGroupLayout,
    pub(crate) item: wgpu::BindGroupLayout,
    pub(crate) grid: wgpu::BindGroupLayout,
    pub(crate) texture: wgpu::BindGroupLayout,
}

/// Points that one instance draws: as many as 8 attributes of 16 bytes hold, half of what WebGL2
/// takes. As in `shaders/points.wgsl`.
pub(crate) const POINTS_PER_INSTANCE: u32 = 16;

#[derive(Debug)]
pub(crate) struct Pipelines {
    pub(crate) backdrop: wgpu::RenderPipeline,
    pub(crate) points: wgpu::RenderPipeline,
    pub(crate) mesh: wgpu::RenderPipeline,
    pub(crate) mips: wgpu::RenderPipeline,
}

impl Layouts {
    pub(crate) fn new(device: &wgpu::Device) -> Self {
        Self {
            frame: uniform_layout(device, size_of::<layout::Frame>(), false),
            item: uniform_layout(device, size_of::<layout::Item>(), true),
            grid: uniform_layout(device, size_of::<layout::Grid>(), true),
            texture: texture_layout(device),
        }
    }
}

fn uniform_layout(
    device: &wgpu::Device,
    size_bytes: usize,
    has_dynamic_offset: bool,
) -> wgpu::BindGroupLayout {
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &[wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::VERTEX_FRAGMENT,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset,
                min_binding_size: std::num::NonZeroU64::new(size_bytes as u64),
            },
            count: None,
        }],
    })
}

fn texture_layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty,
        count: None,
    };
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &[
            entry(
                0,
                wgpu::BindingType::Texture {
                    sample_type: wgpu::TextureSampleType::Float { filterable: true },
                    view_dimension: wgpu::TextureViewDimension::D2,
                    multisampled: false,
                },
            ),
            entry(
                1,
                wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
            ),
        ],
    })
}

/// What is the same in all pipelines that draw to the target.
struct Maker<'a> {
    device: &'a wgpu::Device,
    target_format: wgpu::TextureFormat,
    sample_count: u32,
}

/// What tells one pass from another.
struct Pass<'a> {
    module: &'a Module,
    vertex_entry: &'a str,
    fragment_entry: &'a str,
    groups: &'a [Option<&'a wgpu::BindGroupLayout>],
    buffers: &'a [Option<wgpu::VertexBufferLayout<'a>>],
    topology: wgpu::PrimitiveTopology,
    /// Whether its alpha says which samples of a pixel it covers.
    is_alpha_coverage: bool,
}

impl Pipelines {
    pub(crate) fn new(
        device: &wgpu::Device,
        layouts: &Layouts,
        target_format: wgpu::TextureFormat,
        options: RendererOptions,
    ) -> Self {
        let maker = Maker {
            device,
            target_format,
            sample_count: options.sample_count,
        };
        Self {
            backdrop: maker.backdrop(layouts),
            points: maker.points(layouts),
            mesh: maker.mesh(layouts),
            mips: mips(device, layouts),
        }
    }
}

impl Maker<'_> {
    fn backdrop(&self, layouts: &Layouts) -> wgpu::RenderPipeline {
        self.make(&Pass {
            module: &shaders::BACKDROP,
            vertex_entry: "cover_picture",
            fragment_entry: "fill_backdrop",
            groups: &[Some(&layouts.frame)],
            buffers: &[],
            topology: wgpu::PrimitiveTopology::TriangleList,
            is_alpha_coverage: false,
        })
    }

    fn points(&self, layouts: &Layouts) -> wgpu::RenderPipeline {
        self.make(&Pass {
            module: &shaders::POINTS,
            vertex_entry: "project_point",
            fragment_entry: "fill_splat",
            groups: &[
                Some(&layouts.frame),
                Some(&layouts.item),
                Some(&layouts.grid),
            ],
            buffers: &[Some(wgpu::VertexBufferLayout {
                array_stride: u64::from(POINTS_PER_INSTANCE) * size_of::<PackedPoint>() as u64,
                step_mode: wgpu::VertexStepMode::Instance,
                attributes: &wgpu::vertex_attr_array![
                    0 => Uint32x4, 1 => Uint32x4, 2 => Uint32x4, 3 => Uint32x4,
                    4 => Uint32x4, 5 => Uint32x4, 6 => Uint32x4, 7 => Uint32x4,
                ],
            })],
            topology: wgpu::PrimitiveTopology::TriangleList,
            is_alpha_coverage: true,
        })
    }

    fn mesh(&self, layouts: &Layouts) -> wgpu::RenderPipeline {
        self.make(&Pass {
            module: &shaders::MESH,
            vertex_entry: "project_vertex",
            fragment_entry: "fill_triangle",
            groups: &[
                Some(&layouts.frame),
                Some(&layouts.item),
                Some(&layouts.grid),
                Some(&layouts.texture),
            ],
            buffers: &[
                Some(wgpu::VertexBufferLayout {
                    array_stride: size_of::<PackedVertex>() as u64,
                    step_mode: wgpu::VertexStepMode::Vertex,
                    attributes: &wgpu::vertex_attr_array![0 => Uint16x4],
                }),
                Some(wgpu::VertexBufferLayout {
                    array_stride: size_of::<PackedAttribute>() as u64,
                    step_mode: wgpu::VertexStepMode::Vertex,
                    attributes: &wgpu::vertex_attr_array![1 => Unorm16x2, 2 => Unorm8x4],
                }),
                Some(wgpu::VertexBufferLayout {
                    array_stride: size_of::<PackedVertex>() as u64,
                    step_mode: wgpu::VertexStepMode::Vertex,
                    attributes: &wgpu::vertex_attr_array![3 => Uint16x4],
                }),
            ],
            topology: wgpu::PrimitiveTopology::TriangleList,
            is_alpha_coverage: true,
        })
    }

    fn make(&self, pass: &Pass<'_>) -> wgpu::RenderPipeline {
        let is_multisampled = self.sample_count > 1;
        let constants = [
            ("IS_TARGET_SRGB", f64::from(self.target_format.is_srgb())),
            ("IS_MULTISAMPLED", f64::from(is_multisampled)),
        ];
        let compilation_options = wgpu::PipelineCompilationOptions {
            constants: &constants,
            ..Default::default()
        };
        let module = compile(self.device, pass.module);
        self.device
            .create_render_pipeline(&wgpu::RenderPipelineDescriptor {
                label: Some(pass.module.name),
                layout: Some(&pipeline_layout(self.device, pass.groups)),
                vertex: wgpu::VertexState {
                    module: &module,
                    entry_point: Some(pass.vertex_entry),
                    compilation_options: compilation_options.clone(),
                    buffers: pass.buffers,
                },
                primitive: wgpu::PrimitiveState {
                    topology: pass.topology,
                    ..Default::default()
                },
                depth_stencil: Some(wgpu::DepthStencilState {
                    format: DEPTH_FORMAT,
                    depth_write_enabled: Some(true),
                    // Reversed: nearer is greater. Equal too, for the sky at the cleared 0.
                    depth_compare: Some(wgpu::CompareFunction::GreaterEqual),
                    stencil: wgpu::StencilState::default(),
                    bias: wgpu::DepthBiasState::default(),
                }),
                multisample: wgpu::MultisampleState {
                    count: self.sample_count,
                    mask: !0,
                    alpha_to_coverage_enabled: is_multisampled && pass.is_alpha_coverage,
                },
                fragment: Some(wgpu::FragmentState {
                    module: &module,
                    entry_point: Some(pass.fragment_entry),
                    compilation_options,
                    targets: &[Some(wgpu::ColorTargetState {
                        format: self.target_format,
                        blend: None,
                        // The picture stays opaque: alpha was coverage.
                        write_mask: wgpu::ColorWrites::COLOR,
                    })],
                }),
                multiview_mask: None,
                cache: None,
            })
    }
}

fn mips(device: &wgpu::Device, layouts: &Layouts) -> wgpu::RenderPipeline {
    let module = compile(device, &shaders::MIPS);
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(shaders::MIPS.name),
        layout: Some(&pipeline_layout(device, &[Some(&layouts.texture)])),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("cover_level"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some("halve"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(crate::handles::TEXTURE_FORMAT.into())],
        }),
        multiview_mask: None,
        cache: None,
    })
}

fn compile(device: &wgpu::Device, module: &Module) -> wgpu::ShaderModule {
    device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(module.name),
        source: wgpu::ShaderSource::Wgsl(module.source().into()),
    })
}

fn pipeline_layout(
    device: &wgpu::Device,
    groups: &[Option<&wgpu::BindGroupLayout>],
) -> wgpu::PipelineLayout {
    device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: groups,
        immediate_size: 0,
    })
}
