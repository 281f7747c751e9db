//! Bad weather: two operators and a catalog that loses requests and answers, programs that die, disks that fill up.
//! Nothing is lost, nothing doubled, and every journal closes or is asked about.

mod acts;
mod answers;
mod between;
mod disk;
mod front;
mod ground;
mod interrupted;
mod machine;
mod sky;
