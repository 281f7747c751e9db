//! `logistics` and `sandbox`: a table partitioned by month, one of format version 1, and an empty one of version 3.

use iceberg::spec::Transform;
use serde_json::{Value, json};

use super::build::{NewTable, Site};
use super::chance::{Chance, day};
use super::people::CITIES;
use crate::Result;
use crate::table::Table;

/// 2026-09-03 in days since the epoch.
const FIRST_DAY: i64 = 20_699;

pub(super) async fn build(site: &Site) -> Result<Vec<Table>> {
    let shipments = site
        .create(NewTable {
            name: "logistics.shipments",
            schema: include_str!("../../assets/demo/schemas/shipments.json"),
            spec: &[("shipped_on", "shipped_on_month", Transform::Month)],
            properties: &[("comment", "Parcels that left a warehouse"), ("write.metadata.compression-codec", "gzip")],
        })
        .await?;
    let shipments = site.append(&shipments, "main", &parcels(0, 90), 150).await?;
    let shipments = site.append(&shipments, "main", &parcels(90, 60), 30).await?;
    let warehouses = site
        .create(NewTable {
            name: "logistics.warehouses",
            schema: include_str!("../../assets/demo/schemas/warehouses.json"),
            spec: &[],
            properties: &[("comment", "A table of format version 1"), ("format-version", "1")],
        })
        .await?;
    let warehouses = site.append(&warehouses, "main", &houses(), 300).await?;
    let scratch = site
        .create(NewTable {
            name: "sandbox.scratch",
            schema: include_str!("../../assets/demo/schemas/scratch.json"),
            spec: &[],
            properties: &[("comment", "Empty, of format version 3: try something"), ("format-version", "3")],
        })
        .await?;
    Ok(vec![shipments, warehouses, scratch])
}

/// Parcels that left, counted from `first` on.
pub(super) fn parcels(first: i64, count: i64) -> Vec<Value> {
    let mut chance = Chance::new(first.unsigned_abs() + 500);
    (first..first + count)
        .map(|n| {
            let (country, city) = chance.one_of(&CITIES);
            json!({
                "shipment_id": n + 1,
                "order_no": format!("A-{}", 9000 + n),
                "shipped_on": day(FIRST_DAY + n / 2),
                "carrier": (!chance.happens(8)).then(|| chance.one_of(&["DHL", "DPD", "Postnord", "InPost"])),
                "country": country,
                "city": city,
                "weight_kg": (chance.between(200, 24_000) as f64) / 1000.0,
                "size_cm": (!chance.happens(20)).then(|| json!({
                    "length": chance.between(20, 180),
                    "width": chance.between(10, 80),
                    "height": chance.between(2, 60),
                })),
            })
        })
        .collect()
}

fn houses() -> Vec<Value> {
    [("HAM1", 0, -730, 18_500), ("CGN1", 1, 9_131, 7_200), ("LYS1", 3, 15_340, 11_000), ("LCJ1", 5, 18_262, 24_800)]
        .into_iter()
        .filter_map(|(code, place, opened, area)| {
            let (country, city) = CITIES.get(place)?;
            Some(json!({"code": code, "city": city, "country": country, "opened": day(opened), "area_m2": area}))
        })
        .collect()
}
