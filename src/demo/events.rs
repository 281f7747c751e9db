//! `sales.events`: what customers do in the shop. The table with a past: two partition specs, an added and a dropped
//! column, branches and a tag, a load that was rolled back and one that was picked up.

use std::collections::BTreeMap;
use std::sync::Arc;

use iceberg::spec::{NestedField, PrimitiveType, Transform, Type};
use serde_json::{Value, json};

use super::build::{NewTable, Site, spec};
use super::chance::{Chance, instant, money};
use super::people::{ARTICLES, COUNTRIES};
use crate::commit::{Change, RefKind};
use crate::table::Table;
use crate::{Error, Result};

const DAY: i64 = 86_400;
/// 2026-11-01T00:00:00Z, the first day with events.
const FIRST_DAY: i64 = 1_793_491_200;

pub(super) async fn build(site: &Site) -> Result<Table> {
    let wanted = NewTable {
        name: "sales.events",
        schema: include_str!("../../assets/demo/schemas/events.json"),
        spec: &[("ts", "ts_day", Transform::Day), ("country", "country", Transform::Identity)],
        properties: &[
            ("comment", "Clicks of the web shop"),
            ("owner", "team-web"),
            ("write.target-file-size-bytes", "134217728"),
        ],
    };
    let mut days = Days { site, table: site.create(wanted).await?, next: 0 };
    days.append("main", 4, 60).await?;
    let device = NestedField::optional(0, "device", Type::Primitive(PrimitiveType::String))
        .with_doc("phone, tablet or desktop; not known before November 5");
    days.change(&Change::AddColumns(vec![Arc::new(device)])).await?;
    days.append("main", 2, 60).await?;
    days.set_ref("before-campaign", RefKind::Tag).await?;
    days.repartition().await?;
    days.append("main", 2, 40).await?;
    days.change(&Change::DropColumns(vec!["session".into()])).await?;
    days.append("main", 1, 40).await?;
    days.set_ref("audit", RefKind::Branch).await?;
    days.append("audit", 1, 25).await?;
    days.wrong_load().await?;
    days.append("main", 2, 40).await?;
    days.pick_up_late_events().await?;
    days.append("main", 1, 40).await?;
    let set = BTreeMap::from([("history.expire.max-snapshot-age-ms".to_string(), "2592000000".to_string())]);
    days.change(&Change::SetProperties { set, remove: Vec::new() }).await?;
    days.set_ref("staging", RefKind::Branch).await?;
    days.append("staging", 1, 30).await?;
    Ok(days.table)
}

/// The table day by day.
struct Days<'a> {
    site: &'a Site,
    table: Table,
    next: i64,
}

impl Days<'_> {
    /// One commit for each day, each a little after midnight of the next.
    async fn append(&mut self, branch: &str, days: i64, rows: i64) -> Result<()> {
        for _ in 0..days {
            let rows = events(self.next, rows);
            self.table = self.site.append(&self.table, branch, &rows, self.hours_ago()).await?;
            self.next += 1;
        }
        Ok(())
    }

    async fn change(&mut self, change: &Change) -> Result<()> {
        self.table = self.site.change(&self.table, change, self.hours_ago()).await?;
        Ok(())
    }

    /// A day that was loaded wrongly, seen, and rolled back an hour later.
    async fn wrong_load(&mut self) -> Result<()> {
        let good = self.head()?;
        self.table = self.site.append(&self.table, "main", &events(self.next, 15), self.hours_ago() + 2).await?;
        let back = Change::Rollback { branch: "main".into(), snapshot_id: good };
        self.table = self.site.change(&self.table, &back, self.hours_ago() + 1).await?;
        Ok(())
    }

    /// Events that came late, audited on a branch of their own, and picked into main once that had gone on.
    async fn pick_up_late_events(&mut self) -> Result<()> {
        self.set_ref("late-events", RefKind::Branch).await?;
        self.append("late-events", 1, 20).await?;
        let late = self.table.metadata().snapshot_for_ref("late-events").map(|s| s.snapshot_id());
        let snapshot_id = late.ok_or_else(|| Error::bug("the late events have no snapshot"))?;
        self.append("main", 1, 40).await?;
        let pick = Change::CherryPick { branch: "main".into(), snapshot_id, summary: BTreeMap::new() };
        self.change(&pick).await
    }

    fn head(&self) -> Result<i64> {
        let head = self.table.metadata().current_snapshot_id();
        head.ok_or_else(|| Error::bug("the events have no snapshot"))
    }

    /// Leads a new ref to the current snapshot.
    async fn set_ref(&mut self, name: &str, kind: RefKind) -> Result<()> {
        let snapshot_id = self.head()?;
        self.change(&Change::SetRef { name: name.into(), kind, snapshot_id }).await
    }

    /// From days and countries to days, customers and kinds of article.
    async fn repartition(&mut self) -> Result<()> {
        let fields = [
            ("ts", "ts_day", Transform::Day),
            ("user_id", "user_bucket", Transform::Bucket(8)),
            ("article", "article_group", Transform::Truncate(4)),
        ];
        let spec = spec(self.table.metadata().current_schema(), &fields)?;
        self.change(&Change::SetSpec(spec)).await
    }

    fn hours_ago(&self) -> i64 {
        (super::build::BEGINNING - 20 - self.next * 24).max(1)
    }
}

/// The events of a day. From the seventh day on only few customers and articles, or every commit would have a hundred
/// tiny files.
fn events(day: i64, count: i64) -> Vec<Value> {
    let mut chance = Chance::new(day.unsigned_abs() + 1);
    let few = day >= 6;
    (0..count)
        .map(|n| {
            let user = if few { chance.between(1, 4) } else { chance.between(1, 240) };
            let article =
                if few { ARTICLES.get(chance.below(8) as usize) } else { ARTICLES.get(chance.below(12) as usize) };
            let (article, _, cents) = article.copied().unwrap_or_default();
            let kind = chance.one_of(&["view", "view", "view", "cart", "purchase", "refund"]);
            let amount = match kind {
                "purchase" => Some(money(cents)),
                "refund" => Some(money(-cents)),
                _ => None,
            };
            json!({
                "event_id": day * 1000 + n,
                "ts": instant(FIRST_DAY + day * DAY + n * DAY / count.max(1) + chance.between(0, 600)),
                "user_id": 10_000 + user,
                "country": (!chance.happens(4)).then(|| chance.one_of(&COUNTRIES)),
                "kind": kind,
                "article": (kind != "view" || chance.happens(80)).then_some(article),
                "amount": amount,
                "session": chance.hex(6),
                "device": chance.one_of(&["phone", "phone", "tablet", "desktop"]),
            })
        })
        .collect()
}
