//! A growing tree of paths: how many came along each branch.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::error::{Result, limit_exceeded};

/// The root of a tree.
pub(super) const ROOT: u32 = 0;
/// The most branches of a tree: some 500 MB. Only long paths that hardly ever agree have more.
const BRANCHES_MAX: usize = 10_000_000;

/// A node: where it hangs, and who came by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Branch {
    pub(super) parent: u32,
    pub(super) code: u16,
    pub(super) count: u64,
    pub(super) user_count: u64,
    /// The last user counted, from 1; 0 for none.
    last_user: u32,
}

/// Branches in order of first appearance, parents before their children; the first is the root.
#[derive(Debug, Clone)]
pub(super) struct Branches {
    pub(super) all: Vec<Branch>,
    /// By parent and code.
    children: HashMap<u64, u32, FixedState>,
    /// Whether a branch more was asked for than there may be.
    is_overgrown: bool,
}

impl Branches {
    pub(super) fn new() -> Self {
        let children = HashMap::with_hasher(FixedState::default());
        Self { all: vec![Branch::new(ROOT, 0)], children, is_overgrown: false }
    }

    pub(super) fn find(&self, parent: u32, code: u16) -> Option<u32> {
        self.children.get(&key(parent, code)).copied()
    }

    /// The child of a branch with this code, a new one where there was none.
    #[inline]
    pub(super) fn grow(&mut self, parent: u32, code: u16) -> u32 {
        let next = self.all.len() as u32;
        if self.all.len() >= BRANCHES_MAX {
            self.is_overgrown = true;
            return ROOT;
        }
        let index = *self.children.entry(key(parent, code)).or_insert(next);
        if index == next {
            self.all.push(Branch::new(parent, code));
        }
        index
    }

    /// Counts a user who comes by a branch.
    #[inline]
    pub(super) fn pass(&mut self, branch: u32, user: usize) {
        let (branch, tag) = (&mut self.all[branch as usize], user as u32 + 1);
        branch.count += 1;
        branch.user_count += u64::from(branch.last_user != tag);
        branch.last_user = tag;
    }

    /// Both trees' counts in one, where no user is in both.
    pub(super) fn merge(mut self, other: &Self) -> Self {
        self.is_overgrown |= other.is_overgrown;
        let mut place = vec![ROOT; other.all.len()];
        for (index, branch) in other.all.iter().enumerate() {
            if index > 0 {
                place[index] = self.grow(place[branch.parent as usize], branch.code);
            }
            let own = &mut self.all[place[index] as usize];
            own.count += branch.count;
            own.user_count += branch.user_count;
        }
        self
    }

    /// # Errors
    /// `LimitExceeded` where there were more branches than there may be.
    pub(super) fn check(&self) -> Result<()> {
        if self.is_overgrown {
            return Err(limit_exceeded(format!(
                "the paths have more than {BRANCHES_MAX} branches, the limit of a tree; take fewer steps, or put events in \
                 groups"
            )));
        }
        Ok(())
    }

    /// The same tree in which no one has come by.
    pub(super) fn emptied(&self) -> Self {
        let mut emptied = self.clone();
        emptied.all.iter_mut().for_each(|branch| *branch = Branch::new(branch.parent, branch.code));
        emptied
    }

    /// The children of each branch.
    pub(super) fn children(&self) -> Vec<Vec<u32>> {
        let mut children = vec![Vec::new(); self.all.len()];
        for (index, branch) in self.all.iter().enumerate().skip(1) {
            children[branch.parent as usize].push(index as u32);
        }
        children
    }
}

impl Branch {
    fn new(parent: u32, code: u16) -> Self {
        Self { parent, code, count: 0, user_count: 0, last_user: 0 }
    }
}

fn key(parent: u32, code: u16) -> u64 {
    u64::from(parent) << u16::BITS | u64::from(code)
}
