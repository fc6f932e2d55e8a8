//! JSON for people: one line where it fits, else one value a line; the order and the digits of the text are kept.

use crate::paint::{Paint, TERMINAL_COLUMNS, clean};

/// Lays a JSON text out. What is not JSON is shown as it is, cleaned.
pub fn pretty(text: &str, paint: Paint) -> String {
    // Valid from here on, and not nested deeper than serde_json's 128.
    if serde_json::from_str::<serde_json::Value>(text).is_err() {
        return clean(text);
    }
    let node = Reader { rest: text }.value();
    let mut out = String::new();
    Layout { paint, out: &mut out }.value(&node, 0);
    out
}

/// The same on one line.
pub fn one_line(text: &str, paint: Paint) -> String {
    if serde_json::from_str::<serde_json::Value>(text).is_err() {
        return clean(text);
    }
    let node = Reader { rest: text }.value();
    let mut out = String::new();
    Layout { paint, out: &mut out }.inline(&node);
    out
}

enum Node<'a> {
    /// A number, text or word, as it stands.
    Plain(&'a str),
    List(Vec<Node<'a>>),
    Object(Vec<(&'a str, Node<'a>)>),
}

/// Reads a text that is known to be JSON.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Node<'a> {
        match self.peek() {
            Some('[') => Node::List(self.items(']', Self::value)),
            Some('{') => Node::Object(self.items('}', |reader| {
                let name = reader.plain();
                reader.skip(':');
                (name, reader.value())
            })),
            _ => Node::Plain(self.plain()),
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn skip(&mut self, wanted: char) {
        if self.peek() == Some(wanted) {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
    }

    fn items<T>(&mut self, end: char, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        self.rest = self.rest.get(1..).unwrap_or_default();
        let mut items = Vec::new();
        while self.peek().is_some_and(|next| next != end) {
            items.push(item(self));
            self.skip(',');
        }
        self.skip(end);
        items
    }

    fn plain(&mut self) -> &'a str {
        let end = match self.peek() {
            Some('"') => {
                let mut escaped = false;
                let closing = self.rest.char_indices().skip(1).find(|&(_, c)| {
                    let is_end = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    is_end
                });
                closing.map_or(self.rest.len(), |(at, _)| at + 1)
            }
            _ => {
                let ends = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | ']' | '}' | ':');
                self.rest.find(ends).unwrap_or(self.rest.len())
            }
        };
        let (plain, rest) = self.rest.split_at(end);
        self.rest = rest;
        plain
    }
}

struct Layout<'a> {
    paint: Paint,
    out: &'a mut String,
}

impl Layout<'_> {
    fn value(&mut self, node: &Node<'_>, depth: usize) {
        if fits(node, TERMINAL_COLUMNS.saturating_sub(2 * depth)).is_some() {
            return self.inline(node);
        }
        match node {
            Node::Plain(_) => self.inline(node),
            Node::List(items) => self.lines(items, depth, ['[', ']'], |layout, item| {
                layout.value(item, depth + 1);
            }),
            Node::Object(fields) => self.lines(fields, depth, ['{', '}'], |layout, (name, value)| {
                layout.name(name);
                layout.value(value, depth + 1);
            }),
        }
    }

    fn lines<T>(
        &mut self,
        items: &[T],
        depth: usize,
        [begin, end]: [char; 2],
        mut item: impl FnMut(&mut Self, &T),
    ) {
        self.out.push(begin);
        for (at, one) in items.iter().enumerate() {
            self.out.push_str(if at > 0 { ",\n" } else { "\n" });
            self.out.push_str(&"  ".repeat(depth + 1));
            item(self, one);
        }
        self.out.push('\n');
        self.out.push_str(&"  ".repeat(depth));
        self.out.push(end);
    }

    fn inline(&mut self, node: &Node<'_>) {
        match node {
            Node::Plain(text) => self.out.push_str(&self.paint.good(&clean(text))),
            Node::List(items) => {
                self.out.push('[');
                for (at, item) in items.iter().enumerate() {
                    self.out.push_str(if at > 0 { ", " } else { "" });
                    self.inline(item);
                }
                self.out.push(']');
            }
            Node::Object(fields) => {
                self.out.push('{');
                for (at, (name, value)) in fields.iter().enumerate() {
                    self.out.push_str(if at > 0 { ", " } else { "" });
                    self.name(name);
                    self.inline(value);
                }
                self.out.push('}');
            }
        }
    }

    fn name(&mut self, name: &str) {
        self.out.push_str(&self.paint.name(&clean(name)));
        self.out.push_str(": ");
    }
}

/// What is left of the room when the node stands on one line; none if it does not fit.
fn fits(node: &Node<'_>, room: usize) -> Option<usize> {
    match node {
        Node::Plain(text) => room.checked_sub(text.chars().count()),
        // Two brackets, and two characters between any two items: as many as two an item.
        Node::List(items) => items.iter().try_fold(room, |room, item| fits(item, room)?.checked_sub(2)),
        Node::Object(fields) => fields.iter().try_fold(room, |room, (name, value)| {
            fits(value, room.checked_sub(name.chars().count() + 2)?)?.checked_sub(2)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        pretty(text, Paint::none())
    }

    #[test]
    fn short_values_stand_on_one_line_and_keep_their_digits_and_order() {
        assert_eq!(plain("5"), "5");
        assert_eq!(
            plain(r#"{"z":[1,2.50,"a,]}\"\\"],"big":340282366920938463463374607431768211455}"#),
            r#"{"z": [1, 2.50, "a,]}\"\\"], "big": 340282366920938463463374607431768211455}"#
        );
        assert_eq!(plain("[ ]"), "[]");
        assert_eq!(plain("{}"), "{}");
    }

    #[test]
    fn long_values_are_spread() {
        let item = format!(r#"{{"name":"{}","tags":["a","b"]}}"#, "x".repeat(40));
        let wide = plain(&format!("[{item},{item}]"));
        assert_eq!(wide.lines().count(), 4, "{wide}");
        assert!(wide.lines().nth(1).is_some_and(|line| line.starts_with(r#"  {"name": "xx"#)), "{wide}");
    }

    #[test]
    fn what_is_not_json_is_shown_harmlessly() {
        assert_eq!(plain("\x1b[2J"), "\\u{1b}[2J");
        assert_eq!(plain("\"\u{9b}2J\""), "\"\\u{9b}2J\"");
        let deep = "[".repeat(100_000);
        assert_eq!(plain(&deep), deep);
    }
}
