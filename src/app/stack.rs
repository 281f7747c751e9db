//! The views that are open: the one at hand, those before and after it in the history, the dialogs over it. There is
//! always one at hand. Says nothing of what views do.

use super::view::{View, ViewId};

/// How many views are kept behind the one at hand.
const KEPT: usize = 30;

/// An open view.
#[derive(Debug)]
pub struct Open {
    /// Its number.
    pub id: ViewId,
    /// The view.
    pub view: Box<dyn View>,
}

/// The open views.
#[derive(Debug)]
pub struct Stack {
    here: Open,
    past: Vec<Open>,
    future: Vec<Open>,
    dialogs: Vec<Open>,
    last: Option<ViewId>,
}

impl Stack {
    /// A stack of one view.
    pub fn new(first: Open) -> Self {
        Self { here: first, past: Vec::new(), future: Vec::new(), dialogs: Vec::new(), last: None }
    }

    /// The view at hand, without dialogs.
    pub fn here(&self) -> &Open {
        &self.here
    }

    /// The view at hand, without dialogs.
    pub fn here_mut(&mut self) -> &mut Open {
        &mut self.here
    }

    /// What gets the keys: the topmost dialog, else the view at hand.
    pub fn top(&self) -> &Open {
        self.dialogs.last().unwrap_or(&self.here)
    }

    /// What gets the keys.
    pub fn top_mut(&mut self) -> &mut Open {
        self.dialogs.last_mut().unwrap_or(&mut self.here)
    }

    /// The dialogs, the lowest first.
    pub fn dialogs_mut(&mut self) -> &mut [Open] {
        &mut self.dialogs
    }

    /// An open view by its number.
    pub fn find_mut(&mut self, id: ViewId) -> Option<&mut Open> {
        let others = self.past.iter_mut().chain(&mut self.future).chain(&mut self.dialogs);
        std::iter::once(&mut self.here).chain(others).find(|open| open.id == id)
    }

    /// Puts a view at hand; what lay ahead in the history is gone. Gives back what was closed.
    #[must_use]
    pub fn open(&mut self, open: Open) -> Vec<Open> {
        let mut closed: Vec<_> = self.dialogs.drain(..).chain(self.future.drain(..)).collect();
        let before = std::mem::replace(&mut self.here, open);
        self.last = Some(before.id);
        self.past.push(before);
        if self.past.len() > KEPT {
            closed.push(self.past.remove(0));
        }
        closed
    }

    /// Puts a view in the place of the one at hand. Gives back what was closed.
    #[must_use]
    pub fn replace(&mut self, open: Open) -> Vec<Open> {
        let mut closed: Vec<_> = self.dialogs.drain(..).collect();
        closed.push(std::mem::replace(&mut self.here, open));
        closed
    }

    /// Lays a dialog over what is shown.
    pub fn show(&mut self, open: Open) {
        self.dialogs.push(open);
    }

    /// Closes the topmost dialog.
    #[must_use]
    pub fn close_dialog(&mut self) -> Option<Open> {
        self.dialogs.pop()
    }

    /// Closes the view of this number, where it is a dialog or the one at hand with another behind it.
    #[must_use]
    pub fn close(&mut self, id: ViewId) -> Option<Open> {
        if let Some(at) = self.dialogs.iter().position(|open| open.id == id) {
            return Some(self.dialogs.remove(at));
        }
        if self.here.id != id {
            return None;
        }
        let before = self.past.pop().or_else(|| self.future.pop())?;
        Some(std::mem::replace(&mut self.here, before))
    }

    /// Takes a view out of the history, from before or after the one at hand.
    pub fn take(&mut self, is_it: impl Fn(&Open) -> bool) -> Option<Open> {
        let behind = self.past.iter().rposition(&is_it).map(|at| self.past.remove(at));
        behind.or_else(|| self.future.iter().rposition(&is_it).map(|at| self.future.remove(at)))
    }

    /// Steps back in the history; false at its beginning.
    pub fn back(&mut self) -> bool {
        let Some(before) = self.past.pop() else { return false };
        self.last = Some(self.here.id);
        self.future.push(std::mem::replace(&mut self.here, before));
        true
    }

    /// Steps forward in the history; false at its end.
    pub fn forward(&mut self) -> bool {
        let Some(after) = self.future.pop() else { return false };
        self.last = Some(self.here.id);
        self.past.push(std::mem::replace(&mut self.here, after));
        true
    }

    /// To the view that was at hand before; false where there was none.
    pub fn last(&mut self) -> bool {
        let Some(last) = self.last else { return false };
        let from = self.here.id;
        let in_past = self.past.iter().any(|open| open.id == last);
        let in_future = self.future.iter().any(|open| open.id == last);
        while self.here.id != last && (in_past && self.back() || in_future && self.forward()) {}
        self.last = Some(from);
        in_past || in_future
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::route::Route;
    use crate::views::raw::RawView;

    fn open(id: u64) -> Open {
        let view = RawView::new(Route::new("raw"), "t", "x");
        Open { id: ViewId(id), view: Box::new(view) }
    }

    fn ids(closed: &[Open]) -> Vec<u64> {
        closed.iter().map(|o| o.id.0).collect()
    }

    #[test]
    fn history_goes_back_forward_and_to_the_last() {
        let mut stack = Stack::new(open(1));
        assert!(!stack.back() && !stack.forward() && !stack.last());
        assert!(stack.open(open(2)).is_empty() && stack.open(open(3)).is_empty());
        assert!(stack.back() && stack.back());
        assert_eq!(stack.here().id, ViewId(1));
        assert!(stack.forward());
        assert!(stack.last());
        assert_eq!(stack.here().id, ViewId(1));
        assert!(stack.last());
        assert_eq!(stack.here().id, ViewId(2));
        assert_eq!(ids(&stack.open(open(4))), [3]);
        assert!(!stack.forward());
    }

    #[test]
    fn a_view_is_taken_out_of_the_history() {
        let mut stack = Stack::new(open(1));
        assert!(stack.open(open(2)).is_empty() && stack.open(open(3)).is_empty() && stack.back());
        for id in [1, 3] {
            assert_eq!(stack.take(|o| o.id.0 == id).map(|o| o.id.0), Some(id));
        }
        assert!(stack.take(|o| o.id.0 == 2).is_none(), "the one at hand stays");
        assert!(!stack.back() && !stack.forward());
    }

    #[test]
    fn the_first_view_cannot_be_closed_and_dialogs_go_first() {
        let mut stack = Stack::new(open(1));
        assert!(stack.close(ViewId(1)).is_none());
        stack.show(open(2));
        assert_eq!(stack.top().id, ViewId(2));
        assert_eq!(stack.close_dialog().map(|o| o.id), Some(ViewId(2)));
        for id in 3..100 {
            let closed = stack.open(open(id));
            assert!(closed.len() <= 1);
        }
        assert!(stack.close(ViewId(99)).is_some());
        assert_eq!(stack.here().id, ViewId(98));
    }
}
