//! `sales.orders`, with every type that Iceberg knows, and `sales.eu.orders`, into which the first file is loaded.

use iceberg::spec::Transform;
use serde_json::{Value, json};

use super::build::{NewTable, Site};
use super::chance::{Chance, day, instant, local, money};
use super::people::{ARTICLES, COUNTRIES, person};
use crate::Result;
use crate::table::Table;

/// 2026-09-01T00:00:00Z.
const SEPTEMBER: i64 = 1_788_220_800;
const DAY: i64 = 86_400;

pub(super) async fn build(site: &Site) -> Result<Vec<Table>> {
    let mut orders = site
        .create(NewTable {
            name: "sales.orders",
            schema: include_str!("../../assets/demo/schemas/orders.json"),
            spec: &[],
            properties: &[("comment", "Every order, one row each"), ("owner", "team-orders")],
        })
        .await?;
    for month in 0..3 {
        orders = site.append(&orders, "main", &month_of_orders(month), 200 - month * 60).await?;
    }
    let eu = site
        .create(NewTable {
            name: "sales.eu.orders",
            schema: include_str!("../../assets/demo/schemas/eu_orders.json"),
            spec: &[("ordered_at", "ordered_at_month", Transform::Month)],
            properties: &[("comment", "Load files/orders-nov.csv here")],
        })
        .await?;
    let eu = site.append(&eu, "main", &october(), 48).await?;
    Ok(vec![orders, eu])
}

fn month_of_orders(month: i64) -> Vec<Value> {
    let mut chance = Chance::new(month.unsigned_abs() + 100);
    (0..120).map(|n| order(&mut chance, month * 120 + n)).collect()
}

fn order(chance: &mut Chance, number: i64) -> Value {
    let customer = person(chance.between(1, 240));
    let placed = SEPTEMBER + number * DAY / 5 + chance.between(0, DAY / 5);
    let lines: Vec<_> = (0..chance.between(1, 4)).map(|_| line(chance)).collect();
    let cents: i64 = lines.iter().map(|(_, quantity, cents)| quantity * cents).sum();
    let pieces: i64 = lines.iter().map(|(_, quantity, _)| quantity).sum();
    let delivered = !chance.happens(15);
    json!({
        "order_id": 1 + number,
        "order_no": format!("A-{}", 9000 + number),
        "customer": {
            "id": customer.id,
            "name": customer.name,
            "email": (!chance.happens(10)).then_some(customer.email),
            "born": (!chance.happens(30)).then(|| day(chance.between(-9_000, 13_000))),
        },
        "placed_at": instant(placed),
        "promised_at": chance.happens(70).then(|| local(placed + 2 * DAY)),
        "delivered_on": delivered.then(|| day(placed / DAY + chance.between(1, 6))),
        "pickup_from": chance.happens(25).then(|| format!("{:02}:{:02}:00", chance.between(8, 20), chance.one_of(&[0_u8, 15, 30, 45]))),
        "total": money(cents),
        "tax_rate": chance.one_of(&[0.19_f32, 0.19, 0.07, 0.23, 0.25]),
        "weight_kg": (chance.between(200, 24_000) as f64) / 1000.0,
        "pieces": pieces,
        "is_gift": (!chance.happens(20)).then(|| chance.happens(12)),
        "tracking": delivered.then(|| chance.hex(16)),
        "checksum": chance.hex(8),
        "label": chance.happens(60).then(|| chance.hex(12)),
        "tags": tags(chance),
        "lines": lines.iter().map(|(article, quantity, cents)| json!({"article": article, "quantity": quantity, "price": money(*cents)})).collect::<Vec<_>>(),
        "attributes": {"shop": chance.one_of(&["web", "app", "phone"]), "campaign": chance.happens(30).then_some("autumn")},
        "note": chance.happens(12).then(|| chance.one_of(&["please ring twice", "à l'arrière, svp", "Geschenk 🎁", "zostawić u sąsiada", "gate 3,\nthen left"])),
    })
}

/// An article, how many of it, its price in cents.
fn line(chance: &mut Chance) -> (&'static str, i64, i64) {
    let (article, _, cents) = chance.one_of(&ARTICLES);
    (article, chance.between(1, 4), cents)
}

fn tags(chance: &mut Chance) -> Option<Vec<&'static str>> {
    const TAGS: [&str; 5] = ["express", "b2b", "fragile", "bulky", "return"];
    if chance.happens(40) {
        return None;
    }
    Some(TAGS.into_iter().filter(|_| chance.happens(25)).collect())
}

/// What `sales.eu.orders` holds before November is loaded.
fn october() -> Vec<Value> {
    let mut chance = Chance::new(31);
    (0..150)
        .map(|n| {
            let (_, _, cents) = chance.one_of(&ARTICLES);
            json!({
                "order_id": format!("A-{}", 9800 + n),
                "ordered_at": instant(SEPTEMBER + 30 * DAY + n * DAY / 5),
                "amount": money(cents * chance.between(1, 4)),
                "country": chance.one_of(&COUNTRIES),
                "customer_id": 10_000 + chance.between(1, 240),
                "note": chance.happens(10).then_some("second try"),
            })
        })
        .collect()
}
