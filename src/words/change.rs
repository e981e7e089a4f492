//! One change of one row, borrowed from the buffer it arrived in.

/// A column's value in the server's text form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cell<'a> {
    Null,
    /// A toasted value that the update left alone and the server did not send.
    Unchanged,
    Text(&'a str),
}

/// Cells in the order of the relation's columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row<'a> {
    pub cells: &'a [Cell<'a>],
}

impl<'a> Row<'a> {
    /// The cell at `index`; a column the row does not have is null.
    pub fn cell(&self, index: usize) -> Cell<'a> {
        self.cells.get(index).copied().unwrap_or(Cell::Null)
    }
}

/// What the server sent of the row before the change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Old<'a> {
    /// Columns of the replica identity; all others are null whatever they held.
    Key(Row<'a>),
    Full(Row<'a>),
}

impl<'a> Old<'a> {
    pub fn row(&self) -> Row<'a> {
        match *self {
            Self::Key(row) | Self::Full(row) => row,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change<'a> {
    /// A row as it stood when a snapshot read it.
    Read {
        row: Row<'a>,
    },
    Insert {
        new: Row<'a>,
    },
    Update {
        old: Option<Old<'a>>,
        new: Row<'a>,
    },
    Delete {
        old: Old<'a>,
    },
}

/// Gives an emptied vector of cells another lifetime, keeping its allocation (collecting in place).
pub fn recycle<'b>(mut cells: Vec<Cell<'_>>) -> Vec<Cell<'b>> {
    cells.clear();
    cells.into_iter().map(|_| Cell::Null).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recycling_keeps_the_allocation() {
        let mut cells = Vec::with_capacity(32);
        let text = String::from("short-lived");
        cells.push(Cell::Text(&text));
        let recycled: Vec<Cell<'static>> = recycle(cells);
        assert!(recycled.is_empty());
        assert_eq!(recycled.capacity(), 32);
    }
}
