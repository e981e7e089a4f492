//! The direct path, from a frame's bytes to a record's: it allocates nothing once warm, and it writes what a tree would.

mod allocations;
mod table;
mod tree;
