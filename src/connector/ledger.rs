//! What has been handed to the sink and not yet acknowledged, in order.
//!
//! Invariants, which the rest of the delivery rests on:
//! - tickets are handed out in the order of the WAL; receipts may come in any order;
//! - a mark covers every ticket handed out before it, and becomes ready only when all of those are settled;
//! - marks become ready in order, so a position that is ready never has an unacknowledged record before it;
//! - the window is bounded in records and bytes: without room nothing is read, and the server waits.
//!
//! A position with nothing pending (a keepalive, a filtered transaction) is a mark like any other. A later mark over the
//! same tickets replaces the earlier one, so an idle stream holds one mark, not thousands.

use std::collections::VecDeque;

use crate::words::Ticket;

/// Tickets and marks belong to one sink instance: receipts of another must not be settled here.
#[derive(Debug)]
pub(super) struct Ledger<M> {
    /// The ticket of the front of `window`.
    first: usize,
    window: VecDeque<Entry>,
    /// Each covers the tickets below its bound.
    marks: VecDeque<(usize, M)>,
    bytes: usize,
    limit: Limit,
}

/// How much may be in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) records: usize,
    pub(super) bytes: usize,
}

#[derive(Debug)]
struct Entry {
    bytes: usize,
    settled: bool,
}

impl<M> Ledger<M> {
    pub(super) fn new(limit: Limit) -> Self {
        Self { first: 0, window: VecDeque::new(), marks: VecDeque::new(), bytes: 0, limit }
    }

    /// Whether another event may be taken. One event may then exceed the limit by its own records.
    pub(super) fn has_room(&self) -> bool {
        self.window.len() < self.limit.records && self.bytes < self.limit.bytes
    }

    pub(super) fn admit(&mut self, bytes: usize) -> Ticket {
        let ticket = Ticket(self.next());
        self.bytes += bytes;
        self.window.push_back(Entry { bytes, settled: false });
        ticket
    }

    /// The ticket that will be handed out next.
    pub(super) fn next(&self) -> usize {
        self.first + self.window.len()
    }

    /// Everything admitted so far is covered by `position`.
    pub(super) fn mark(&mut self, position: M) {
        let bound = self.next();
        match self.marks.back_mut() {
            Some((last, covered)) if *last == bound => *covered = position,
            _ => self.marks.push_back((bound, position)),
        }
    }

    /// The same where no earlier position is of use any more: in a transaction, which may end at the last one only.
    pub(super) fn mark_alone(&mut self, position: M) {
        self.marks.clear();
        self.mark(position);
    }

    /// The record of `ticket` is safe. A ticket unknown here (settled before) is ignored.
    pub(super) fn settle(&mut self, ticket: Ticket) {
        let Some(entry) = ticket.0.checked_sub(self.first).and_then(|index| self.window.get_mut(index)) else { return };
        entry.settled = true;
        while let Some(front) = self.window.front().filter(|entry| entry.settled) {
            self.bytes -= front.bytes;
            self.window.pop_front();
            self.first += 1;
        }
        // Of the positions that are ready only the latest is of use.
        while self.marks.get(1).is_some_and(|(bound, _)| *bound <= self.first) {
            self.marks.pop_front();
        }
    }

    /// The latest position with nothing unsettled before it; it and all earlier ones leave the ledger.
    pub(super) fn ready(&mut self) -> Option<M> {
        let mut ready = None;
        while self.marks.front().is_some_and(|(bound, _)| *bound <= self.first) {
            ready = self.marks.pop_front().map(|(_, position)| position);
        }
        ready
    }

    /// The latest position if it covers everything admitted, settled or not; it and all earlier ones leave the ledger.
    /// For a transaction, whose records become safe together.
    pub(super) fn cover(&mut self) -> Option<M> {
        let bound = self.next();
        self.marks.back().filter(|(last, _)| *last == bound)?;
        let latest = self.marks.pop_back();
        self.marks.clear();
        latest.map(|(_, position)| position)
    }

    /// Whether every ticket below `bound` is settled.
    pub(super) fn is_settled(&self, bound: usize) -> bool {
        self.first >= bound
    }

    /// Puts back a position that `ready` gave and nobody could store.
    pub(super) fn mark_ready_again(&mut self, position: M) {
        if !self.has_ready() {
            self.marks.push_front((self.first, position));
        }
    }

    pub(super) fn has_ready(&self) -> bool {
        self.marks.front().is_some_and(|(bound, _)| *bound <= self.first)
    }

    /// The first ticket that is not settled, or the next one.
    pub(super) fn settled(&self) -> usize {
        self.first
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Records in flight.
    pub(super) fn pending(&self) -> usize {
        self.window.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger<&'static str> {
        Ledger::new(Limit { records: 4, bytes: 100 })
    }

    #[test]
    fn a_mark_is_ready_when_everything_before_it_is_settled() {
        let mut ledger = ledger();
        let (a, b) = (ledger.admit(1), ledger.admit(1));
        ledger.mark("after b");
        let c = ledger.admit(1);
        ledger.mark("after c");
        ledger.settle(c);
        ledger.settle(b);
        assert_eq!(ledger.ready(), None);
        ledger.settle(a);
        assert_eq!(ledger.ready(), Some("after c"));
        assert_eq!(ledger.ready(), None);
    }

    #[test]
    fn positions_without_records_are_ready_at_once_and_merge() {
        let mut ledger = ledger();
        ledger.mark("keepalive 1");
        ledger.mark("keepalive 2");
        assert_eq!(ledger.marks.len(), 1);
        assert_eq!(ledger.ready(), Some("keepalive 2"));
        let a = ledger.admit(1);
        ledger.mark("behind a record");
        assert!(!ledger.has_ready());
        ledger.settle(a);
        assert!(ledger.has_ready());
    }

    #[test]
    fn positions_that_nobody_asked_for_do_not_pile_up() {
        let mut ledger = ledger();
        let held = ledger.admit(1);
        for n in 0..1000 {
            let ticket = ledger.admit(1);
            ledger.mark("many");
            ledger.settle(ticket);
            if n == 500 {
                ledger.settle(held);
            }
        }
        assert_eq!(ledger.marks.len(), 1);
        ledger.admit(1);
        ledger.mark_alone("alone");
        assert_eq!(ledger.marks.len(), 1);
    }

    #[test]
    fn a_transaction_ends_only_where_a_position_covers_all_of_it() {
        let mut ledger = ledger();
        let a = ledger.admit(1);
        ledger.mark("after a");
        let b = ledger.admit(1);
        assert_eq!(ledger.cover(), None);
        ledger.mark("after b");
        assert_eq!(ledger.cover(), Some("after b"));
        assert_eq!((ledger.cover(), ledger.marks.len()), (None, 0));
        ledger.settle(a);
        assert!(ledger.is_settled(1) && !ledger.is_settled(2));
        ledger.settle(b);
        assert!(ledger.is_settled(2));
    }

    #[test]
    fn the_window_is_bounded_in_records_and_bytes() {
        let mut ledger = ledger();
        let tickets: Vec<_> = (0..4).map(|_| ledger.admit(1)).collect();
        assert!(!ledger.has_room());
        ledger.settle(tickets[2]);
        assert!(!ledger.has_room(), "a hole in the middle gives no room");
        ledger.settle(tickets[0]);
        assert!(ledger.has_room());
        let giant = ledger.admit(1000);
        assert!(!ledger.has_room());
        tickets.into_iter().chain([giant]).for_each(|ticket| ledger.settle(ticket));
        assert!(ledger.has_room());
        assert_eq!((ledger.pending(), ledger.bytes), (0, 0));
    }

    #[test]
    fn receipts_in_any_order_never_free_a_position_early() {
        use proptest::prelude::*;
        proptest!(|(order in Just((0..64usize).collect::<Vec<_>>()).prop_shuffle())| {
            let mut ledger = Ledger::new(Limit { records: 64, bytes: 1 << 20 });
            for n in 0..64usize {
                ledger.admit(n);
                ledger.mark(n);
            }
            let mut settled = [false; 64];
            for ticket in order {
                ledger.settle(Ticket(ticket));
                settled[ticket] = true;
                if let Some(position) = ledger.ready() {
                    prop_assert!(settled[..=position].iter().all(|s| *s));
                }
            }
            prop_assert_eq!(ledger.pending(), 0);
        });
    }
}
