//! A surface style's text becomes a piece of our program: parsed beside what it may see, checked for all that it may not
//! do, its loops given a common end, and written out again under names of its own.
//!
//! Nothing of the text itself reaches the program: it can neither take a name of ours nor reach a buffer. How much work it
//! does is bounded twice: its length, with every call of a helper counted where it stands (drivers put calls in line), and
//! the turns of its loops, which all draw on one counter.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use naga::proc::GlobalCtx;
use naga::{AddressSpace, Block, Expression, Function, Handle, Module, Span, Statement, TypeInner};

use crate::error::{RenderError, Result};
use crate::gpu::shader_cache::{KEPT_STYLED, on_deep_stack, parse_wgsl, validate};
use crate::gpu::shader_report::report;
use crate::gpu::shader_scan::{declared_names, is_predeclared};
use crate::scene::surface::{MOST_PARAMETERS, SurfaceStyle};

const GROUND: &str = include_str!("../../shaders/surface_style/ground.wgsl");

/// What the loops of a style may spend on one place of the ground: a turn costs what stands in the loop, an addition being
/// one, a sine twelve. A software adapter does it for a row of workgroups of an ordinary picture in about a submit.
pub const WORK: u32 = 30_000;
/// The longest program of a style, counted likewise, a helper as often as it is called.
const MOST_WORK: u64 = 8_000;
/// Bytes of variables of a place, helpers counted as often as they are called: what a processor keeps on its stack.
const MOST_VARIABLES: u64 = 16 << 10;
/// Bytes of those that are arrays, counted likewise: what a software driver takes to compile grows with their square, a second
/// for so many, nine for 2400.
const MOST_ARRAYS: u64 = 512;
/// Loops, counted likewise: what drivers take to compile grows with their square.
const MOST_LOOPS: u64 = 24;
/// Blocks inside blocks: compilers go down a level each.
const MOST_NESTED: u32 = 40;

/// A style ready to be joined to the program.
#[derive(Debug, PartialEq, Eq)]
pub struct StyleProgram {
    /// `StyleSurface`, `style_surface`, `style_work_left`, `take_style_parameters`.
    pub wgsl: String,
}

type Key = (Arc<str>, Arc<[String]>);
static COMPILED: LazyLock<Mutex<HashMap<Key, Arc<StyleProgram>>>> = LazyLock::new(Mutex::default);

/// The program of a style, or where its text is wrong.
pub fn compile(style: &SurfaceStyle) -> Result<Arc<StyleProgram>> {
    let key = (Arc::clone(&style.source), Arc::clone(&style.parameters));
    let kept = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(program) = kept().get(&key) {
        return Ok(Arc::clone(program));
    }
    let program = Arc::new(on_deep_stack(|| program_of(style))?);
    let mut kept = kept();
    if kept.len() >= KEPT_STYLED {
        kept.clear();
    }
    kept.insert(key, Arc::clone(&program));
    Ok(program)
}

/// The struct of the parameters and the one value of it, and how they are taken from the uniform block.
fn parameter_texts(names: &[String]) -> (String, String) {
    const LANES: [&str; 4] = ["x", "y", "z", "w"];
    let fill = format!("fn take_style_parameters(values: array<vec4f, {}>) {{\n", MOST_PARAMETERS / 4);
    if names.is_empty() {
        return (String::new(), fill + "}\n");
    }
    let members: String = names.iter().map(|name| format!("    {name}: f32,\n")).collect();
    let assignments: String = names
        .iter()
        .enumerate()
        .map(|(at, _)| format!("    style_params.{} = values[{}].{};\n", member_name(at), at / 4, LANES[at % 4]))
        .collect();
    (
        format!("struct Parameters {{\n{members}}}\nvar<private> params: Parameters;\n"),
        format!("{fill}{assignments}}}\n"),
    )
}

/// What the written program calls a parameter: the writer changes names that end in a digit.
fn member_name(at: usize) -> String {
    format!("value_{}", char::from(b'a' + at as u8))
}

fn program_of(style: &SurfaceStyle) -> Result<StyleProgram> {
    let (name, text) = (style.name.as_str(), &*style.source);
    let style_text = Text { name, text };
    style_text.check_parameters(&style.parameters)?;
    style_text.check_names()?;
    let (declared, fill) = parameter_texts(&style.parameters);
    // The text stands first, so that its places are its own.
    let joined = format!("{text}\n{GROUND}{declared}");
    let mut module = parse_wgsl(name, &joined, text)?;
    style_text.check_declarations(&module)?;
    for (_, function) in module.functions.iter_mut() {
        end_endless_loop(&mut module.types, function);
    }
    let info = validate(name, text, &module)?;
    let surface = style_text.surface_function(&module)?;
    let turns = style_text.check_work(&module, &info)?;
    weave_counter(&mut module, turns);
    rename(&mut module, surface);
    let defect = |what: String| RenderError::Internal(format!("surface style: {what}"));
    let info = validate("surface style", "", &module).map_err(|error| defect(error.to_string()))?;
    name_all_values(&mut module, &info);
    let wgsl = naga::back::wgsl::write_string(&module, &info, naga::back::wgsl::WriterFlags::empty())
        .map_err(|error| defect(error.to_string()))?;
    let wgsl = format!("{wgsl}\n{fill}");
    // What was written is read once more here, so that a defect is told before anything is drawn.
    let written = parse_wgsl("surface style", &wgsl, &wgsl)?;
    validate("surface style", &wgsl, &written)?;
    Ok(StyleProgram { wgsl })
}

/// The user's text, for errors.
struct Text<'a> {
    name: &'a str,
    text: &'a str,
}

impl Text<'_> {
    fn error(&self, span: Option<Span>, message: &str, fix: &str) -> RenderError {
        let place = span.and_then(Span::to_range).filter(|place| place.start < self.text.len());
        RenderError::Shader(report(self.name, self.text, place, &format!("{message}; fix: {fix}"), ""))
    }

    /// No words of the language.
    fn check_parameters(&self, names: &[String]) -> Result<()> {
        for name in names {
            if naga::front::wgsl::parse_str(&format!("struct Parameters {{ {name}: f32 }}")).is_err() {
                let at = self.text.find(name.as_str()).map(|at| Span::new(at as u32, (at + name.len()) as u32));
                let message = format!("expected a name for the parameter; got `{name}`, a word of WGSL");
                return Err(self.error(at, &message, "choose another name"));
            }
        }
        Ok(())
    }

    /// No name that what stands beside the text is written with.
    fn check_names(&self) -> Result<()> {
        const OURS: [&str; 4] = ["Surface", "rgb", "Parameters", "params"];
        for (name, place) in declared_names(self.text) {
            let got = if OURS.contains(&name) {
                format!("`{name}`, which every surface style has and which is there already")
            } else if is_predeclared(name) {
                format!("`{name}`, which is there already in WGSL")
            } else {
                continue;
            };
            let span = Span::new(place.start as u32, place.end as u32);
            return Err(self.error(Some(span), &format!("expected a name of its own; got {got}"), "rename it"));
        }
        Ok(())
    }

    /// Only functions, structs, constants and private variables.
    fn check_declarations(&self, module: &Module) -> Result<()> {
        if let Some(entry) = module.entry_points.first() {
            let at = self.text.find(&format!("fn {}", entry.name)).map(|at| Span::new(at as u32, at as u32 + 2));
            let message = format!("expected functions only; got the entry point `{}`", entry.name);
            return Err(self.error(
                at,
                &message,
                "a style is called by the renderer: write fn surface(s: Surface) -> vec4f",
            ));
        }
        if let Some((handle, _)) = module.overrides.iter().next() {
            let span = module.overrides.get_span(handle);
            return Err(self.error(Some(span), "expected const; got override", "use const, or a // @param line"));
        }
        for (handle, variable) in module.global_variables.iter() {
            if variable.space != AddressSpace::Private || variable.binding.is_some() {
                return Err(self.error(
                    Some(module.global_variables.get_span(handle)),
                    "expected no buffers, textures or shared variables",
                    "what a style knows comes with its Surface and its // @param lines",
                ));
            }
        }
        Ok(())
    }

    fn surface_function(&self, module: &Module) -> Result<Handle<Function>> {
        const WANTED: &str = "write fn surface(s: Surface) -> vec4f";
        let found = module.functions.iter().find(|(_, function)| function.name.as_deref() == Some("surface"));
        let Some((handle, function)) = found else {
            let own: Vec<&str> =
                module.functions.iter().filter_map(|(_, f)| f.name.as_deref()).filter(|name| *name != "rgb").collect();
            let got = if own.is_empty() { "no function".to_owned() } else { own.join(", ") };
            return Err(self.error(None, &format!("expected a function named surface; got {got}"), WANTED));
        };
        let named = |ty: Handle<naga::Type>, name: &str| module.types[ty].name.as_deref() == Some(name);
        let takes = matches!(function.arguments.as_slice(), [one] if named(one.ty, "Surface") && one.binding.is_none());
        let is_color = |ty: Handle<naga::Type>| {
            module.types[ty].inner == TypeInner::Vector { size: naga::VectorSize::Quad, scalar: naga::Scalar::F32 }
        };
        let gives = function.result.as_ref().is_some_and(|result| is_color(result.ty) && result.binding.is_none());
        if takes && gives {
            return Ok(handle);
        }
        let got = if takes { "another result" } else { "other arguments" };
        let span = module.functions.get_span(handle);
        Err(self.error(
            Some(span),
            &format!("expected surface to take one Surface and return vec4f; got {got}"),
            WANTED,
        ))
    }

    /// Refuses what is too much for one place. Returns what a turn of each loop costs, in the order of the text, by function.
    fn check_work(&self, module: &Module, info: &naga::valid::ModuleInfo) -> Result<Vec<Vec<u64>>> {
        let globals: Vec<_> = module.global_variables.iter().map(|(_, v)| &module.types[v.ty].inner).collect();
        let privates = Cost::of_variables(&globals, module);
        // The arena holds callees before their callers.
        let (mut costs, mut turns): (Vec<Cost>, Vec<Vec<u64>>) = Default::default();
        for (handle, function) in module.functions.iter() {
            let counter =
                Counter { text: self, module, function, info: &info[handle], costs: &costs, turns: RefCell::default() };
            let inner = |value: Handle<Expression>| info[handle][value].ty.inner_with(&module.types);
            let mut held: Vec<_> =
                function.local_variables.iter().map(|(_, local)| &module.types[local.ty].inner).collect();
            // An array that is no variable becomes one where it is made or copied, and where it is indexed.
            for (value, expression) in function.expressions.iter() {
                held.extend([inner(value)].into_iter().filter(|ty| holds_array(ty, &module.types)));
                if let Expression::Access { base, .. } = expression {
                    held.extend([inner(*base)].into_iter().filter(|ty| holds_array(ty, &module.types)));
                }
            }
            let cost = counter.block(&function.body, 0)?.and(Cost::of_variables(&held, module));
            let all = cost.and(privates);
            let limits = [
                (cost.work, MOST_WORK, "operations", "call helpers less often, in a loop for example"),
                (cost.loops, MOST_LOOPS, "loops", "let one loop do the work of several"),
                (
                    all.arrays,
                    MOST_ARRAYS,
                    "bytes of arrays, those that are copied or read by an index counted again,",
                    "use smaller arrays, or calculate instead",
                ),
                (all.variables, MOST_VARIABLES, "bytes of variables", "use fewer"),
            ];
            if let Some((got, most, what, fix)) = limits.into_iter().find(|(got, most, ..)| got > most) {
                let message = format!("expected at most {most} {what}, helpers counted at each call; got {got}");
                return Err(self.error(Some(module.functions.get_span(handle)), &message, fix));
            }
            turns.push(counter.turns.into_inner());
            costs.push(cost);
        }
        Ok(turns)
    }
}

/// What a function or a part of it takes at one place of the ground, each loop run once.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Cost {
    work: u64,
    variables: u64,
    arrays: u64,
    loops: u64,
}

impl Cost {
    fn and(self, other: Self) -> Self {
        Self {
            work: self.work.saturating_add(other.work),
            variables: self.variables.saturating_add(other.variables),
            arrays: self.arrays.saturating_add(other.arrays),
            loops: self.loops.saturating_add(other.loops),
        }
    }

    fn of_variables(held: &[&TypeInner], module: &Module) -> Self {
        held.iter().fold(Self::default(), |sum, ty| {
            let bytes = size_of(ty, module.to_ctx());
            let arrays = if holds_array(ty, &module.types) { bytes } else { 0 };
            sum.and(Self { variables: bytes, arrays, ..Self::default() })
        })
    }

    fn work(work: u64) -> Self {
        Self { work, ..Self::default() }
    }
}

fn holds_array(ty: &TypeInner, types: &naga::UniqueArena<naga::Type>) -> bool {
    match ty {
        TypeInner::Array { .. } => true,
        TypeInner::Struct { members, .. } => members.iter().any(|member| holds_array(&types[member.ty].inner, types)),
        _ => false,
    }
}

fn size_of(ty: &TypeInner, types: GlobalCtx<'_>) -> u64 {
    ty.try_size(types).map_or(u64::MAX >> 8, u64::from)
}

struct Counter<'a> {
    text: &'a Text<'a>,
    module: &'a Module,
    function: &'a Function,
    info: &'a naga::valid::FunctionInfo,
    costs: &'a [Cost],
    turns: RefCell<Vec<u64>>,
}

impl Counter<'_> {
    fn block(&self, block: &Block, depth: u32) -> Result<Cost> {
        let mut sum = Cost::default();
        for (statement, span) in block.span_iter() {
            if depth > MOST_NESTED {
                let message = format!("expected at most {MOST_NESTED} blocks inside each other; got more");
                return Err(self.text.error(Some(*span), &message, "put the inner ones into a function"));
            }
            sum = sum.and(self.statement(statement, *span, depth)?);
        }
        Ok(sum)
    }

    fn statement(&self, statement: &Statement, span: Span, depth: u32) -> Result<Cost> {
        Ok(match statement {
            Statement::Emit(range) => {
                let mut sum = Cost::default();
                for handle in range.clone() {
                    sum = sum.and(self.expression(handle)?);
                }
                sum
            }
            Statement::Block(block) => self.block(block, depth + 1)?,
            Statement::If { accept, reject, .. } => {
                self.block(accept, depth + 1)?.and(self.block(reject, depth + 1)?).and(Cost::work(1))
            }
            Statement::Switch { cases, .. } => {
                let mut sum = Cost::work(cases.len() as u64);
                for case in cases {
                    sum = sum.and(self.block(&case.body, depth + 1)?);
                }
                sum
            }
            Statement::Loop { body, continuing, .. } => {
                let at = self.turns.borrow().len();
                self.turns.borrow_mut().push(0);
                let turn = self.block(body, depth + 1)?.and(self.block(continuing, depth + 1)?).and(Cost::work(4));
                self.turns.borrow_mut()[at] = turn.work;
                turn.and(Cost { loops: 1, ..Cost::default() })
            }
            Statement::Store { value, .. } => Cost::work(self.scalars(*value)),
            Statement::Call { function, .. } => self.costs[function.index()],
            Statement::Break | Statement::Continue | Statement::Return { .. } => Cost::work(1),
            _ => {
                let message = "expected calculations only; got a barrier, an atomic or a write to a picture";
                return Err(self.text.error(Some(span), message, "a style returns a colour and does nothing else"));
            }
        })
    }

    fn scalars(&self, handle: Handle<Expression>) -> u64 {
        (self.bytes(handle) / 4).max(1)
    }

    /// Scalars of what is indexed, also behind a pointer.
    fn elements(&self, handle: Handle<Expression>) -> u64 {
        match self.info[handle].ty.inner_with(&self.module.types) {
            TypeInner::Pointer { base, .. } => {
                (size_of(&self.module.types[*base].inner, self.module.to_ctx()) / 4).max(1)
            }
            _ => self.scalars(handle),
        }
    }

    fn bytes(&self, handle: Handle<Expression>) -> u64 {
        size_of(self.info[handle].ty.inner_with(&self.module.types), self.module.to_ctx())
    }

    fn expression(&self, handle: Handle<Expression>) -> Result<Cost> {
        use naga::MathFunction as Math;
        let each = match &self.function.expressions[handle] {
            Expression::Math { fun, .. } => match fun {
                Math::Abs | Math::Min | Math::Max | Math::Clamp | Math::Saturate | Math::Floor | Math::Ceil => 1,
                Math::Dot | Math::Mix | Math::Step | Math::Fma | Math::Sign | Math::Fract | Math::Trunc => 2,
                Math::Sqrt | Math::InverseSqrt | Math::Length | Math::Distance | Math::Normalize => 4,
                _ => 12,
            },
            Expression::Binary { op: naga::BinaryOperator::Divide | naga::BinaryOperator::Modulo, .. } => 4,
            Expression::Binary { left, right, .. } => {
                // A matrix times a matrix or a vector: as many products as the larger one has numbers, and more.
                return Ok(Cost::work(self.scalars(*left).max(self.scalars(*right)).max(self.scalars(handle)) * 2));
            }
            Expression::Derivative { .. } => {
                let span = self.function.expressions.get_span(handle);
                let message = "expected calculations for one place; got a derivative between pixels";
                return Err(self.text.error(Some(span), message, "use s.pixel, the metres that a pixel spans"));
            }
            // Any of its elements: compilers keep all of them at hand.
            Expression::Access { base, .. } => return Ok(Cost::work(self.elements(*base))),
            _ => 1,
        };
        Ok(Cost::work(self.scalars(handle) * each))
    }
}

/// A function that ends in a loop without a way out: after the counter is woven in it has one, and needs a value there.
fn end_endless_loop(types: &mut naga::UniqueArena<naga::Type>, function: &mut Function) {
    fn leaves(block: &Block) -> bool {
        block.iter().any(|statement| match statement {
            Statement::Break => true,
            Statement::Block(block) => leaves(block),
            Statement::If { accept, reject, .. } => leaves(accept) || leaves(reject),
            _ => false, // a break inside ends what it stands in
        })
    }
    let Some(result) = &function.result else { return };
    let [.., Statement::Loop { body, continuing, break_if: None }, Statement::Return { value: None }] = &*function.body
    else {
        return;
    };
    if leaves(body) || leaves(continuing) || !types[result.ty].inner.is_sized_value() {
        return;
    }
    let zero = function.expressions.append(Expression::ZeroValue(result.ty), Span::UNDEFINED);
    if let Some(last) = function.body.last_mut() {
        *last = Statement::Return { value: Some(zero) };
    }
}

trait SizedValue {
    fn is_sized_value(&self) -> bool;
}

impl SizedValue for TypeInner {
    fn is_sized_value(&self) -> bool {
        matches!(
            self,
            Self::Scalar(_) | Self::Vector { .. } | Self::Matrix { .. } | Self::Array { .. } | Self::Struct { .. }
        )
    }
}

/// Every turn of every loop first takes what it costs from one counter, and leaves where that is not there.
fn weave_counter(module: &mut Module, turns: Vec<Vec<u64>>) {
    let u32_type =
        module.types.insert(naga::Type { name: None, inner: TypeInner::Scalar(naga::Scalar::U32) }, Span::UNDEFINED);
    let counter = module.global_variables.append(
        naga::GlobalVariable {
            name: Some("style_work_left".into()),
            space: AddressSpace::Private,
            binding: None,
            ty: u32_type,
            init: None,
            memory_decorations: naga::MemoryDecorations::empty(),
        },
        Span::UNDEFINED,
    );
    for ((_, function), turns) in module.functions.iter_mut().zip(turns) {
        let Function { expressions, body, .. } = function;
        weave_block(body, expressions, counter, &mut turns.into_iter());
    }
}

fn weave_block(
    block: &mut Block,
    expressions: &mut naga::Arena<Expression>,
    counter: Handle<naga::GlobalVariable>,
    turns: &mut dyn Iterator<Item = u64>,
) {
    for statement in block.iter_mut() {
        match statement {
            Statement::Block(block) => weave_block(block, expressions, counter, turns),
            Statement::If { accept, reject, .. } => {
                weave_block(accept, expressions, counter, turns);
                weave_block(reject, expressions, counter, turns);
            }
            Statement::Switch { cases, .. } => {
                cases.iter_mut().for_each(|case| weave_block(&mut case.body, expressions, counter, turns));
            }
            Statement::Loop { body, continuing, .. } => {
                let turn = turns.next().unwrap_or(u64::MAX).clamp(1, u64::from(WORK));
                weave_block(body, expressions, counter, turns);
                weave_block(continuing, expressions, counter, turns);
                let mut first = taking(turn as u32, expressions, counter);
                first.extend_block(std::mem::take(body));
                *body = first;
            }
            _ => {}
        }
    }
}

/// `if style_work_left < turn { break; } style_work_left -= turn;`
fn taking(turn: u32, expressions: &mut naga::Arena<Expression>, counter: Handle<naga::GlobalVariable>) -> Block {
    let mut add = |expression| expressions.append(expression, Span::UNDEFINED);
    let pointer = add(Expression::GlobalVariable(counter));
    let cost = add(Expression::Literal(naga::Literal::U32(turn)));
    let left = add(Expression::Load { pointer });
    let spent = add(Expression::Binary { op: naga::BinaryOperator::Less, left, right: cost });
    let rest = add(Expression::Binary { op: naga::BinaryOperator::Subtract, left, right: cost });
    let mut leave = Block::new();
    leave.push(Statement::Break, Span::UNDEFINED);
    let mut block = Block::new();
    block.push(Statement::Emit(naga::Range::new_from_bounds(left, rest)), Span::UNDEFINED);
    block.push(Statement::If { condition: spent, accept: leave, reject: Block::new() }, Span::UNDEFINED);
    block.push(Statement::Store { pointer, value: rest }, Span::UNDEFINED);
    block
}

/// Names that begin with `style_`, which none of ours do; the writer numbers equal ones.
fn rename(module: &mut Module, surface: Handle<Function>) {
    let types: Vec<_> = module.types.iter().map(|(handle, ty)| (handle, ty.clone())).collect();
    for (number, (handle, mut ty)) in types.into_iter().enumerate() {
        ty.name = match ty.name.as_deref() {
            None => continue,
            Some("Surface") => Some("StyleSurface".into()),
            Some("Parameters") => {
                if let TypeInner::Struct { members, .. } = &mut ty.inner {
                    members.iter_mut().enumerate().for_each(|(at, member)| member.name = Some(member_name(at)));
                }
                Some("StyleParameters".into())
            }
            // Two of equal members are two types.
            Some(_) => Some(format!("StyleStruct{number}")),
        };
        module.types.replace(handle, ty);
    }
    for (_, constant) in module.constants.iter_mut() {
        constant.name = constant.name.as_ref().map(|_| "style_constant".into());
    }
    for (_, variable) in module.global_variables.iter_mut() {
        variable.name = Some(match variable.name.as_deref() {
            Some("style_work_left") => "style_work_left".into(),
            Some("params") => "style_params".into(),
            _ => "style_variable".into(),
        });
    }
    for (handle, function) in module.functions.iter_mut() {
        function.name = Some(if handle == surface { "style_surface" } else { "style_helper" }.into());
        function.arguments.iter_mut().for_each(|argument| argument.name = None);
        function.local_variables.iter_mut().for_each(|(_, local)| local.name = None);
        function.named_expressions.clear();
    }
}

/// Every value gets a name, so that no line of the text grows deeper than a parser goes. Pointers have none.
fn name_all_values(module: &mut Module, info: &naga::valid::ModuleInfo) {
    fn emitted(block: &Block, found: &mut Vec<Handle<Expression>>) {
        for statement in block {
            match statement {
                Statement::Emit(range) => found.extend(range.clone()),
                Statement::Block(block) => emitted(block, found),
                Statement::If { accept, reject, .. } => {
                    emitted(accept, found);
                    emitted(reject, found);
                }
                Statement::Switch { cases, .. } => cases.iter().for_each(|case| emitted(&case.body, found)),
                Statement::Loop { body, continuing, .. } => {
                    emitted(body, found);
                    emitted(continuing, found);
                }
                _ => {}
            }
        }
    }
    let Module { functions, types, .. } = module;
    for (handle, function) in functions.iter_mut() {
        let mut values = Vec::new();
        emitted(&function.body, &mut values);
        for value in values {
            if !matches!(
                info[handle][value].ty.inner_with(types),
                TypeInner::Pointer { .. } | TypeInner::ValuePointer { .. }
            ) {
                function.named_expressions.insert(value, "value".into());
            }
        }
    }
}
