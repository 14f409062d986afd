//! Goal: Rust and WGSL agree on every shared byte, and every shader module is valid.
//! Method: parse each module with naga; compare each uniform struct's field names, offsets and
//! size with `render::layout::SHARED`, which is built from the Rust structs themselves.

use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{Module, TypeInner};
use touchline_render::layout::{SHARED, Shared};
use touchline_render::shaders::MODULES;

fn parse(module: &touchline_render::shaders::Module) -> Module {
    let source = module.source();
    naga::front::wgsl::parse_str(&source)
        .unwrap_or_else(|error| panic!("{}: {}", module.name, error.emit_to_string(&source)))
}

/// Compares one struct; whether the module has it.
fn check_struct(parsed: &Module, shared: &Shared, module_name: &str) -> bool {
    let found = parsed.types.iter().find_map(|(_, kind)| match &kind.inner {
        TypeInner::Struct { members, span } if kind.name.as_deref() == Some(shared.name) => {
            Some((members, *span))
        }
        _ => None,
    });
    let Some((members, span)) = found else {
        return false;
    };
    let fields: Vec<(&str, u32)> = members
        .iter()
        .map(|member| (member.name.as_deref().unwrap_or(""), member.offset))
        .collect();
    assert_eq!(fields, shared.fields, "{} in {module_name}", shared.name);
    assert_eq!(span, shared.size_bytes, "{} in {module_name}", shared.name);
    true
}

#[test]
fn shared_structs_match() {
    for shared in SHARED {
        let users = MODULES
            .iter()
            .filter(|module| check_struct(&parse(module), shared, module.name))
            .count();
        assert!(users > 0, "no shader uses {}", shared.name);
    }
}

#[test]
fn every_uniform_struct_is_shared() {
    for module in MODULES {
        let parsed = parse(module);
        for (_, variable) in parsed.global_variables.iter() {
            if variable.space != naga::AddressSpace::Uniform {
                continue;
            }
            let name = parsed.types[variable.ty].name.as_deref();
            let is_shared = SHARED.iter().any(|shared| Some(shared.name) == name);
            assert!(is_shared, "{}: {name:?} is not in SHARED", module.name);
        }
    }
}

#[test]
fn every_module_validates() {
    for module in MODULES {
        // No capability: nothing beyond what every WebGPU device has.
        Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&parse(module))
            .unwrap_or_else(|error| panic!("{}: {error:?}", module.name));
    }
}

/// WebGL2 has neither storage buffers nor compute.
#[test]
fn the_base_path_stores_nothing() {
    for module in MODULES {
        let parsed = parse(module);
        for (_, variable) in parsed.global_variables.iter() {
            let is_storage = matches!(variable.space, naga::AddressSpace::Storage { .. });
            assert!(!is_storage, "{} has a storage buffer", module.name);
        }
        for entry in &parsed.entry_points {
            assert_ne!(entry.stage, naga::ShaderStage::Compute, "{}", module.name);
        }
    }
}
