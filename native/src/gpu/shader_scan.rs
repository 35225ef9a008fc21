//! A look at the tokens of a WGSL text before a parser sees it. The parser, its checks and the writer go down a level a
//! bracket, a sign before a value, an operator of a chain and a part of a part; what is deeper than any stack ends the
//! process, so it is refused here. Pure text.

use std::ops::Range;

/// Brackets inside brackets.
pub const MOST_BRACKETS: usize = 256;
/// Signs before values (`!`, `~`, `-`, `&`, `*`) that take effect one after the other.
pub const MOST_SIGNS: usize = 256;
/// Operators of one chain, those of the brackets around it counted.
pub const MOST_OPERATORS: usize = 1000;
/// `.name` and `[index]` one after the other.
pub const MOST_PARTS: usize = 256;
/// `else` after `else`.
pub const MOST_ELSES: usize = 256;

/// What is too deep, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct TooDeep {
    /// The token that is one too many.
    pub place: Range<usize>,
    /// For people: expected, got and fix.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// A name or a number.
    Word,
    Open,
    Close,
    /// Ends an expression: `,` `;` `:` `@`.
    End,
    Dot,
    Operator,
}

/// What ends a comment of one line, as WGSL has it.
const ENDS_A_LINE: [char; 7] = ['\n', '\u{b}', '\u{c}', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// Tokens with their places; comments and white space are none. Operators come letter by letter.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl Tokens<'_> {
    fn comment_end(&self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        match bytes.get(self.at..self.at + 2)? {
            b"//" => Some(self.text[self.at..].find(ENDS_A_LINE).map_or(bytes.len(), |n| self.at + n)),
            b"/*" => {
                let (mut at, mut depth) = (self.at + 2, 1);
                while depth > 0 && at < bytes.len() {
                    match bytes.get(at..at + 2) {
                        Some(b"/*") => (at, depth) = (at + 2, depth + 1),
                        Some(b"*/") => (at, depth) = (at + 2, depth - 1),
                        _ => at += 1,
                    }
                }
                Some(at)
            }
            _ => None,
        }
    }
}

impl Iterator for Tokens<'_> {
    type Item = (Token, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(end) = self.comment_end() {
                self.at = end;
                continue;
            }
            let start = self.at;
            let rest = &self.text[start..];
            let first = rest.chars().next()?;
            self.at += first.len_utf8();
            if first.is_whitespace() || matches!(first, '\u{200e}' | '\u{200f}') {
                continue;
            }
            let is_word = |c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii();
            let token = match first {
                '(' | '[' | '{' => Token::Open,
                ')' | ']' | '}' => Token::Close,
                ',' | ';' | ':' | '@' => Token::End,
                '.' => Token::Dot,
                c if is_word(c) => {
                    // One point belongs to a number: what follows the second one is a part of it.
                    let mut points = usize::from(!c.is_ascii_digit());
                    let end = rest.find(|c: char| {
                        let point = c == '.' && points == 0;
                        points += usize::from(point);
                        !(is_word(c) || point)
                    });
                    self.at = end.map_or(self.text.len(), |end| start + end);
                    Token::Word
                }
                _ => Token::Operator,
            };
            return Some((token, start..self.at));
        }
    }
}

/// What stands between two brackets so far.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    signs: usize,
    operators: usize,
    parts: usize,
    elses: usize,
}

/// Refuses what is deeper than a parser's stack.
pub fn check_depth(text: &str) -> Result<(), TooDeep> {
    let mut levels = vec![Level::default()];
    // Of all levels around the innermost.
    let mut around = Level::default();
    let (mut follows_value, mut follows_block) = (false, false);
    for (token, place) in (Tokens { text, at: 0 }) {
        let word = &text[place.clone()];
        let Some(level) = levels.last_mut() else { break };
        if follows_block && word != "else" {
            level.elses = 0;
        }
        follows_block = word == "}";
        match token {
            Token::Word => {
                if word == "else" {
                    level.elses += 1;
                }
                // `return -x`: what follows such a word is no part of it.
                follows_value = !matches!(word, "return" | "else" | "if" | "while" | "switch" | "case");
            }
            Token::End => {
                *level = Level { elses: level.elses, ..Level::default() };
                follows_value = false;
            }
            Token::Dot => level.parts += 1,
            Token::Operator if follows_value => {
                *level = Level { operators: level.operators + 1, elses: level.elses, ..Level::default() };
                follows_value = false;
            }
            Token::Operator => level.signs += 1,
            Token::Open => {
                if word == "[" && follows_value {
                    level.parts += 1;
                } else if word == "{" {
                    *level = Level { elses: level.elses, ..Level::default() };
                }
            }
            Token::Close => follows_value = word != "}",
        }
        let inner = *level;
        let all = Level {
            signs: around.signs + inner.signs,
            operators: around.operators + inner.operators,
            parts: around.parts + inner.parts,
            elses: around.elses + inner.elses,
        };
        for (got, most, what, fix) in [
            (levels.len(), MOST_BRACKETS, "brackets inside each other", "put the inner ones into a `let`"),
            (all.signs, MOST_SIGNS, "signs before a value", "leave out those that cancel each other"),
            (all.operators, MOST_OPERATORS, "operators in a chain", "put parts of it into a `let`"),
            (all.parts, MOST_PARTS, "parts of parts", "put some of them into a `let`"),
            (all.elses, MOST_ELSES, "`else` after each other", "use a switch, or a function that returns early"),
        ] {
            if got > most {
                let message = format!("expected fewer {what}: at most {most}; got more; fix: {fix}");
                return Err(TooDeep { place, message });
            }
        }
        match token {
            Token::Open => {
                around = all;
                levels.push(Level::default());
                follows_value = false;
            }
            Token::Close if levels.len() > 1 => {
                levels.pop();
                let outer = levels.last_mut();
                if let Some(outer) = outer {
                    around.signs -= outer.signs;
                    around.operators -= outer.operators;
                    around.parts -= outer.parts;
                    around.elses -= outer.elses;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Names of functions, structs, constants and variables that a text declares for all of itself, with their places.
pub fn declared_names(text: &str) -> Vec<(&str, Range<usize>)> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut declares = false;
    let mut template = 0_usize;
    for (token, place) in (Tokens { text, at: 0 }) {
        let word = &text[place.clone()];
        match token {
            Token::Open => (depth, declares) = (depth + 1, false),
            Token::Close => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            // `var<private>` stands before its name.
            Token::Operator if declares && word == "<" => template += 1,
            Token::Operator if declares && word == ">" => template = template.saturating_sub(1),
            Token::Word if declares && template == 0 => {
                found.push((word, place));
                declares = false;
            }
            Token::Word if template == 0 => {
                declares = matches!(word, "fn" | "struct" | "const" | "var" | "override" | "alias");
            }
            _ => {}
        }
    }
    found
}

/// Whether WGSL has a type, a function or a value of this name already.
pub fn is_predeclared(name: &str) -> bool {
    let mut known = PREDECLARED.split_ascii_whitespace();
    known.any(|word| word == name) || is_vector_or_matrix(name)
}

/// `vec2`, `vec3f`, `mat2x4h` and the like.
fn is_vector_or_matrix(name: &str) -> bool {
    let plain = name.strip_suffix(['f', 'h', 'i', 'u']).unwrap_or(name);
    let is_size = |c: char| ('2'..='4').contains(&c);
    match (plain.strip_prefix("vec"), plain.strip_prefix("mat")) {
        (Some(size), _) => size.len() == 1 && size.chars().all(is_size),
        (_, Some(sizes)) => sizes.split_once('x').is_some_and(|(columns, rows)| {
            columns.len() == 1 && rows.len() == 1 && columns.chars().chain(rows.chars()).all(is_size)
        }),
        _ => false,
    }
}

/// The types and functions of the WGSL specification, chapters 6 and 17.
const PREDECLARED: &str = "
    bool f16 f32 f64 i32 u32 i64 u64 i16 u16 array atomic ptr sampler sampler_comparison
    texture_1d texture_2d texture_2d_array texture_3d texture_cube texture_cube_array texture_multisampled_2d
    texture_storage_1d texture_storage_2d texture_storage_2d_array texture_storage_3d texture_external
    texture_depth_2d texture_depth_2d_array texture_depth_cube texture_depth_cube_array texture_depth_multisampled_2d
    bitcast all any select arrayLength abs acos acosh asin asinh atan atanh atan2 ceil clamp cos cosh countLeadingZeros
    countOneBits countTrailingZeros cross degrees determinant distance dot dot4U8Packed dot4I8Packed exp exp2
    extractBits faceForward firstLeadingBit firstTrailingBit floor fma fract frexp insertBits inverseSqrt ldexp length
    log log2 max min mix modf normalize pow quantizeToF16 radians reflect refract reverseBits round saturate sign sin
    sinh smoothstep sqrt step tan tanh transpose trunc dpdx dpdxCoarse dpdxFine dpdy dpdyCoarse dpdyFine fwidth
    fwidthCoarse fwidthFine textureDimensions textureGather textureGatherCompare textureLoad textureNumLayers
    textureNumLevels textureNumSamples textureSample textureSampleBias textureSampleCompare textureSampleCompareLevel
    textureSampleGrad textureSampleLevel textureSampleBaseClampToEdge textureStore atomicLoad atomicStore atomicAdd
    atomicSub atomicMax atomicMin atomicAnd atomicOr atomicXor atomicExchange atomicCompareExchangeWeak pack4x8snorm
    pack4x8unorm pack4xI8 pack4xU8 pack4xI8Clamp pack4xU8Clamp pack2x16snorm pack2x16unorm pack2x16float unpack4x8snorm
    unpack4x8unorm unpack4xI8 unpack4xU8 unpack2x16snorm unpack2x16unorm unpack2x16float storageBarrier textureBarrier
    workgroupBarrier workgroupUniformLoad subgroupAdd subgroupAll subgroupAnd subgroupAny subgroupBallot
    subgroupBroadcast subgroupElect subgroupMax subgroupMin subgroupMul subgroupOr subgroupShuffle subgroupXor
    quadBroadcast quadSwapX quadSwapY quadSwapDiagonal
    function private workgroup uniform storage read write read_write";

#[cfg(test)]
mod tests {
    use super::{check_depth, declared_names, is_predeclared};

    #[test]
    fn depths_of_all_brackets_together_count_and_what_ends_starts_anew() {
        for (text, what) in [
            ("!".repeat(300), "signs"),
            ("(!!!!".repeat(100), "signs"),
            ("- ".repeat(300), "signs"),
            ("f(a+a+a+a+a+".repeat(250), "operators"),
            ("1".to_owned() + &"+1".repeat(1100), "operators"),
            ("a".to_owned() + &"[0]".repeat(300), "parts"),
            ("1..a".to_owned() + &".a".repeat(300), "parts"),
            ("[".repeat(300), "brackets"),
            ("else if a { } ".repeat(300), "else"),
        ] {
            let told = check_depth(&text).expect_err(what).message;
            assert!(told.contains(what), "{told}");
        }
        let fine = "let a = -b + c[0].x * !d; /* ((((!!!! */ if a { } else { }\n".repeat(3000)
            + &"f(-1.0, -2.0)".repeat(500)
            + &"vec4f(-1.0, ".repeat(100)
            + &")".repeat(100)
            + "x = array("
            + &"-1.0, a.b + 2.0,".repeat(5000)
            + ")";
        assert_eq!(check_depth(&fine), Ok(()));
        assert_eq!(check_depth("))))}}}} /* no end"), Ok(()));
    }

    #[test]
    fn names_that_a_text_declares_are_those_outside_its_functions() {
        let text = "fn a(b: f32) { let c = 1; } // fn d\nvar<private, read_write> e: f32; alias vec2f = vec4f;\nstruct g { h: f32 }";
        let names: Vec<&str> = declared_names(text).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "e", "vec2f", "g"]);
        for known in ["f32", "vec2f", "mat3x4h", "mix", "vec4"] {
            assert!(is_predeclared(known), "{known}");
        }
        for free in ["vector", "mat5x2", "vec5", "matte", "noise", "mat2"] {
            assert!(!is_predeclared(free), "{free}");
        }
    }
}
