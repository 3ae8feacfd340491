pub struct Tier {}
pub enum OutputCap {
    Reserve,
    Enforce,
}
