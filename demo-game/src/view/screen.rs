//! The terminal itself: taken over, drawn on, read, and given back whatever happens.
//! What is drawn is decided in `draw`, what keys mean in `keyboard`.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event};
use ratatui::crossterm::{cursor, execute, terminal};

use super::keyboard::{Key, Keyboard};
use super::scene::Scene;
use super::{draw, panics};

/// The live view. At most one at a time; dropping it gives the terminal back and prints the panic messages of other
/// threads that it held back meanwhile.
#[derive(Debug)]
#[must_use = "dropping the screen gives the terminal back at once"]
pub struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    keyboard: Keyboard,
}

impl Screen {
    /// Whether there is a terminal to draw on and to read keys from. If not, print [`Plain`](super::Plain) lines.
    pub fn is_possible() -> bool {
        io::stdout().is_terminal() && io::stdin().is_terminal()
    }

    /// Takes the terminal over: raw mode, alternate screen, no cursor. On an error it is as it was before.
    pub fn enter() -> io::Result<Screen> {
        terminal::enable_raw_mode()?;
        TAKEN.store(true, Ordering::Relaxed);
        let entered = execute!(io::stdout(), terminal::EnterAlternateScreen, cursor::Hide)
            // One write a frame instead of one for every few cells.
            .and_then(|()| {
                Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, io::stdout())))
            });
        match entered {
            Ok(terminal) => {
                panics::screen_entered(give_back);
                Ok(Screen { terminal, keyboard: Keyboard::default() })
            }
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Shows this scene; only what changed is written. Costs about a millisecond, so a 30 Hz loop may call it inline.
    pub fn draw(&mut self, scene: &Scene) -> io::Result<()> {
        panics::drawing_here();
        let draft = self.keyboard.draft();
        self.terminal.draw(|frame| draw::draw(frame, scene, draft))?;
        Ok(())
    }

    /// The wishes typed since the last call, without waiting; at most 64, the rest comes with the next call.
    pub fn keys(&mut self) -> io::Result<Vec<Key>> {
        let mut keys = Vec::new();
        for _ in 0..EVENTS_MAX {
            if !event::poll(Duration::ZERO)? {
                break;
            }
            if let Event::Key(press) = event::read()? {
                keys.extend(self.keyboard.press(press));
            }
        }
        Ok(keys)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
        for message in panics::screen_left() {
            // Nobody is left to tell if even this fails.
            let _ = writeln!(io::stderr(), "{message}");
        }
    }
}

fn give_back() {
    // Once only, though the panic hook and the drop may both come here: leaving the alternate screen again would move
    // the cursor back over the panic's message.
    if !TAKEN.swap(false, Ordering::Relaxed) {
        return;
    }
    // Best effort: there is nothing else to try.
    let _ = terminal::disable_raw_mode();
    let _ = execute!(io::stdout(), terminal::LeaveAlternateScreen, cursor::Show);
}

/// Whether there is a terminal to give back.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// About a full frame of a large terminal.
const FRAME_BYTES: usize = 64 * 1024;
const EVENTS_MAX: usize = 64;
