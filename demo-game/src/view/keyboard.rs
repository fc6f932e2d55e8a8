//! What the keys mean, and the chat line being typed. Pure: gets key presses handed in, reads no terminal.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A wish of the person at the keyboard.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// End everything now.
    Quit,
    /// Go this way from now on; each part -1, 0 or 1, `dy` points up. Both 0: stop.
    Steer {
        /// To the right.
        dx: f32,
        /// Upwards.
        dy: f32,
    },
    /// Say this: one line, not blank, at most 120 characters.
    Chat(String),
    /// The answer to a question (ready? rematch?).
    Yes,
    /// The other answer.
    No,
    /// Cut the connection, to see what happens.
    Cut,
}

/// Turns presses into wishes.
#[derive(Debug, Default)]
pub(super) struct Keyboard {
    draft: Option<String>,
}

impl Keyboard {
    /// The chat line being typed, if one is.
    pub(super) fn draft(&self) -> Option<&str> {
        self.draft.as_deref()
    }

    /// What this press means, if anything.
    pub(super) fn press(&mut self, event: KeyEvent) -> Option<Key> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        // Raw mode hands Ctrl-C to us instead of the signal; it must end the game in every state.
        if event.modifiers.contains(KeyModifiers::CONTROL) {
            return matches!(event.code, KeyCode::Char('c' | 'd')).then_some(Key::Quit);
        }
        match self.draft.take() {
            Some(draft) => self.type_on(draft, event.code),
            None => self.command(event.code),
        }
    }

    fn command(&mut self, code: KeyCode) -> Option<Key> {
        let steer = |dx, dy| Some(Key::Steer { dx, dy });
        match code {
            KeyCode::Char('q') | KeyCode::Esc => Some(Key::Quit),
            KeyCode::Left | KeyCode::Char('a') => steer(-1.0, 0.0),
            KeyCode::Right | KeyCode::Char('d') => steer(1.0, 0.0),
            KeyCode::Up | KeyCode::Char('w') => steer(0.0, 1.0),
            KeyCode::Down | KeyCode::Char('s') => steer(0.0, -1.0),
            KeyCode::Char(' ') => steer(0.0, 0.0),
            KeyCode::Char('y') => Some(Key::Yes),
            KeyCode::Char('n') => Some(Key::No),
            KeyCode::Char('p') => Some(Key::Cut),
            KeyCode::Enter => {
                self.draft = Some(String::new());
                None
            }
            _ => None,
        }
    }

    fn type_on(&mut self, mut draft: String, code: KeyCode) -> Option<Key> {
        match code {
            KeyCode::Esc => return None,
            KeyCode::Enter => {
                let said = draft.trim();
                return (!said.is_empty()).then(|| Key::Chat(said.to_owned()));
            }
            KeyCode::Backspace => {
                draft.pop();
            }
            KeyCode::Char(c) if draft.chars().count() < DRAFT_CHARS_MAX && !c.is_control() => draft.push(c),
            _ => {}
        }
        self.draft = Some(draft);
        None
    }
}

const DRAFT_CHARS_MAX: usize = 120;
