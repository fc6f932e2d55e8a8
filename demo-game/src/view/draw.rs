//! The layout: who gets which part of the terminal, and the two lines above and below.
//! A pure function from scene to frame; what the parts look like inside is in `field` and `panes`.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use super::scene::{Phase, Scene};
use super::{field, palette, panes};
use crate::arena::TICKS_PER_SECOND;

/// Draws the whole frame. `draft` is the chat line being typed, if one is.
pub(super) fn draw(frame: &mut Frame, scene: &Scene, draft: Option<&str>) {
    let area = frame.area();
    frame.render_widget(Block::new().style(Style::new().fg(palette::TEXT).bg(palette::GROUND)), area);
    if area.width < WIDTH_MIN || area.height < HEIGHT_MIN {
        let plea = format!("needs {WIDTH_MIN}x{HEIGHT_MIN}, has {}x{}; q quits", area.width, area.height);
        frame.render_widget(Paragraph::new(plea), area);
        return;
    }
    let rows = [Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)];
    let [header, body, footer] = Layout::vertical(rows).areas(area);
    draw_header(frame, header, scene);
    draw_footer(frame, footer, scene, draft);

    let [left, right] =
        Layout::horizontal([Constraint::Length(field_width(body)), Constraint::Fill(1)]).areas(body);
    field::draw(frame, left, scene);
    let places = if right.width >= WIDE_MIN { wide(right) } else { narrow(right, scene.standings.len()) };
    panes::draw_wire(frame, places.wire, scene);
    panes::draw_standings(frame, places.standings, scene);
    panes::draw_feed(frame, places.feed, scene);
}

/// As wide as a square field of this height needs, but never so wide that the wire becomes unreadable.
fn field_width(body: Rect) -> u16 {
    let square = body.height.saturating_sub(2).saturating_mul(2).saturating_add(2);
    let share = u32::from(body.width) * FIELD_PERCENT_MAX / 100;
    // A percentage of a u16 fits a u16.
    square.min(share as u16)
}

struct Places {
    wire: Rect,
    standings: Rect,
    feed: Rect,
}

/// Standings and feed side by side under the wire.
fn wide(area: Rect) -> Places {
    let below = (area.height * 2 / 5).clamp(6, 18);
    let [wire, rest] = Layout::vertical([Constraint::Fill(1), Constraint::Length(below)]).areas(area);
    let [standings, feed] =
        Layout::horizontal([Constraint::Length(STANDINGS_WIDE), Constraint::Fill(1)]).areas(rest);
    Places { wire, standings, feed }
}

/// All three under each other; the wire takes what the others leave.
fn narrow(area: Rect, players: usize) -> Places {
    // Two columns of standings.
    let ranks = u16::try_from(players.div_ceil(2)).unwrap_or(u16::MAX);
    let standings = 2 + ranks.clamp(1, (area.height / 5).max(2));
    let feed = (area.height / 4).clamp(4, 12);
    let rows = [Constraint::Fill(1), Constraint::Length(standings), Constraint::Length(feed)];
    let [wire, standings, feed] = Layout::vertical(rows).areas(area);
    Places { wire, standings, feed }
}

fn draw_header(frame: &mut Frame, area: Rect, scene: &Scene) {
    let dim = Style::new().fg(palette::DIM);
    let mut spans = vec![
        Span::styled(format!(" {} ", scene.title), Style::new().fg(palette::NAME).bold()),
        Span::styled(format!(" {}", scene.phase), Style::new().fg(palette::ACCENT).bold()),
    ];
    if let (Phase::Match { .. }, Some(world)) = (scene.phase, &scene.world) {
        let seconds_left = world.ticks_left.div_ceil(TICKS_PER_SECOND);
        spans.push(Span::styled(format!("  {}:{:02} left", seconds_left / 60, seconds_left % 60), dim));
    }
    let counted = |mark, color, count: u64| {
        [
            Span::styled(mark, Style::new().fg(color)),
            Span::styled(format!("{count}  "), Style::new().fg(palette::TEXT)),
        ]
    };
    let mut counters = Vec::new();
    counters.extend(counted("→server ", palette::TO_SERVER, scene.counters.calls_to_server));
    counters.extend(counted("→players ", palette::TO_PLAYER, scene.counters.calls_to_players));
    counters.extend(counted("snapshots ", palette::DIM, scene.counters.snapshots));
    let (about, counters) = (Line::from(spans), Line::from(counters));
    let right = u16::try_from(counters.width()).unwrap_or(u16::MAX).min(area.width);
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(right)]).areas(area);
    frame.render_widget(about, left);
    frame.render_widget(counters, right);
}

fn draw_footer(frame: &mut Frame, area: Rect, scene: &Scene, draft: Option<&str>) {
    if let Some(draft) = draft {
        let typing = Line::from(vec![
            Span::styled(" say: ", Style::new().fg(palette::ACCENT).bold()),
            Span::styled(draft, Style::new().fg(palette::NAME)),
            Span::styled("▏", Style::new().fg(palette::ACCENT)),
            Span::styled("  enter sends, esc drops it", Style::new().fg(palette::DIM)),
        ]);
        frame.render_widget(typing, area);
        return;
    }
    let keys: &[(&str, &str)] = if scene.me.is_some() { &PLAYER_KEYS } else { &SPECTATOR_KEYS };
    let mut spans = vec![Span::raw(" ")];
    for (key, meaning) in keys {
        spans.push(Span::styled(*key, Style::new().fg(palette::ACCENT).bold()));
        spans.push(Span::styled(format!(" {meaning}  "), Style::new().fg(palette::DIM)));
    }
    frame.render_widget(Line::from(spans), area);
}

const SPECTATOR_KEYS: [(&str, &str); 2] = [("q", "quits"), ("p", "cuts a bot's link")];
const PLAYER_KEYS: [(&str, &str); 6] = [
    ("q", "quits"),
    ("arrows", "steer"),
    ("space", "stops"),
    ("enter", "chats"),
    ("y/n", "answers"),
    ("p", "cuts your link"),
];

/// Below this the panes hold nothing readable.
const WIDTH_MIN: u16 = 60;
const HEIGHT_MIN: u16 = 16;
const FIELD_PERCENT_MAX: u32 = 47;
/// From this width on, standings and feed fit beside each other.
const WIDE_MIN: u16 = 70;
const STANDINGS_WIDE: u16 = 34;
