//! Bad weather: two operators and a catalog that loses requests and answers, programs that die, disks that fill up.
//! Nothing is lost, nothing doubled, and every journal closes or is asked about.

mod acts;
mod ground;
mod machine;
mod sky;
