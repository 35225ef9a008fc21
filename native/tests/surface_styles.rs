//! What becomes of a surface style's text: its loops have a common end, its names and the program's never meet, and what it
//! must not do is refused with the place.

use forge3d_native::error::Result;
use forge3d_native::render::surface_style::{self, StyleProgram};
use forge3d_native::scene::surface::SurfaceStyle;
use naga::{Block, Statement};

fn program(source: &str) -> Result<std::sync::Arc<StyleProgram>> {
    surface_style::compile(&SurfaceStyle::new("style.wgsl".into(), source, vec![], 0.0)?)
}

fn refusal(source: &str) -> String {
    program(source).expect_err("it is refused").to_string()
}

/// Every loop of a block, with those inside.
fn loops<'a>(block: &'a Block, found: &mut Vec<&'a Block>) {
    for statement in block {
        match statement {
            Statement::Loop { body, continuing, .. } => {
                found.push(body);
                loops(body, found);
                loops(continuing, found);
            }
            Statement::Block(block) => loops(block, found),
            Statement::If { accept, reject, .. } => {
                loops(accept, found);
                loops(reject, found);
            }
            Statement::Switch { cases, .. } => cases.iter().for_each(|case| loops(&case.body, found)),
            _ => {}
        }
    }
}

const ENDLESS: [&str; 9] = [
    "fn surface(s: Surface) -> vec4f { loop { } }",
    "fn surface(s: Surface) -> vec4f { while true { } return vec4f(1.0); }",
    "fn surface(s: Surface) -> vec4f { for (;;) { } return vec4f(1.0); }",
    "fn surface(s: Surface) -> vec4f { for (;;) { for (;;) { loop { } } } return vec4f(1.0); }",
    "fn ever(x: f32) -> f32 { loop { if (x < -1e30) { return x; } } }
     fn surface(s: Surface) -> vec4f { for (var i = 0; i < 1000000; i++) { let y = ever(s.height); } return vec4f(1.0); }",
    "fn surface(s: Surface) -> vec4f { var i = 0; loop { i += 1; continuing { break if i < 0; } } return vec4f(1.0); }",
    "fn surface(s: Surface) -> vec4f { var i = 0; loop { i += 1; continuing { loop { i += 1; } } } return vec4f(1.0); }",
    "fn surface(s: Surface) -> vec4f { switch i32(s.height) { case 1: { loop { } } default: { while true { } } } return vec4f(0.0); }",
    "fn surface(s: Surface) -> vec4f { loop { if (s.height > 1e30) { break; } else { continue; } } return vec4f(1.0); }",
];

#[test]
fn every_loop_begins_with_what_ends_it() {
    for source in ENDLESS {
        let text = format!("struct Pad {{ x: f32 }}\n{}", program(source).expect(source).wgsl);
        let module = naga::front::wgsl::parse_str(&text).expect("the written program parses");
        let mut found = Vec::new();
        module.functions.iter().for_each(|(_, function)| loops(&function.body, &mut found));
        assert!(!found.is_empty(), "{source}");
        for body in found {
            let leaves = |accept: &Block| matches!(&**accept, [Statement::Break]);
            let steps: Vec<_> = body.iter().filter(|step| !matches!(step, Statement::Emit(_))).collect();
            assert!(
                matches!(steps.as_slice(), [Statement::If { accept, .. }, Statement::Store { .. }, ..] if leaves(accept)),
                "{source}\n{text}"
            );
        }
    }
}

#[test]
fn a_users_names_never_meet_those_of_the_program() {
    let source = "
        const VOID_LIMIT = 5; var<private> ramp: f32 = 2.0; struct Frame { lanes: f32, pad: vec4f }
        alias Lanes = vec4f;
        fn march(max: ptr<function, Frame>) { (*max).lanes += ramp; }
        fn trace(select: f32) -> f32 { return select * 2.0; }
        fn surface(frame: Surface) -> Lanes {
            var light_sums: Frame;
            let clamp = frame.height;
            march(&light_sums);
            return vec4f(trace(clamp)) + light_sums.pad + light_sums.lanes + f32(VOID_LIMIT);
        }";
    let text = &program(source).expect("it compiles").wgsl;
    for name in ["VOID_LIMIT", "ramp", "Frame ", "march", "trace", "select", "clamp", "light_sums"] {
        assert!(!text.contains(name), "{name} stands in\n{text}");
    }
}

#[test]
fn no_part_of_the_program_uses_the_names_that_styles_have() {
    for row in forge3d_native::render::programs::all() {
        assert!(!row.program.source().contains("style_"), "a style's names begin so");
    }
}

#[test]
fn long_sums_and_deep_calls_come_out_as_they_went_in() {
    let long = format!("fn surface(s: Surface) -> vec4f {{ return vec4f({}); }}", ["s.height"; 900].join(" + "));
    program(&long).expect("a sum of 900 is no deep bracket");
    let brackets =
        format!("fn surface(s: Surface) -> vec4f {{ return vec4f({}1.0{}); }}", "(".repeat(1000), ")".repeat(1000));
    assert!(refusal(&brackets).contains("fewer brackets inside each other"));
    let blocks = format!(
        "fn surface(s: Surface) -> vec4f {{ {}{} return vec4f(1.0); }}",
        "if s.height > 1.0 {".repeat(60),
        "}".repeat(60)
    );
    assert!(refusal(&blocks).contains("blocks inside each other"));
}

#[test]
fn what_grows_with_every_call_is_refused() {
    // Each calls the one before twice: drivers put calls in line, and that would be 2^30 of them.
    let mut doubling = String::from("fn g0(x: f32) -> f32 { return x; }\n");
    for i in 1..30 {
        doubling += &format!("fn g{i}(x: f32) -> f32 {{ return g{j}(x) + g{j}(x + 1.0); }}\n", j = i - 1);
    }
    doubling += "fn surface(s: Surface) -> vec4f { return vec4f(g29(s.height)); }";
    assert!(refusal(&doubling).contains("operations, helpers counted at each call"));
    let loops = format!("fn surface(s: Surface) -> vec4f {{ {} return vec4f(1.0); }}", "loop { break; } ".repeat(30));
    assert!(refusal(&loops).contains("24 loops, helpers counted at each call; got 30"));
    let large =
        "fn surface(s: Surface) -> vec4f { var a: array<f32, 5000>; a[0] = s.height; return vec4f(a[i32(s.height)]); }";
    assert!(refusal(large).contains("512 bytes of arrays"));
    let table =
        "fn surface(s: Surface) -> vec4f { let a = array<f32, 5000>(); var i = i32(s.height); return vec4f(a[i]); }";
    assert!(refusal(table).contains("512 bytes of arrays"));
    let private =
        "var<private> a: array<f32, 5000>;\nfn surface(s: Surface) -> vec4f { return vec4f(a[i32(s.height)]); }";
    assert!(refusal(private).contains("512 bytes of arrays"));
}

#[test]
fn what_a_style_must_not_do_is_refused_where_it_stands() {
    let surface = "fn surface(s: Surface) -> vec4f { return vec4f(1.0); }\n";
    for (wrong, place, why) in [
        ("@group(0) @binding(0) var<uniform> x: vec4f;", ":2:23:", "no buffers"),
        ("@group(9) @binding(0) var t: texture_2d<f32>;", ":2:23:", "no buffers"),
        ("@group(1) @binding(1) var<storage, read_write> x: array<f32>;", ":2:23:", "no buffers"),
        ("var<workgroup> x: f32;", ":2:1:", "no buffers"),
        ("override x: f32 = 1.0;", ":2:1:", "got override"),
        ("@compute @workgroup_size(1) fn main() {}", ":2:29:", "entry point `main`"),
        ("fn other() { workgroupBarrier(); }", ":2:14:", "calculations only"),
        ("fn other() -> f32 { return dpdx(1.0); }", ":2:28:", "derivative"),
        ("fn other() -> f32 { return frame.base; }", ":2:28:", "`frame`"),
        ("fn other() -> f32 { return ramp[0].x; }", ":2:28:", "`ramp`"),
        ("struct Surface { x: f32 }", ":2:8:", "there already"),
        ("fn rgb(x: f32) -> f32 { return x; }", ":2:4:", "there already"),
        ("fn other() -> f32 { return other(); }", ":2:", "recursive"),
        ("fn other() -> f32 { if true { return 1.0; } }", ":2:1:", "every way through `other`"),
        ("fn other() -> f32 { return 1u; }", ":2:", "another type"),
        ("fn other() {", ":2:", "the end of the file"),
        ("/* no end", ":2:1:", "unterminated"),
    ] {
        let told = refusal(&format!("{surface}{wrong}"));
        assert!(told.contains(&format!("style.wgsl{place}")) && told.contains(why), "{wrong}\n{told}");
        assert!(told.lines().last().is_some_and(|line| line.contains('^')), "a caret: {told}");
    }
    assert!(
        refusal("fn ground(s: Surface) -> vec4f { return vec4f(1.0); }")
            .contains("expected a function named surface; got ground")
    );
    assert!(refusal("fn surface(x: f32) -> vec4f { return vec4f(x); }").contains("other arguments"));
    assert!(refusal("fn surface(s: Surface) -> vec3f { return s.normal; }").contains("another result"));
    assert!(refusal("").contains("no function"));
}

#[test]
fn parameters_reach_the_text_and_words_of_the_language_are_no_names() {
    let style = |names: &[&str], source: &str| {
        let parameters = names.iter().map(|name| ((*name).to_owned(), 1.0)).collect();
        surface_style::compile(&SurfaceStyle::new("style.wgsl".into(), source, parameters, 0.0)?)
    };
    let source =
        "// @param level\nfn surface(s: Surface) -> vec4f { return vec4f(params.level, params.x1, params.y_2, 1.0); }";
    style(&["level", "x1", "y_2"], source).expect("all three are there");
    assert!(style(&["level"], source).is_err_and(|error| error.to_string().contains("style.wgsl:2:")));
    let told = style(&["loop"], "// @param loop 1 0..2\n").expect_err("a word of WGSL").to_string();
    assert!(told.contains("style.wgsl:1:11:") && told.contains("a word of WGSL"), "{told}");
    for wrong in ["a b", "", "1a", "a;", "a: f32, b"] {
        assert!(style(&[wrong], source).is_err(), "{wrong}");
    }
    assert!(style(&["a", "a"], source).is_err());
    let many: Vec<String> = (0..17).map(|i| format!("p{i}x")).collect();
    assert!(style(&many.iter().map(String::as_str).collect::<Vec<_>>(), source).is_err());
}
