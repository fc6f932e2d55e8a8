//! The panes at the right: the wire, the standings, chat and events.
//! Only draws lines into a given rectangle; who gets which rectangle is in `draw`.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Paragraph};

use super::palette;
use super::scene::{Direction, FeedLine, Outcome, Scene, WireLine};
use crate::arena::Standing;

/// The frame all panes share.
pub(super) fn framed<'a>(title: impl Into<Line<'a>>) -> Block<'a> {
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(Style::new().fg(palette::DIM))
        .title(title.into())
        .title_style(Style::new().fg(palette::TEXT).bold())
}

/// The newest calls, the newest at the bottom.
pub(super) fn draw_wire(frame: &mut Frame, area: Rect, scene: &Scene) {
    let key = |direction, name: &'static str| {
        [
            Span::styled("■", palette::of_direction(direction)),
            Span::styled(name, Style::new().fg(palette::DIM)),
        ]
    };
    let mut title = vec![Span::raw(" wire ")];
    title.extend(key(Direction::ToServer, " to server "));
    title.extend(key(Direction::ToPlayer, " to player "));
    title.extend(key(Direction::Relayed, " relayed "));
    let block = framed(Line::from(title));
    let inner = block.inner(area);
    let lines: Vec<Line> = scene
        .wire
        .newest(usize::from(inner.height))
        .map(|l| match l.direction {
            Direction::Link => link_line(l, usize::from(inner.width)),
            _ => wire_line(l, usize::from(inner.width)),
        })
        .collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// Route in its colour, call and answer, and at the right edge the duration: it stays when the middle is cut.
fn wire_line(line: &WireLine, width: usize) -> Line<'_> {
    let (route, rest) = line.route();
    let (said, took) = split_duration(rest);
    let (call, answer) = said.split_once(" → ").unwrap_or((said, ""));

    let route_style = Style::new().fg(palette::of_direction(line.direction));
    let answer_style = match line.outcome {
        Outcome::Answered => Style::new().fg(palette::TEXT),
        Outcome::Failed => Style::new().fg(palette::FAILED).bold(),
    };
    let mut spans = Vec::new();
    let mut room = width.saturating_sub(if took.is_empty() { 0 } else { took.chars().count() + 1 });
    let mut put = |text: String, style: Style, spans: &mut Vec<Span>| {
        let cut = cut_to(text, room);
        let span = Span::styled(cut, style);
        room = room.saturating_sub(span.width());
        spans.push(span);
    };
    if !route.is_empty() {
        put(format!("{route}: "), route_style, &mut spans);
    }
    put(call.to_owned(), Style::new().fg(palette::NAME).bold(), &mut spans);
    if !answer.is_empty() {
        put(format!(" → {answer}"), answer_style, &mut spans);
    }
    if !took.is_empty() {
        spans.push(Span::raw(" ".repeat(room + 1)));
        spans.push(Span::styled(took, Style::new().fg(palette::DIM)));
    }
    Line::from(spans)
}

/// What became of a connection; what it all comes to, after the last dot, stays when the rest is cut.
fn link_line(line: &WireLine, width: usize) -> Line<'_> {
    let (said, found) = line.text().rsplit_once(" · ").unwrap_or((line.text(), ""));
    let found_style = match line.outcome {
        Outcome::Answered => Style::new().fg(palette::TEXT),
        Outcome::Failed => Style::new().fg(palette::FAILED).bold(),
    };
    let room = width.saturating_sub(found.chars().count() + 3);
    Line::from(vec![
        Span::styled(cut_to(said.to_owned(), room), Style::new().fg(palette::of_direction(line.direction))),
        Span::styled(format!(" · {found}"), found_style),
    ])
}

/// `true 1.1 ms` into `true` and `1.1 ms`; the second is empty where the text does not end with a duration.
fn split_duration(text: &str) -> (&str, &str) {
    let mut words = text.rsplitn(3, ' ');
    let (Some(unit), Some(number), Some(said)) = (words.next(), words.next(), words.next()) else {
        return (text, "");
    };
    if matches!(unit, "ns" | "µs" | "us" | "ms" | "s") && number.parse::<f64>().is_ok() {
        (said, &text[said.len() + 1..])
    } else {
        (text, "")
    }
}

/// At most `width` columns of this text, ending with `…` where something was cut.
fn cut_to(text: String, width: usize) -> String {
    if Span::raw(text.as_str()).width() <= width {
        return text;
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if Span::raw(kept.as_str()).width() >= width {
            kept.pop();
            break;
        }
    }
    // No room even for the mark.
    if width == 0 { kept } else { kept + "…" }
}

/// The ranking in as many columns as fit, best first, downwards.
pub(super) fn draw_standings(frame: &mut Frame, area: Rect, scene: &Scene) {
    let block = framed(" standings ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let rows = usize::from(inner.height);
    if rows == 0 {
        return;
    }
    let columns =
        scene.standings.len().div_ceil(rows).clamp(1, usize::from(inner.width / STANDING_WIDTH).max(1));
    let column_width = inner.width / columns as u16;
    for (column, standings) in scene.standings.chunks(rows).take(columns).enumerate() {
        let lines: Vec<Line> = standings
            .iter()
            .enumerate()
            .map(|(row, s)| standing_line(column * rows + row + 1, s, scene, usize::from(column_width)))
            .collect();
        let place = Rect { x: inner.x + column as u16 * column_width, width: column_width, ..inner };
        frame.render_widget(Paragraph::new(lines), place);
    }
}

fn standing_line<'a>(rank: usize, standing: &'a Standing, scene: &Scene, width: usize) -> Line<'a> {
    let name_style = if scene.me == Some(standing.id) {
        Style::new().fg(palette::OWN_NAME).bold()
    } else if rank == 1 {
        Style::new().fg(palette::TEXT).bold()
    } else {
        Style::new().fg(palette::TEXT)
    };
    let best = scene.standings.first().map_or(1, |s| s.score.max(1));
    let bar_room = match width.saturating_sub(usize::from(STANDING_WIDTH) + 1) {
        // A bar this short says nothing.
        0..BAR_WIDTH_MIN => 0,
        room => room.min(BAR_WIDTH_MAX),
    };
    // At most `bar_room`, because nobody has more than the best.
    let bar = (bar_room as f32 * standing.score as f32 / best as f32) as usize;
    let color = palette::of_player(standing.id);
    Line::from(vec![
        Span::styled(format!("{rank:>2} "), Style::new().fg(palette::DIM)),
        Span::styled("● ", Style::new().fg(color)),
        Span::styled(format!("{:<9}", cut_to(standing.name.clone(), 9)), name_style),
        Span::styled(format!("{:>4} ", standing.score), name_style),
        Span::styled("▬".repeat(bar.min(bar_room)), Style::new().fg(color)),
    ])
}

/// The newest of chat and events, the newest at the bottom.
pub(super) fn draw_feed(frame: &mut Frame, area: Rect, scene: &Scene) {
    let block = framed(" chat & events ");
    let inner = block.inner(area);
    let width = usize::from(inner.width);
    let lines: Vec<Line> =
        scene.feed.newest(usize::from(inner.height)).map(|l| feed_line(l, scene, width)).collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn feed_line<'a>(line: &'a FeedLine, scene: &Scene, width: usize) -> Line<'a> {
    match line {
        FeedLine::Chat { from, text } => {
            let speaker = scene.standings.iter().find(|s| s.name == *from);
            let color = speaker.map_or(palette::TEXT, |s| palette::of_player(s.id));
            let text = cut_to(text.clone(), width.saturating_sub(from.chars().count() + 4));
            Line::from(vec![
                Span::styled("● ", Style::new().fg(color)),
                Span::styled(format!("{from}: "), Style::new().fg(palette::TEXT).bold()),
                Span::styled(text, Style::new().fg(palette::TEXT)),
            ])
        }
        FeedLine::Event { text } => {
            Line::from(Span::styled(cut_to(format!("· {text}"), width), Style::new().fg(palette::DIM)))
        }
    }
}

/// Rank, dot, nine characters of name, four digits.
pub(super) const STANDING_WIDTH: u16 = 19;
const BAR_WIDTH_MIN: usize = 4;
const BAR_WIDTH_MAX: usize = 20;
