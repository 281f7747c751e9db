//! Who buys what where: the names in the demo. Invented, and from more than one alphabet on purpose.

use super::chance::Chance;

const FIRST: [&str; 20] = [
    "Ada",
    "Bruno",
    "Chloé",
    "Dario",
    "Elif",
    "Fatima",
    "Grzegorz",
    "Hanna",
    "Ingrid",
    "Jürgen",
    "Katarzyna",
    "Lucía",
    "Matteo",
    "Nils",
    "Oksana",
    "Pedro",
    "Renée",
    "Søren",
    "美咲",
    "Zoë",
];
const LAST: [&str; 16] = [
    "Berg",
    "Castelli",
    "Dubois",
    "Eriksen",
    "Fischer",
    "García",
    "Håkansson",
    "Ivanova",
    "Jansen",
    "Kowalska",
    "Lefèvre",
    "Müller",
    "Novák",
    "O'Connor",
    "Petrović",
    "佐藤",
];
/// Country codes, the frequent ones more than once.
pub(super) const COUNTRIES: [&str; 8] = ["DE", "DE", "DE", "FR", "FR", "PL", "NL", "SE"];
pub(super) const CITIES: [(&str, &str); 8] = [
    ("DE", "Hamburg"),
    ("DE", "Köln"),
    ("DE", "Leipzig"),
    ("FR", "Lyon"),
    ("FR", "Saint-Étienne"),
    ("PL", "Łódź"),
    ("NL", "Utrecht"),
    ("SE", "Malmö"),
];
/// Article number, what it is, price in cents.
pub(super) const ARTICLES: [(&str, &str, i64); 12] = [
    ("BIKE-GRAVEL-54", "gravel bicycle, frame 54", 149_900),
    ("BIKE-CITY-50", "city bicycle, frame 50", 64_900),
    ("BIKE-LOCK-U", "U lock", 4_995),
    ("BIKE-PUMP-S", "pump, small", 1_790),
    ("CAMP-TENT-2P", "tent for two", 22_900),
    ("CAMP-STOVE-G", "gas stove", 5_490),
    ("CAMP-BAG-0C", "sleeping bag, 0 °C", 12_950),
    ("HIKE-BOOT-43", "boots, 43", 17_900),
    ("HIKE-POLE-C", "carbon poles", 8_900),
    ("HIKE-PACK-40", "backpack, 40 l", 13_900),
    ("SWIM-GOGGLE", "goggles", 2_250),
    ("SWIM-TOWEL", "towel", 1_450),
];

pub(super) struct Person {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) email: String,
}

/// A customer; the same number is always the same person.
pub(super) fn person(number: i64) -> Person {
    let mut chance = Chance::new(number.unsigned_abs().wrapping_add(0xDECC));
    let (first, last) = (chance.one_of(&FIRST), chance.one_of(&LAST));
    Person { id: 10_000 + number, name: format!("{first} {last}"), email: format!("kunde{number}@example.org") }
}
