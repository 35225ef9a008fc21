//! Shaders found again by what they are made of: WGSL or SPIR-V, parsed and checked once a process, without a device. What
//! is made of them on a device stands in `shaders`.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::error::{RenderError, Result};
use crate::gpu::shader_report::{chain, report, short};
use crate::gpu::shader_scan::check_depth;

/// The parser goes down a level a bracket, an operator of a chain and a name that comes from another; threads of other
/// programs have as little as half a megabyte. Only what is used of it is taken from the system.
const STACK_BYTES: usize = 128 << 20;
/// Bytes of a shader, at most.
const MOST_BYTES: usize = 1 << 20;
/// Programs of surface styles that are kept: an edited text makes another one at each keystroke.
pub const KEPT_STYLED: usize = 8;

/// What a shader is written in.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// Text.
    Wgsl(&'a str),
    /// Bytes of little-endian words.
    SpirV(&'a [u8]),
}

/// Where in the pipeline a shader runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Once a work item.
    Compute,
    /// Once a corner.
    Vertex,
    /// Once a pixel.
    Fragment,
}

const STAGES: [(Stage, &str, naga::ShaderStage); 3] = [
    (Stage::Compute, "compute", naga::ShaderStage::Compute),
    (Stage::Vertex, "vertex", naga::ShaderStage::Vertex),
    (Stage::Fragment, "fragment", naga::ShaderStage::Fragment),
];

impl Stage {
    /// The stage of a name.
    pub fn parse(name: &str) -> Result<Self> {
        STAGES.iter().find(|(_, known, _)| *known == name).map(|(stage, ..)| *stage).ok_or_else(|| {
            RenderError::Input(format!(
                "stage: expected compute, vertex or fragment; got '{name}'; fix: stage=\"compute\""
            ))
        })
    }
}

fn stage_name(stage: naga::ShaderStage) -> String {
    let known = STAGES.iter().find(|(.., known)| *known == stage);
    known.map_or_else(|| format!("{stage:?}").to_lowercase(), |(_, name, _)| (*name).to_owned())
}

/// A shader, and how it is entered.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What errors call it.
    pub name: &'a str,
    /// What it says.
    pub source: Source<'a>,
    /// The function that runs.
    pub entry: &'a str,
    /// Where it runs.
    pub stage: Stage,
    /// Values of its `override` constants, by name.
    pub constants: &'a [(String, f64)],
}

/// SHA-256 of content, entry point, stage and constants: equal for equal ones, in every process and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShaderId([u8; 32]);

impl fmt::Display for ShaderId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl ShaderId {
    /// The id of a request. Each part comes with its length, so that no two requests can read alike.
    #[must_use]
    pub fn of(request: &Request<'_>) -> Self {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        match request.source {
            Source::Wgsl(text) => {
                part(b"wgsl");
                part(text.as_bytes());
            }
            Source::SpirV(bytes) => {
                part(b"spir-v");
                part(bytes);
            }
        }
        part(&[request.stage as u8]);
        part(request.entry.as_bytes());
        let mut constants: Vec<_> = request.constants.iter().collect();
        constants.sort_by(|one, other| one.0.cmp(&other.0));
        for (name, value) in constants {
            part(name.as_bytes());
            part(&value.to_bits().to_le_bytes());
        }
        Self(hash.finalize().into())
    }
}

/// Keys in the order of their last use, a few.
#[derive(Debug)]
pub(crate) struct Recent<K>(Vec<K>);

impl<K> Default for Recent<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq> Recent<K> {
    /// Notes a use. Returns the key that has gone unused for longest once there are too many.
    pub(crate) fn used(&mut self, key: K) -> Option<K> {
        self.0.retain(|known| *known != key);
        self.0.push(key);
        (self.0.len() > KEPT_STYLED).then(|| self.0.remove(0))
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[derive(Default)]
struct Loaded {
    modules: HashMap<ShaderId, Arc<naga::Module>>,
    styled: Recent<ShaderId>,
}

/// All shaders that were loaded, the program's own included.
static LOADED: LazyLock<Mutex<Loaded>> = LazyLock::new(Mutex::default);

fn loaded() -> MutexGuard<'static, Loaded> {
    LOADED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The checked shader, from the cache where an equal one was loaded before.
pub fn load(request: &Request<'_>) -> Result<(ShaderId, Arc<naga::Module>)> {
    let id = ShaderId::of(request);
    if let Some(module) = loaded().modules.get(&id) {
        return Ok((id, Arc::clone(module)));
    }
    let module = Arc::new(checked(request)?);
    Ok((id, Arc::clone(loaded().modules.entry(id).or_insert(module))))
}

/// The same for a program with a surface style, of which only the last few are kept.
pub(crate) fn load_styled(request: &Request<'_>) -> Result<Arc<naga::Module>> {
    let (id, module) = load(request)?;
    let mut loaded = loaded();
    if let Some(oldest) = loaded.styled.used(id) {
        loaded.modules.remove(&oldest);
    }
    Ok(module)
}

/// Whether a shader of this id, in hexadecimal digits, is at hand.
#[must_use]
pub fn is_loaded(id: &str) -> bool {
    loaded().modules.keys().any(|known| known.to_string() == id)
}

/// How many shaders are at hand.
#[must_use]
pub fn size() -> usize {
    loaded().modules.len()
}

/// Forgets all of them; what a renderer uses lives on in it.
pub fn clear() {
    *loaded() = Loaded::default();
}

/// Runs `work` with room for deep brackets. What panics there is a defect: parsers have their own `parsed`.
pub fn on_deep_stack<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("forge3d-shader".into()).stack_size(STACK_BYTES);
        match thread.spawn_scoped(scope, work) {
            Ok(running) => {
                running.join().map_err(|_| RenderError::Internal("the check of a shader panicked".into()))?
            }
            Err(error) => Err(RenderError::Internal(format!("no thread could be made: {error}"))),
        }
    })
}

/// What a parser makes of a text. A panic of it is the text's fault, as far as a user can help it.
fn parsed<T>(name: &str, parse: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(parse)).map_err(|_| {
        RenderError::Shader(format!(
            "{name}: expected a shader that can be read; got one that ends its parser; fix: simplify it"
        ))
    })
}

fn checked(request: &Request<'_>) -> Result<naga::Module> {
    let bytes = match request.source {
        Source::Wgsl(text) => text.len(),
        Source::SpirV(bytes) => bytes.len(),
    };
    if bytes > MOST_BYTES {
        return Err(RenderError::Shader(format!(
            "{}: expected at most {} KiB; got {bytes} bytes; fix: make several shaders of it",
            request.name,
            MOST_BYTES >> 10
        )));
    }
    on_deep_stack(|| {
        let (module, text) = match request.source {
            Source::Wgsl(text) => (parse_wgsl(request.name, text, text)?, text),
            Source::SpirV(bytes) => (parse_spirv(request.name, bytes)?, ""),
        };
        let info = validate(request.name, text, &module)?;
        let stage = check_entry(request, &module)?;
        check_constants(request, &module, &info, stage)?;
        Ok(module)
    })
}

/// The module of a WGSL text. `own`: how it begins, the part that errors speak of.
pub fn parse_wgsl(name: &str, text: &str, own: &str) -> Result<naga::Module> {
    check_depth(own).map_err(|deep| RenderError::Shader(report(name, own, Some(deep.place), &deep.message, "")))?;
    let parse = |text: &str| parsed(name, || naga::front::wgsl::parse_str(text));
    let error = match parse(text)? {
        Ok(module) => return Ok(module),
        Err(error) => error,
    };
    let is_inside = error.labels().any(|(span, _)| span.to_range().is_some_and(|place| place.end <= own.len()));
    // What is wrong at the end of the own part, or goes on behind it, is told without what stands there.
    if own.len() < text.len()
        && !is_inside
        && let Err(alone) = parse(own)?
    {
        return Err(told(name, own, &alone));
    }
    Err(told(name, own, &error))
}

fn told(name: &str, own: &str, error: &naga::front::wgsl::ParseError) -> RenderError {
    let places: Vec<_> = error.labels().filter_map(|(span, about)| Some((span.to_range()?, about))).collect();
    let inside = places.iter().find(|(place, _)| place.start < own.len());
    let (mut message, about) = (plain(error.message()), inside.map_or("", |(_, about)| about));
    if inside.is_none() && !places.is_empty() {
        // What is wrong behind the own part is wrong at its end: a bracket that nobody closed.
        message = format!("{}, found the end of the file", message.split(", found").next().unwrap_or_default());
    }
    let mut notes: Vec<&str> = error.notes().collect();
    if notes.iter().any(|note| note.contains("recursion limit")) {
        message = "expected fewer brackets inside each other; fix: put the inner ones into a `let`".into();
        notes.clear();
    }
    let place = inside.or(places.first()).map(|(place, _)| place.clone());
    let mut told = report(name, own, place, &message, &short(about));
    notes.iter().for_each(|note| told += &format!("\n  note: {}", short(note)));
    RenderError::Shader(told)
}

fn parse_spirv(name: &str, bytes: &[u8]) -> Result<naga::Module> {
    // Vulkan's coordinates are wanted as they are: nothing is drawn with it here.
    let options = naga::front::spv::Options { adjust_coordinate_space: false, ..Default::default() };
    parsed(name, || naga::front::spv::parse_u8_slice(bytes, &options))?.map_err(|error| {
        RenderError::Shader(format!(
            "{name}: expected SPIR-V; got {} bytes that are none or use what is not known here: {}; \
             fix: compile it for Vulkan 1.1 without extensions, or pass WGSL as text",
            bytes.len(),
            short(&chain(&error))
        ))
    })
}

/// What is known of a module by checking it. No capability beyond those that every adapter has.
pub fn validate(name: &str, text: &str, module: &naga::Module) -> Result<naga::valid::ModuleInfo> {
    let mut validator =
        naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
    validator.validate(module).map_err(|error| {
        // The shortest span is the closest one; without a text there is none to show.
        let places = error.spans().filter_map(|(span, _)| span.to_range()).filter(|place| place.start < text.len());
        let place = places.min_by_key(std::ops::Range::len);
        RenderError::Shader(report(name, text, place, &in_plain_words(error.as_inner()), ""))
    })
}

fn in_plain_words(error: &naga::valid::ValidationError) -> String {
    use naga::valid::{FunctionError, ValidationError};
    if let ValidationError::Function { name, source: FunctionError::InvalidReturnType { expression, .. }, .. } = error {
        return match expression {
            Some(_) => format!("expected `{name}` to return what it is declared to; got a value of another type"),
            None => {
                format!("expected every way through `{name}` to end with a return of its value; got one that does not")
            }
        };
    }
    plain(&chain(error))
}

/// Without the numbers of naga's own tables, which say nothing to who wrote the text; not longer than one reads.
fn plain(text: &str) -> String {
    if text.contains("Invalid access into expression") {
        return "expected an array, a vector, a matrix or a struct that has this part; got a value without it".into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(" [") {
        let (before, after) = rest.split_at(at);
        plain += before;
        let end = after.find(']').map_or(after.len(), |end| end + 1);
        let inside = after.get(2..end.saturating_sub(1)).unwrap_or_default();
        if !inside.chars().all(|c| c.is_ascii_digit()) {
            plain += &after[..end];
        }
        rest = &after[end..];
    }
    short(&(plain + rest))
}

fn check_entry(request: &Request<'_>, module: &naga::Module) -> Result<naga::ShaderStage> {
    let wanted = STAGES.iter().find(|(stage, ..)| *stage == request.stage).map(|(.., stage)| *stage);
    let mut stages = module.entry_points.iter().filter(|entry| entry.name == request.entry).map(|entry| entry.stage);
    if let Some(stage) = stages.find(|stage| Some(*stage) == wanted) {
        return Ok(stage);
    }
    let known: Vec<String> =
        module.entry_points.iter().map(|entry| format!("{} ({})", entry.name, stage_name(entry.stage))).collect();
    let known = if known.is_empty() { "none, as the shader has none".to_owned() } else { known.join(", ") };
    Err(RenderError::Shader(format!(
        "{}: expected an entry point of the shader: {known}; got {} ({}); fix: name one of them with its stage",
        request.name,
        request.entry,
        wanted.map_or_else(String::new, stage_name)
    )))
}

fn check_constants(
    request: &Request<'_>,
    module: &naga::Module,
    info: &naga::valid::ModuleInfo,
    stage: naga::ShaderStage,
) -> Result<()> {
    use naga::ScalarKind::{Bool, Sint, Uint};
    let key = |constant: &naga::Override| constant.id.map(|id| id.to_string()).or_else(|| constant.name.clone());
    for (name, value) in request.constants {
        let known = module.overrides.iter().find(|(_, constant)| key(constant).as_ref() == Some(name));
        let Some((_, constant)) = known.filter(|_| value.is_finite()) else {
            let known: Vec<String> = module.overrides.iter().filter_map(|(_, constant)| key(constant)).collect();
            return Err(RenderError::Shader(format!(
                "{}: expected finite values of its override constants ({}); got {name} = {value}; fix: name one of them",
                request.name,
                if known.is_empty() { "it has none".to_owned() } else { known.join(", ") }
            )));
        };
        let kind = module.types[constant.ty].inner.scalar_kind();
        let (is_right, expected) = match kind {
            Some(Bool) => (*value == 0.0 || *value == 1.0, "0 or 1"),
            Some(Uint) => (value.fract() == 0.0 && *value >= 0.0, "a whole number from 0 on"),
            Some(Sint) => (value.fract() == 0.0, "a whole number"),
            _ => (true, ""),
        };
        if !is_right {
            return Err(RenderError::Shader(format!(
                "{}: expected {expected} for the override constant {name}; got {value}; fix: choose one",
                request.name
            )));
        }
    }
    if module.overrides.is_empty() {
        return Ok(());
    }
    // What the shader is with these values: sizes of arrays and workgroups come out only now.
    let values: naga::back::PipelineConstants = request.constants.iter().cloned().collect();
    let entry = Some((stage, request.entry));
    naga::back::pipeline_constants::process_overrides(module, info, entry, &values).map(|_| ()).map_err(|error| {
        RenderError::Shader(format!(
            "{}: expected values of all its override constants that it can work with; got {}; \
             fix: give others in `constants`",
            request.name,
            plain(&chain(&error))
        ))
    })
}
