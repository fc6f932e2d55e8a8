//! The arena at the left: discs as filled half blocks with their names, pellets as braille dots.
//! Only draws a world; the panes beside it are in `panes`, who goes where is in `draw`.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::canvas::{Canvas, Context, Painter, Points, Shape};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::palette;
use super::scene::{Phase, Scene};
use crate::arena::{Disc, PlayerId, World};

/// Draws the field with its frame, and outside of matches a box with the phase over it.
pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let block = super::panes::framed(" arena ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if let Some(world) = &scene.world {
        draw_world(frame, fitted(inner, world), world, scene.me);
    }
    if !matches!(scene.phase, Phase::Match { .. }) {
        draw_phase(frame, inner, scene);
    }
}

/// The largest part of `area`, centred, in which the field keeps its proportions: a cell is about twice as high as wide.
fn fitted(area: Rect, world: &World) -> Rect {
    let proportion = 2.0 * world.width / world.height;
    // A foreign world may be of any shape; a cell count is clamped to what there is.
    let cells = |wanted: f32, most: u16| {
        if wanted.is_finite() { (wanted.round() as u16).clamp(1, most.max(1)) } else { most }
    };
    let width = cells(f32::from(area.height) * proportion, area.width);
    let height = cells(f32::from(width) / proportion, area.height);
    let (left, top) = ((area.width - width.min(area.width)) / 2, (area.height - height.min(area.height)) / 2);
    Rect { x: area.x + left, y: area.y + top, width, height }.intersection(area)
}

fn draw_world(frame: &mut Frame, area: Rect, world: &World, me: Option<PlayerId>) {
    // Also false for NaN: there is no field to draw then.
    let drawable = world.width > 0.0 && world.height > 0.0 && !area.is_empty();
    if !drawable {
        return;
    }
    let (width, height) = (f64::from(world.width), f64::from(world.height));
    let cell_units = width / f64::from(area.width);
    let paint = |context: &mut Context| {
        let pellets: Vec<(f64, f64)> =
            world.pellets.iter().map(|p| (f64::from(p.x()), f64::from(p.y()))).collect();
        context.draw(&Points { coords: &pellets, color: palette::PELLET });

        context.layer();
        context.marker(Marker::HalfBlock);
        // The largest first: who hides under another is small.
        let mut discs: Vec<&Disc> = world.discs.iter().filter(|d| d.alive).collect();
        discs.sort_by(|a, b| b.radius.total_cmp(&a.radius));
        for disc in &discs {
            context.draw(&Filled { disc, step: cell_units / 2.0, color: palette::of_player(disc.id) });
        }
        for disc in world.discs.iter().filter(|d| !d.alive) {
            let cross = Span::styled("×", Style::new().fg(palette::DIM));
            context.print(f64::from(disc.x), f64::from(disc.y), Line::from(cross));
        }
        for disc in &discs {
            print_name(context, disc, me, cell_units, width);
        }
    };
    let canvas = Canvas::default()
        .marker(Marker::Braille)
        .background_color(palette::FIELD)
        .x_bounds([0.0, width])
        .y_bounds([0.0, height])
        .paint(paint);
    frame.render_widget(canvas, area);
}

/// The name over the centre of its disc, moved inwards where it would stick out of the field.
fn print_name(context: &mut Context, disc: &Disc, me: Option<PlayerId>, cell_units: f64, width: f64) {
    let style = if me == Some(disc.id) {
        Style::new().fg(palette::OWN_NAME).bold().underlined()
    } else {
        Style::new().fg(palette::NAME)
    };
    let name = Span::styled(disc.name.clone(), style);
    let name_units = name.width() as f64 * cell_units;
    let left = (f64::from(disc.x) - name_units / 2.0).min(width - name_units).max(0.0);
    context.print(left, f64::from(disc.y), Line::from(name));
}

/// A disc as a filled shape; the canvas has outlines only.
struct Filled<'a> {
    disc: &'a Disc,
    /// Arena units from one painted point to the next: half a pixel or less, so that no pixel is skipped.
    step: f64,
    color: Color,
}

impl Shape for Filled<'_> {
    fn draw(&self, painter: &mut Painter) {
        let (x, y, radius) = (f64::from(self.disc.x), f64::from(self.disc.y), f64::from(self.disc.radius));
        if !(radius / self.step).is_finite() {
            return;
        }
        let reach = ((radius / self.step) as i32).min(STEPS_MAX);
        for row in -reach..=reach {
            for column in -reach..=reach {
                let (dx, dy) = (f64::from(column) * self.step, f64::from(row) * self.step);
                if dx * dx + dy * dy > radius * radius {
                    continue;
                }
                if let Some((column, row)) = painter.get_point(x + dx, y + dy) {
                    painter.paint(column, row, self.color);
                }
            }
        }
    }
}

fn draw_phase(frame: &mut Frame, area: Rect, scene: &Scene) {
    let phase = scene.phase.to_string().to_uppercase();
    let heading = Line::from(Span::styled(phase, Style::new().fg(palette::ACCENT).bold()));
    let note = Line::from(Span::styled(scene.note.as_str(), Style::new().fg(palette::TEXT)));
    let width = (heading.width().max(note.width()) as u16).saturating_add(6).min(area.width);
    let height = if scene.note.is_empty() { 3 } else { 4 }.min(area.height);
    let place =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let lines = if scene.note.is_empty() { vec![heading] } else { vec![heading, note] };
    let block = Block::bordered().style(Style::new().fg(palette::ACCENT).bg(palette::GROUND));
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(lines).centered().block(block), place);
}

/// Bounds the work for a disc far larger than any terminal.
const STEPS_MAX: i32 = 300;
