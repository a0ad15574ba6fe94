//! Events of a node, one after the other: state first, then rules. From captures, or from a sensor.

use crate::alert::Alert;
use crate::engine::{Engine, Run};
use crate::state::{Current, Delivery, State, StateLimits};
use event::scap::{Block, Blocks, Limits, ScapError};
use event::syscall::RawEvent;

/// A pass over the events of one node.
pub struct Replay<'e> {
    engine: &'e Engine,
    /// What the events left behind.
    pub state: State,
    /// Counters.
    pub run: Run,
    limits: Limits,
    carry: Vec<u8>,
    begun: bool,
    hostname: Option<String>,
}

impl<'e> Replay<'e> {
    /// A pass with an empty state.
    pub fn new(engine: &'e Engine, limits: Limits, state: StateLimits) -> Self {
        Self {
            engine,
            state: State::new(state),
            run: Run::default(),
            limits,
            carry: Vec::new(),
            begun: false,
            hostname: None,
        }
    }

    /// Names the host in alerts, whatever the capture says.
    #[must_use]
    pub fn on_host(mut self, name: &str) -> Self {
        self.hostname = Some(name.to_owned());
        self
    }

    /// Takes the next bytes of a capture (not compressed); they may end anywhere.
    ///
    /// # Errors
    /// The capture is none, or broken: nothing that follows can be read. What was read before stands.
    pub fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(Alert)) -> Result<(), ScapError> {
        // A block that comes in many pieces is kept, not copied with each of them.
        let mut joined = std::mem::take(&mut self.carry);
        if joined.is_empty() {
            let used = self.blocks(bytes, each)?;
            self.carry = bytes.get(used..).unwrap_or_default().to_vec();
            return Ok(());
        }
        joined.extend_from_slice(bytes);
        let used = self.blocks(&joined, each)?;
        joined.drain(..used.min(joined.len()));
        self.carry = joined;
        Ok(())
    }

    /// Says that the capture has ended.
    ///
    /// # Errors
    /// It ended within a block, or before there was one.
    pub fn finish(&mut self) -> Result<(), ScapError> {
        if !self.begun {
            return Err(ScapError::NotACapture);
        }
        if self.carry.is_empty() {
            return Ok(());
        }
        self.run.counts.drop("cut off", 1);
        Err(ScapError::Truncated { at: 0 })
    }

    fn blocks(&mut self, bytes: &[u8], each: &mut dyn FnMut(Alert)) -> Result<usize, ScapError> {
        let table = self.state.table.clone();
        // The header is 28 bytes at least.
        if !self.begun && bytes.len() < 28 {
            return Ok(0);
        }
        let mut blocks = match self.begun {
            true => Blocks::resume(bytes, &table, &self.limits),
            false => Blocks::new(bytes, &table, &self.limits)?,
        };
        self.begun = true;
        let mut used = 0;
        loop {
            match blocks.next() {
                None | Some(Err(ScapError::Truncated { .. })) => return Ok(used),
                Some(Err(error)) => return Err(error),
                Some(Ok(Block::Event(event, _))) => self.event(&event, each),
                Some(Ok(Block::BadEvent)) => self.run.counts.drop("event does not fit its block", 1),
                Some(Ok(Block::Unknown(_))) => self.run.counts.drop("unknown block", 1),
                Some(Ok(block)) => {
                    if !self.state.learn(&block) {
                        self.run.counts.drop("table row cut off", 1);
                    }
                }
            }
            used = blocks.used();
        }
    }

    /// Takes one event.
    pub fn event(&mut self, event: &RawEvent<'_>, each: &mut dyn FnMut(Alert)) {
        let current: Current = self.state.before(event);
        match current.delivery {
            Delivery::Folded => return,
            Delivery::Unknown => {
                self.run.next_number();
                self.run.counts.drop("unknown event type", 1);
                return;
            }
            Delivery::Hidden => {
                self.run.next_number();
                return;
            }
            Delivery::Visible => {}
        }
        self.engine.syscall(&mut self.run, &self.state, event, current, self.hostname.as_deref(), each);
        self.state.after(event, &current);
    }
}
