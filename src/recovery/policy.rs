//! How far a change may go by itself before the operator is asked.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{Assessment, Verdict};
use crate::env::Env;
use crate::{Error, Result};

/// What happens when others were faster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// What is safe to publish upon the newer table is published there.
    #[default]
    Rebase,
    /// The operator is asked; where nobody can be, as [`Fail`](Self::Fail).
    Ask,
    /// It ends, and everything is kept.
    Fail,
    /// Staged files are published on a new branch, named after the ingest, instead.
    Branch,
}

impl FromStr for OnConflict {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        match word {
            "rebase" => Ok(Self::Rebase),
            "ask" => Ok(Self::Ask),
            "fail" => Ok(Self::Fail),
            "branch" => Ok(Self::Branch),
            _ => {
                Err(Error::invalid(format!("on-conflict cannot be {word:?}")).hint("it is rebase, ask, fail or branch"))
            }
        }
    }
}

/// How often and how long it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Looks at the table while an answer is missing.
    pub looks: u32,
    /// Requests at most.
    pub attempts: u32,
    /// Requests without an answer at most, one after the other.
    pub unanswered: u32,
    /// The first pause in milliseconds; each further one is twice as long, up to sixteen times.
    pub pause_ms: u64,
}

impl Default for Patience {
    /// Five looks over three seconds, eight requests; a catalog that stays silent is asked twice.
    fn default() -> Self {
        Self { looks: 5, attempts: 8, unanswered: 2, pause_ms: 200 }
    }
}

impl Patience {
    /// Without any pause.
    pub const HASTY: Self = Self { looks: 5, attempts: 8, unanswered: 4, pause_ms: 0 };

    /// The pause after `n` looks.
    pub(super) fn pause(&self, n: u32) -> Duration {
        Duration::from_millis(self.pause_ms.saturating_mul(1 << n.min(4)))
    }

    /// The pause before another attempt: between half and three halves of the plain one, so that two that lost against
    /// each other do not meet again.
    pub(super) fn jittered(&self, n: u32, env: &Env) -> Duration {
        let plain = u64::try_from(self.pause(n).as_millis()).unwrap_or(u64::MAX);
        if plain == 0 {
            return Duration::ZERO;
        }
        let chance = env.snapshot_id().unsigned_abs() % (plain + 1);
        Duration::from_millis((plain / 2).saturating_add(chance))
    }
}

/// Asks the operator whether to go on in spite of what others did.
pub type Ask<'a> = &'a (dyn Fn(&Assessment) -> bool + Send + Sync);

/// How far a change may go by itself.
#[derive(Clone, Copy, Default)]
pub struct Policy<'a> {
    /// What happens when others were faster.
    pub on_conflict: OnConflict,
    /// How often it is tried.
    pub patience: Patience,
    /// Who is asked; nothing where nobody can be.
    pub ask: Option<Ask<'a>>,
    /// Where it stood when the operator agreed; nothing where they agree to whatever it is.
    pub agreed: Option<&'a Assessment>,
}

impl fmt::Debug for Policy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { on_conflict, patience, ask, agreed } = self;
        let agreed = agreed.map(|assessment| assessment.verdict);
        write!(f, "Policy({on_conflict:?}, {patience:?}, can ask: {}, agreed: {agreed:?})", ask.is_some())
    }
}

impl Policy<'_> {
    /// Whether the operator has agreed to it as it stands: what is theirs to decide must be what they were told.
    pub(super) fn covers(&self, now: &Assessment) -> bool {
        let is_same = |then: &Assessment| (then.verdict, &then.reason) == (now.verdict, &now.reason);
        now.verdict != Verdict::Decide || self.agreed.is_none_or(is_same)
    }

    /// This way, without pauses.
    pub fn hasty(on_conflict: OnConflict) -> Self {
        Self { on_conflict, patience: Patience::HASTY, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_within_bounds() {
        let env = Env::fixed(std::path::Path::new("/"), 0);
        let patience = Patience { pause_ms: 100, ..Patience::default() };
        for n in 0..40 {
            let plain = 100 << n.min(4);
            assert_eq!(patience.pause(n), Duration::from_millis(plain));
            let jittered = patience.jittered(n, &env);
            assert!((plain / 2..=plain / 2 + plain).contains(&(jittered.as_millis() as u64)), "{n}: {jittered:?}");
        }
        assert_eq!(Patience::HASTY.jittered(9, &env), Duration::ZERO);
    }
}
