//! The catalog of the state machine: it loses requests and answers, does work late or twice, and lets the program die.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use icedeck::catalog::{Committer, Connection, Outcome, Proposal, Rejection};
use icedeck::table::Table;
use icedeck::{Error, Kind};
use tokio::sync::Notify;

use super::acts::{Act, act};
use super::ground::Ground;

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The request is lost.
    Before,
    /// The work is done, the answer is lost.
    After,
    /// The work is done twice, and the second answer is heard.
    Twice,
    /// It never leaves.
    NotSent,
    /// The catalog says no, and does nothing.
    Refused,
    /// Nobody answers; the work is done later, or never.
    Late,
    /// It is answered, and the same request comes once more, later.
    Echo,
    /// The program dies before the request leaves; how much of its journal is lost with it.
    DeadBefore(u16),
    /// The program dies after the request has left; it may be carried out later.
    DeadLate,
    /// The program dies after the work, before the answer.
    DeadAfter,
    /// The work is done, and then the operator can read nothing for so many times; the answer may be lost too.
    Blind(u8, bool),
    /// Another operator is faster with this.
    Meanwhile(Box<Act>),
}

/// A request that nobody has answered yet.
#[derive(Debug)]
pub struct Late {
    pub base: Table,
    pub proposal: Proposal,
}

/// How a program died.
#[derive(Debug, Clone, Copy)]
pub struct Death {
    /// How much of what it wrote into its journal before the request is lost, in 65536ths; nothing where none.
    pub lost: Option<u16>,
}

/// Meets these faults one after the other, and then none.
pub struct Sky {
    ground: Arc<Ground>,
    who: usize,
    faults: Mutex<VecDeque<Fault>>,
    death: Mutex<Option<Death>>,
    died: Notify,
}

impl fmt::Debug for Sky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sky")
    }
}

impl Sky {
    pub fn over(ground: &Arc<Ground>, who: usize, faults: &[Fault]) -> Arc<Self> {
        let faults = Mutex::new(faults.iter().cloned().collect());
        Arc::new(Self { ground: ground.clone(), who, faults, death: Mutex::default(), died: Notify::new() })
    }

    /// The operator's connection under this sky.
    pub fn connection(self: &Arc<Self>) -> Connection {
        self.ground.connections[self.who].with_committer(self.clone())
    }

    /// Work that ends where the program dies.
    pub async fn until_death<T>(&self, work: impl Future<Output = T>) -> Result<T, Death> {
        tokio::select! {
            biased;
            () = self.died.notified() => Err(self.death.lock().unwrap().take().unwrap()),
            done = work => Ok(done),
        }
    }

    async fn die(&self, lost: Option<u16>) -> Outcome {
        *self.death.lock().unwrap() = Some(Death { lost });
        self.died.notify_one();
        std::future::pending().await
    }

    fn keep(&self, base: &Table, proposal: &Proposal) {
        self.ground.late.lock().unwrap().push(Late { base: base.clone(), proposal: proposal.clone() });
    }
}

fn lost() -> Outcome {
    Outcome::Unknown(Error::new(Kind::Unavailable, "the line went dead"))
}

#[async_trait]
impl Committer for Sky {
    async fn commit(&self, base: &Table, proposal: &Proposal) -> Outcome {
        let fault = self.faults.lock().unwrap().pop_front();
        let work = || self.ground.arrive(base, proposal);
        match fault {
            None => work().await,
            Some(Fault::Before) => lost(),
            Some(Fault::After) => {
                let _ = work().await;
                lost()
            }
            Some(Fault::Twice) => {
                let _ = work().await;
                work().await
            }
            Some(Fault::NotSent) => Outcome::NotSent(Error::new(Kind::Unavailable, "no route to the catalog")),
            Some(Fault::Refused) => Outcome::Rejected(Rejection {
                reason: "the catalog is busy with something else".into(),
                is_final: false,
            }),
            Some(Fault::Late) => {
                self.keep(base, proposal);
                lost()
            }
            Some(Fault::Echo) => {
                let answer = work().await;
                self.keep(base, proposal);
                answer
            }
            Some(Fault::DeadBefore(journal)) => self.die(Some(journal)).await,
            Some(Fault::DeadLate) => {
                self.keep(base, proposal);
                self.die(None).await
            }
            Some(Fault::DeadAfter) => {
                let _ = work().await;
                self.die(None).await
            }
            Some(Fault::Blind(reads, is_heard)) => {
                let answer = work().await;
                self.ground.blind(self.who, reads);
                if is_heard { answer } else { lost() }
            }
            Some(Fault::Meanwhile(theirs)) => {
                act(&self.ground, 1 - self.who, &theirs, &[]).await;
                work().await
            }
        }
    }
}
