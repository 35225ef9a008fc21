//! Where a shader text is wrong: file, line, column, the line itself and a caret under the place. Pure text.

use std::ops::Range;

/// Columns of a source line that are shown, at most.
const SHOWN: usize = 160;

/// A wrong text, for people. Lines and columns count from 1, columns in characters.
///
/// ```text
/// snow.wgsl:3:18: no definition in scope for identifier: `hight`
///    3 |     let warm = hight > 2000.0;
///      |                ^^^^^ unknown identifier
/// ```
///
/// `place`: bytes of `text`, None where the whole is meant. `about` stands behind the caret.
#[must_use]
pub fn report(file: &str, text: &str, place: Option<Range<usize>>, message: &str, about: &str) -> String {
    let Some(place) = place else { return format!("{file}: {message}") };
    let whole = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (start, end) = (whole(place.start), whole(place.end));
    let first = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let last = text[first..].find('\n').map_or(text.len(), |length| first + length);
    let number = text[..start].matches('\n').count() + 1;
    let column = text[first..start].chars().count();
    // What a terminal would take for a command is shown as a blank, a tab too: the caret stands under its place.
    let line: Vec<char> = text[first..last].chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let skipped = if column < SHOWN { 0 } else { column - SHOWN / 2 };
    let shown: String = line.iter().skip(skipped).take(SHOWN).collect();
    let marked = text[start..end.clamp(start, last.max(start))].chars().count();
    let marked = marked.clamp(1, (SHOWN - (column - skipped)).max(1));
    let margin = " ".repeat(number.to_string().len().max(4));
    let mut report = format!("{file}:{number}:{}: {message}\n", column + 1);
    report += &format!("{number:>4} | {}\n", shown.trim_end());
    report += &format!("{margin} | {}{}", " ".repeat(column - skipped), "^".repeat(marked));
    if !about.is_empty() && about != message {
        report += &format!(" {about}");
    }
    report
}

/// Letters of a message that are shown, at most.
const MOST_LETTERS: usize = 200;

/// The first line of a message, its beginning where it is long: parsers quote what they were given.
#[must_use]
pub fn short(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    match line.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// An error and what it comes from, the innermost last, in one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        text += &format!(": {next}");
        source = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::report;

    #[test]
    fn the_caret_stands_under_the_place_also_behind_letters_of_several_bytes() {
        let text = "let a = 1;\n\t/* Höhe */ let b = hight;\n";
        let at = text.find("hight").expect("it is there");
        let told = report("snow.wgsl", text, Some(at..at + 5), "unknown name", "not known");
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "snow.wgsl:2:21: unknown name");
        let column = |line: &str, what: char| line.chars().position(|c| c == what);
        assert_eq!(column(lines[1], 'g').map(|g| g - 2), column(lines[2], '^'));
        assert!(lines[2].ends_with("^^^^^ not known"));
    }

    #[test]
    fn places_at_and_beyond_the_end_and_very_long_lines_are_shown() {
        assert!(report("a", "", Some(0..0), "empty", "").starts_with("a:1:1: empty\n"));
        assert!(report("a", "x\n", Some(90..99), "beyond", "").starts_with("a:2:1: beyond"));
        let long = format!("{}here{}", " ".repeat(5000), "x".repeat(5000));
        let told = report("a", &long, Some(5000..5004), "long", "");
        assert!(told.starts_with("a:1:5001: long") && told.len() < 500, "{told}");
        assert!(told.contains("here") && told.ends_with("^^^^"));
        assert_eq!(report("a", "x", None, "all of it", ""), "a: all of it");
    }
}
