//! Taking the peer's frames: each becomes events, or ends the session with the peer's mistake named.

use std::time::{Duration, Instant};

use super::budget::{Budget, Rate};
use super::inbound::{self, CANCELS, IDLE_ACKS, Inbound};
use super::liveness::FRAME_TIME;
use super::outgoing::Told;
use super::resume::Attachment;
use super::{Outcome, QUIET_FRAMES, Session, Sink, Stop};
use crate::close::{CloseCode, CloseReason};
use crate::contract::Delivery;
use crate::error::{CallError, NotExecuted};
use crate::ids::{CallId, Side};
use crate::limits::Limits;
use crate::wire::{Ending, Frame, FrameError, Kind, RawFrame, Split, Target, split};

/// Something that the session's user must do or know, in the order in which it happened.
#[derive(Debug)]
pub enum Event<'a, W> {
    /// The peer calls. Answer with [`Session::reply`], once.
    Call {
        /// The peer's number for it.
        id: CallId,
        /// What is called.
        to: Target,
        /// When the caller gives up.
        deadline: Instant,
        /// It is made within one of our own outstanding calls: it takes no handler slot and waits for none.
        nested: bool,
        /// The arguments.
        body: &'a [u8],
    },
    /// The peer says something.
    Message {
        /// What it is for.
        to: Target,
        /// How it travelled.
        delivery: Delivery,
        /// The arguments.
        body: &'a [u8],
    },
    /// A handler is to stop. Its call still needs its terminal frame: [`Session::reply_stopped`].
    Stop {
        /// Which call's.
        id: CallId,
        /// Why.
        why: Stop,
    },
    /// Wake this caller: its call has ended, or may be made.
    Wake(W),
    /// A detached call has ended.
    Ended(W, Outcome),
    /// The client knows its new token: the older one dies.
    TokenConfirmed,
}

impl<W> Event<'_, W> {
    pub(super) fn of(told: Told<W>) -> Option<Self> {
        match told {
            Told::Wake(waiter) => Some(Self::Wake(waiter)),
            Told::Hand(waiter, outcome) => Some(Self::Ended(waiter, outcome)),
            Told::Nobody => None,
        }
    }
}

impl<W> Session<W> {
    /// Looks for a frame at the front of `bytes`, under this session's limits. The caller keeps the rest.
    ///
    /// # Errors
    /// The peer's mistake: close the session with it.
    #[inline]
    pub fn split<'a>(&self, bytes: &'a [u8]) -> Result<Split<'a>, CloseReason> {
        split(bytes, self.limits.frame_bytes_max())
            .map_err(|error| CloseReason::ours(error.code(), error.to_string()))
    }

    /// Bytes have come: the peer is alive. `partial` says whether they end within a frame, and how long it is. To
    /// be told after the whole frames among them have been received.
    pub fn heard(&mut self, partial: Option<usize>, now: Instant) {
        self.liveness.heard(now);
        match partial {
            Some(bytes) => {
                self.liveness.frame_begun(bytes, self.origin.moment(now));
                // What is more known of it by and by makes it larger, and its end later.
                self.wake_by(now + FRAME_TIME);
            }
            None => self.liveness.frame_ended(),
        }
    }

    /// Takes one frame of the peer.
    ///
    /// # Errors
    /// The peer's mistake, or its own Close: [`Session::give_up`] with it. Nothing of the frame has been done then.
    pub fn receive<'a>(
        &mut self,
        raw: RawFrame<'a>,
        now: Instant,
        events: &mut impl Sink<Event<'a, W>>,
    ) -> Result<(), CloseReason> {
        if self.closed.is_some() || !self.is_attached() {
            return Ok(());
        }
        let frame = Frame::read(raw).map_err(|error| {
            let code = match error {
                FrameError::Malformed { .. } => CloseCode::MalformedFrame,
                FrameError::Unexpected { .. } => CloseCode::UnexpectedFrame,
            };
            CloseReason::ours(code, error.to_string())
        })?;
        if matches!(self.attachment, Attachment::Attached { token_due: true }) && frame != Frame::TokenOk {
            return Err(CloseReason::ours(CloseCode::UnexpectedFrame, "before the new token was confirmed"));
        }
        // A frame that comes after it has a time of its own.
        self.liveness.frame_ended();
        let logged = frame.is_logged();
        self.take(frame, now, events)?;
        let is_uncounted = cfg!(mutant = "1") && raw.kind == Kind::Cancel;
        if logged
            && !is_uncounted
            && let Some(ack_at) = self.inbound.took_logged(raw.wire_bytes, now)
        {
            self.wake_by(ack_at);
        }
        Ok(())
    }

    fn take<'a>(
        &mut self,
        frame: Frame<'a>,
        now: Instant,
        events: &mut impl Sink<Event<'a, W>>,
    ) -> Result<(), CloseReason> {
        match frame {
            Frame::Call { id, to, remaining_ms, parent, body } => {
                self.take_call(id, to, remaining_ms, parent, body, now, events)
            }
            Frame::Result { id, ending } => self.take_result(id, ending, now, events),
            Frame::Notify { to, body } => self.take_message(to, Delivery::Notify, body, events),
            Frame::Droppable { to, body } => self.take_message(to, Delivery::Droppable, body, events),
            Frame::Latest { number, to, body } => {
                if number <= self.inbound.latest {
                    return Err(CloseReason::ours(CloseCode::MalformedFrame, "a latest value out of order"));
                }
                if let Some(ack_at) = self.inbound.took_latest(number, now) {
                    self.wake_by(ack_at);
                }
                self.take_message(to, Delivery::Latest, body, events)
            }
            Frame::Cancel { id } => {
                // A cancel that crosses its call's result on the way is normal and means nothing (P-34).
                if self.incoming.cancel(id) {
                    if cfg!(mutant = "16") {
                        self.incoming.finish(id);
                    }
                    self.spend(|inbound| &mut inbound.cancels, CANCELS, "cancels", now)?;
                    events.put(Event::Stop { id, why: Stop::Cancelled });
                }
                Ok(())
            }
            Frame::Void => Ok(()),
            Frame::TokenOk => match self.attachment {
                Attachment::Attached { token_due: true } => {
                    self.attachment = Attachment::Attached { token_due: false };
                    events.put(Event::TokenConfirmed);
                    Ok(())
                }
                _ => Err(CloseReason::ours(CloseCode::UnexpectedFrame, "a token that nobody gave")),
            },
            Frame::Ack { position, latest } => self.take_ack(position, latest, now, events),
            Frame::Ping { time_us, rtt_us } => {
                self.spend(|inbound| &mut inbound.pings, self.beats(self.side.other()), "pings", now)?;
                self.control.pong = Some(time_us);
                if self.side == Side::Client {
                    let rtt = (rtt_us > 0).then(|| Duration::from_micros(rtt_us.into()));
                    self.clock.sample(Duration::from_micros(time_us), rtt, now);
                }
                Ok(())
            }
            Frame::Pong { echo_us, .. } => {
                self.spend(|inbound| &mut inbound.pongs, self.beats(self.side), "pongs", now)?;
                // An echo of what was never sent gives at worst a wrong figure for this one session.
                let read = Duration::from_micros(self.time_us(now));
                self.liveness.pong(read.saturating_sub(Duration::from_micros(echo_us)));
                Ok(())
            }
            Frame::Close { code, message } => {
                let code = CloseCode::of(code).unwrap_or(CloseCode::Done);
                Err(CloseReason::theirs(code, message))
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one frame")]
    fn take_call<'a>(
        &mut self,
        id: CallId,
        to: Target,
        remaining_ms: u32,
        parent: Option<CallId>,
        body: &'a [u8],
        now: Instant,
        events: &mut impl Sink<Event<'a, W>>,
    ) -> Result<(), CloseReason> {
        self.check_body(body)?;
        let parent_depth = parent.and_then(|parent| self.outgoing.depth_of(parent));
        let depth = parent_depth.map_or(0, |depth| depth.saturating_add(1));
        let nested = depth > 0;
        // L31: a deadline is cut before any arithmetic with it.
        let remaining = Duration::from_millis(remaining_ms.into()).min(match cfg!(mutant = "20") {
            true => Duration::MAX,
            false => self.limits.deadline_max,
        });
        let deadline = now + remaining;
        self.incoming
            .start(id, depth, nested, deadline)
            .map_err(|code| CloseReason::ours(code, format!("call {id}")))?;
        self.wake_by(deadline);
        self.counts.calls_taken += 1;
        let refusal = if remaining_ms == 0 {
            Some(NotExecuted::Expired)
        } else if depth > Limits::DEPTH_MAX {
            Some(NotExecuted::TooDeep)
        } else if !nested && self.incoming.permits_used() > self.limits.calls_in_flight_max {
            Some(NotExecuted::TooManyInFlight)
        } else {
            None
        };
        match refusal {
            Some(why) => {
                self.reply(id, Err(CallError::NotExecuted(why)), now);
            }
            None => events.put(Event::Call { id, to, deadline, nested, body }),
        }
        Ok(())
    }

    fn take_result<'a>(
        &mut self,
        id: CallId,
        ending: Ending<'a>,
        now: Instant,
        events: &mut impl Sink<Event<'a, W>>,
    ) -> Result<(), CloseReason> {
        if let Ok(body) | Err(CallError::Handler(body)) = &ending {
            self.check_body(body)?;
        }
        let log = &self.log;
        let (told, wanted) = self
            .outgoing
            .terminal(id, ending, |position| log.is_sent(position))
            .ok_or_else(|| CloseReason::ours(CloseCode::UnknownCall, format!("call {id}")))?;
        if wanted {
            self.log.release();
        }
        events.put_all(Event::of(told));
        self.room_freed(now, events);
        Ok(())
    }

    fn take_message<'a>(
        &mut self,
        to: Target,
        delivery: Delivery,
        body: &'a [u8],
        events: &mut impl Sink<Event<'a, W>>,
    ) -> Result<(), CloseReason> {
        self.check_body(body)?;
        self.counts.messages_taken += 1;
        events.put(Event::Message { to, delivery, body });
        Ok(())
    }

    fn take_ack<'a>(
        &mut self,
        position: u64,
        latest: u64,
        now: Instant,
        events: &mut impl Sink<Event<'a, W>>,
    ) -> Result<(), CloseReason> {
        let diverged = |what: u64| CloseReason::ours(CloseCode::Diverged, format!("{what} was never sent"));
        let is_quiet = position.saturating_sub(self.log.acked()) < QUIET_FRAMES;
        let advanced = self.log.ack(position).map_err(|_| diverged(position))?;
        let confirmed = self.latest.confirm(latest).map_err(|_| diverged(latest))?;
        if !advanced && !confirmed {
            self.spend(|inbound| &mut inbound.idle_acks, IDLE_ACKS, "idle acknowledgements", now)?;
        }
        if self.log.has_unacked() {
            self.await_ack(advanced, now);
        } else {
            self.liveness.all_acked();
        }
        self.room_freed(now, events);
        if advanced && is_quiet {
            self.shrink();
        }
        Ok(())
    }

    /// P-43.
    fn check_body(&self, body: &[u8]) -> Result<(), CloseReason> {
        let max = self.limits.body_bytes_max as usize;
        if body.len() > max {
            let message = format!("a body of {} bytes, at most {max} are taken", body.len());
            return Err(CloseReason::ours(CloseCode::FrameTooLarge, message));
        }
        Ok(())
    }

    fn beats(&self, pinger: Side) -> Rate {
        inbound::beats(pinger, self.liveness.heartbeat(), self.liveness.silence_max())
    }

    fn spend(
        &mut self,
        budget: impl FnOnce(&mut Inbound) -> &mut Budget,
        rate: Rate,
        what: &str,
        now: Instant,
    ) -> Result<(), CloseReason> {
        if budget(&mut self.inbound).spend(rate, self.origin.moment(now)) {
            Ok(())
        } else {
            Err(CloseReason::ours(CloseCode::Flood, format!("too many {what}")))
        }
    }
}
