//! Samples of all series that fit, from segments and log, in groups with the same timestamps.

use otelier_segment::error::ReadError;

use super::groups::Group;
use super::join::Joined;
use super::plan::Plan;
use crate::pairs::Pairs;
use crate::read::Eight;

/// What was selected.
#[derive(Debug, Default)]
pub struct Selected {
    pub pairs: Pairs,
    pub groups: Vec<Group>,
}

/// A question that nobody wants answered.
#[derive(Debug)]
pub enum Failed {
    Read(ReadError),
    /// There are more samples than were allowed.
    TooMany,
    /// There was no room for the answer.
    NoRoom,
    /// The manifest went on while the question was asked: it is asked again.
    Moved,
}

impl From<ReadError> for Failed {
    fn from(error: ReadError) -> Failed {
        Failed::Read(error)
    }
}

/// Where the floats of an answer go: some Python object, so that they need not be copied there.
pub trait Room {
    /// Calls `fill` with so many places, once.
    fn with(&mut self, count: usize, fill: Fill) -> Result<(), Failed>;
}

pub type Fill<'a> = &'a mut (dyn FnMut(&mut [Eight]) -> Result<(), Failed> + Send);

impl Room for Vec<Eight> {
    fn with(&mut self, count: usize, fill: Fill) -> Result<(), Failed> {
        self.clear();
        self.resize(count, [0; 8]);
        fill(self)
    }
}

/// The samples of all series of a plan, in `room`.
pub fn assemble(joined: Joined, plan: Plan, max_samples: u64, room: &mut dyn Room) -> Result<Selected, Failed> {
    let (grids, total) = plan.groups.grids(max_samples)?;
    let mut cells = plan.groups.cells();
    room.with(total, &mut |out| plan.fill(&grids, out, &mut cells))?;
    Ok(Selected { pairs: joined.pairs, groups: plan.groups.finish(&grids, cells) })
}
